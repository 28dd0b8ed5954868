"""Flags of `cli-tuner prepare` laid over the recipe of its YAML file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cli_tuner.config.source import read_document
from cli_tuner.errors import ConfigError
from cli_tuner.prepare.run import Places
from cli_tuner.prepare.settings import Settings, load_settings

DEFAULT_OUT = Path("data/processed")
DEFAULT_LOGS = Path("data/logs")
CACHE = Path("data/raw/.cache")
FILTER_FLAGS = {"off": "off", "review": "review", "on_bad_line": "bad_line", "max_lost": "max_lost_rate"}
ROLES = ("instruction", "command", "context", "ignore", "text")


def recipe(config: Path, flags: Mapping[str, Any]) -> Settings:
    """Read the recipe and lay the flags that were given over it.

    Args:
        config: YAML file.
        flags: `source`, `column`, `off`, `review`, `on_bad_line`, `exclude`, `seed`, `tokenizer`,
            `sequence_len`, `max_lost`, `allow`; empty or None where not given.

    Raises:
        ConfigError: A flag or the file is wrong.
    """
    values = read_document(config).values
    changes = {name: flags[name] for name in ("seed", "tokenizer", "sequence_len") if flags.get(name) is not None}
    if flags.get("source"):
        columns = _columns(flags.get("column") or ())
        changes["sources"] = [{"path": str(path), "columns": columns} for path in flags["source"]]
    elif flags.get("column"):
        raise ConfigError(
            "--column says how to read --source, which is missing", hint="or set `columns:` in the recipe"
        )
    given = {key: flags[flag] for flag, key in FILTER_FLAGS.items() if flags.get(flag) not in (None, [], "")}
    if flags.get("allow"):
        changes["allow"] = [*(values.get("allow") or ()), *flags["allow"]]
    if given:
        changes["filters"] = {**(values.get("filters") or {}), **given}
    if flags.get("exclude"):
        changes["split"] = {
            **(values.get("split") or {}),
            "exclude": [str(path) for path in flags["exclude"]],
        }
    return load_settings(config, changes)


def _columns(pairs: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        role, mark, name = pair.partition("=")
        if not mark or role not in ROLES or not name:
            raise ConfigError(
                f"--column {pair}: expected ROLE=NAME", hint="such as instruction=NAME; roles: " + ", ".join(ROLES)
            )
        if role in ("context", "ignore"):
            found.setdefault(role, []).append(name)
        else:
            found[role] = name
    return found


def places(out: Path | None, logs: Path | None) -> Places:
    """Choose the folders: the default output logs to data/logs, any other to its own `logs`."""
    chosen = out or DEFAULT_OUT
    default = DEFAULT_LOGS if chosen == DEFAULT_OUT else chosen / "logs"
    return Places(chosen, logs or default, CACHE)


def worker_count(wanted: int | None) -> int:
    """Return the number of worker processes: as wanted, else one for each usable core, at most 8."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, wanted if wanted is not None else min(usable, 8))

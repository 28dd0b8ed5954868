"""A config file, its `extends:` chain and `--set` flags, merged into one complete Axolotl config.

The law: what `load` returns is what Axolotl will read; every value knows its origin; all faults are
reported at once. An overlay's mapping is merged key by key; a list or scalar replaces the one below it.
Covered: names, kinds, our section, secrets. What contradicts itself is `check.py`'s.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cli_tuner.config.axolotl import misfits, nearest
from cli_tuner.config.overrides import apply
from cli_tuner.config.secrets import secret_faults
from cli_tuner.config.sections import Section, section_keys
from cli_tuner.config.source import Document, Origin, read_document
from cli_tuner.errors import ConfigError

SECTION_KEY = "cli_tuner"
_MAX_EXTENDS = 8
_HINT = "mend or remove these; Axolotl would drop an unknown key without a word"


@dataclass(slots=True)
class Config:
    """One resolved config.

    Attributes:
        path: The file that was asked for.
        axolotl: Every key of the file but `cli_tuner` and `extends`, as Axolotl will read it.
        section: Our own section, typed.
        origins: Dotted path -> where it was written.
    """

    path: Path
    axolotl: dict[str, Any]
    section: Section
    origins: dict[str, Origin] = field(default_factory=dict)

    def complete(self) -> dict[str, Any]:
        """Return the whole config, our section included, ready to be written as YAML."""
        section = self.section.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {**self.axolotl, SECTION_KEY: section}

    def at(self, key: str) -> Origin:
        """Return where `key` was written, or the nearest thing above it; the file where nothing is."""
        while key:
            if key in self.origins:
                return self.origins[key]
            key = key.rpartition(".")[0]
        return Origin(str(self.path))


def load(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read, merge and check a config.

    Args:
        path: A YAML file.
        overrides: `dotted.key=value` pairs; the value is read as YAML (`lora_r=4`, `datasets[0].path=x.jsonl`).

    Raises:
        ConfigError: Any fault, all of them in one message, each with file, line and nearest key.
    """
    document = _resolve(path, [])
    for override in overrides:
        apply(document, override)
    config = Config(path, {k: v for k, v in document.values.items() if k != SECTION_KEY}, Section(), document.origins)
    config.section, section_faults = _section(document.values.get(SECTION_KEY), config)
    found = [*misfits(config.axolotl), *secret_faults(config.axolotl)]
    faults = [*document.faults, *(f"{config.at(key)}: {why}" for key, why in found), *section_faults]
    if faults:
        raise ConfigError("\n".join(_in_order(faults)), hint=_HINT)
    return config


def _in_order(faults: list[str]) -> list[str]:
    """Sort by file and line, keeping each once; flags come last."""

    def place(fault: str) -> tuple[bool, str, int]:
        file, line = [*fault.split(":", 2), "", ""][:2]
        return file.startswith("--"), file, int(line) if line.isdigit() else 0

    return sorted(dict.fromkeys(faults), key=place)


def _section(raw: Any, config: Config) -> tuple[Section, list[str]]:
    if raw is None:
        return Section(), []
    if not isinstance(raw, dict):
        return Section(), [f"{config.at(SECTION_KEY)}: {SECTION_KEY}: is not a mapping of keys"]
    try:
        return Section.model_validate(raw), []
    except ValidationError as error:
        faults = []
        for fault in error.errors():
            key = ".".join([SECTION_KEY, *(str(part) for part in fault["loc"])])
            why = fault["msg"][:1].lower() + fault["msg"][1:]
            if fault["type"] == "extra_forbidden":
                why = f"is not a key of ours{nearest(str(fault['loc'][-1]), dict.fromkeys(section_keys()))}"
            faults.append(f"{config.at(key)}: {key}: {why}")
        return Section(), faults


def _resolve(path: Path, chain: list[Path]) -> Document:
    if path.resolve() in chain or len(chain) >= _MAX_EXTENDS:
        raise ConfigError(
            f"{path}: `extends:` goes in a circle or is more than {_MAX_EXTENDS} deep",
            hint="let each file extend one that extends nothing, such as configs/full.yaml",
        )
    document = read_document(path)
    parent = document.values.pop("extends", None)
    if parent is None:
        return document
    if not isinstance(parent, str):
        raise ConfigError(f"{document.origins['extends']}: extends: names one file, e.g. `extends: ../full.yaml`")
    base = _resolve(Path(os.path.normpath(path.parent / parent)), [*chain, path.resolve()])
    return _merge(base, document)


def _merge(base: Document, overlay: Document) -> Document:
    origins = dict(base.origins)
    values = _merge_values(base.values, overlay.values, "", origins)
    origins.update(overlay.origins)
    return Document(values, origins, [*base.faults, *overlay.faults])


def _merge_values(below: Any, above: Any, path: str, origins: dict[str, Origin]) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        merged = dict(below)
        for key, value in above.items():
            child = f"{path}.{key}" if path else key
            merged[key] = _merge_values(below[key], value, child, origins) if key in below else value
        return merged
    for stale in [key for key in origins if key.startswith((f"{path}.", f"{path}["))]:
        del origins[stale]
    return above

"""The question to the real Axolotl, asked in a child process: does it take this config on that machine?

Axolotl's rules across keys are asked of Axolotl, not repeated: its validators run in under a second beside stand-ins
for what they only mention (`backends/axolotl_check.py`). The child answers while the caller goes on; an answer is
kept by a digest of the question, so that the same config is asked once.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cli_tuner.config.environment import cache_home
from cli_tuner.config.load import SECTION_KEY, Config
from cli_tuner.config.targets import Target, find_target
from cli_tuner.errors import PrerequisiteError
from cli_tuner.files import sha256_file, sha256_text, write_text

_CHILD = "cli_tuner.backends.axolotl_check"
NOT_ASKED = frozenset({"output_dir", "plugins"})
"""Keys of which Axolotl is asked about other values than are written: nothing is written there, ours is left out."""
_ORDINARY = "h100"  # where no machine is named, a config is not refused for what a machine cannot do
_TIMEOUT_S = 180
_WORD = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")


@dataclass(frozen=True, slots=True)
class Answer:
    """What Axolotl says.

    Attributes:
        faults: Its refusals, in its own words.
        warnings: What it warns of.
        realised: The values that it will use.
        unknown: Why it could not be asked; empty where it was.
        plugin_keys: The keys that foreign plugins of the config add.
    """

    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    realised: Mapping[str, Any] | None = None
    unknown: str = ""
    plugin_keys: frozenset[str] = frozenset()


class Question:
    """One question, asked as soon as it is made."""

    def __init__(
        self,
        config: Config,
        raw: Mapping[str, Any],
        target: Target | None,
        *,
        deep: bool = False,
        timeout_s: float = 180,
    ) -> None:
        self._timeout_s = timeout_s
        self._child: subprocess.Popen[str] | None = None
        self.is_asked = config.version.is_installed
        self._version = config.version
        if not self.is_asked:
            return
        machine = target or find_target(_ORDINARY)
        self._text = json.dumps(
            {"config": plain(raw), "capabilities": machine.capabilities(), "deep": deep}, sort_keys=True, default=str
        )
        key = sha256_text("".join((self._text, str(config.version), sys.prefix, sys.version, _asker())))
        self._kept = cache_home() / "axolotl" / f"{key}.json"
        if not self._kept.is_file():
            self._child = subprocess.Popen(
                [sys.executable, "-m", _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, env={**os.environ, "AXOLOTL_DO_NOT_TRACK": "1"},
            )  # fmt: skip
            assert self._child.stdin is not None
            self._child.stdin.write(self._text)
            self._child.stdin.close()
            self._child.stdin = None

    def answer(self) -> Answer:
        """Wait for the answer.

        Raises:
            PrerequisiteError: Axolotl is installed and does not answer in time, or not at all.
        """
        if not self.is_asked:
            here = self._version.installed
            return Answer(unknown=f"{self._version} is not installed here" + (f", but {here}" if here else ""))
        if self._child is None:
            return _answer(json.loads(self._kept.read_text("utf-8")))
        try:
            out, err = self._child.communicate(timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            self._child.kill()
            raise PrerequisiteError(f"Axolotl did not answer within {_TIMEOUT_S} s") from error
        lines = out.splitlines()
        if self._child.returncode != 0 or not lines:
            reason = (err.strip().splitlines() or ["it printed nothing"])[-1]
            raise PrerequisiteError(
                f"Axolotl could not be asked: {reason}", hint="run `make setup`, then `cli-tuner doctor`"
            )
        found = json.loads(lines[-1])
        if not found["unanswered"]:
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            write_text(self._kept, lines[-1] + "\n")
        return _answer(found)


def place(text: str, values: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return the dotted path that a message of Axolotl's points at, and all that it names, by key or else by value."""
    words = _WORD.findall(text)
    keys = list(dict.fromkeys(found for word in words if (found := _part_in(word, values))))
    keys = keys or [key for key, value in values.items() if isinstance(value, str) and value in words]
    return (keys[0] if keys else ""), keys


def _part_in(path: str, values: Mapping[str, Any]) -> str:
    """Return the longest beginning of a dotted path that the config holds; pydantic goes on with its classes."""
    found: list[str] = []
    below: Any = values
    for part in path.split("."):
        if not isinstance(below, Mapping) or part not in below:
            break
        found.append(part)
        below = below[part]
    return ".".join(found)


@lru_cache(maxsize=1)
def _asker() -> str:
    """Return a digest of the code that asks: what an earlier version of it was told may lack what this one reads."""
    backends = Path(__file__).parents[1] / "backends"
    files = (*sorted(backends.glob("axolotl_*.py")), backends / "stand_ins.py", Path(__file__))
    return sha256_text("".join(sha256_file(path) for path in files))


def _answer(found: Mapping[str, Any]) -> Answer:
    missing = ", ".join(dict.fromkeys(found["unanswered"]))
    if missing and not found["faults"]:
        return Answer(unknown=f"a rule of it needs {missing}")
    keys = frozenset(found["plugin_keys"])
    return Answer(tuple(found["faults"]), tuple(found["warnings"]), found["realised"], plugin_keys=keys)


def plain(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config without ours, writing nowhere."""
    named = raw.get("plugins")
    plugins = [name for name in (named if isinstance(named, list) else []) if not str(name).startswith("cli_tuner.")]
    kept = {key: value for key, value in raw.items() if key not in (SECTION_KEY, "plugins")}
    elsewhere = {"output_dir": tempfile.gettempdir()} if isinstance(raw.get("output_dir", ""), str) else {}
    return {**kept, **elsewhere, **({"plugins": plugins} if plugins else {})}

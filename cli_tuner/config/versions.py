"""Which Axolotl a config is judged by: the one asked for, the installed one, or the one for this Python.

What each version knows is a generated file in `schemas/` (docs/axolotl-versions.md). The installed version is read
from package metadata; Axolotl itself is not imported.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any

from cli_tuner.errors import ConfigError


@dataclass(frozen=True, slots=True)
class AxolotlVersion:
    """The version that is spoken of.

    Attributes:
        release: Name of its schema: `0.19`.
        installed: The full version that is installed here; None where none is.
        note: What a user should know of the choice; empty where there is nothing to say.
    """

    release: str
    installed: str | None = None
    note: str = ""

    @property
    def is_installed(self) -> bool:
        """Whether the installed Axolotl is of this release, so that it can be asked itself."""
        return self.installed is not None and _parts(self.installed)[:2] == _parts(self.release)

    def __str__(self) -> str:
        return f"Axolotl {self.installed if self.is_installed else self.release}"


def axolotl_version(asked: str | None = None) -> AxolotlVersion:
    """Choose the version to judge by.

    Args:
        asked: A version such as `0.21` or `0.21.0`; None takes the installed one.

    Raises:
        ConfigError: There is no schema of the version asked for.
    """
    known, here = releases(), _installed()
    if asked is not None:
        release = ".".join(asked.strip().removeprefix("v").split(".")[:2])
        if release not in known:
            raise ConfigError(
                f"--axolotl {asked}: not a version whose keys are known", hint=f"one of: {', '.join(known)}"
            )
        return AxolotlVersion(release, here)
    if here is None:
        return AxolotlVersion(_for_this_python(known))
    release = ".".join(here.split(".")[:2])
    if release in known:
        return AxolotlVersion(release, here)
    nearest = _nearest(release, known)
    why = (
        f"Axolotl {here} is installed and its keys are not known; those of {nearest} are used (`make schema` adds them)"
    )
    return AxolotlVersion(nearest, here, why)


@lru_cache(maxsize=1)
def releases() -> tuple[str, ...]:
    """Return the releases that there is a schema of, oldest first."""
    names = [one.name.removesuffix(".json") for one in _schemas().iterdir() if one.name.endswith(".json")]
    return tuple(sorted(names, key=_parts))


@lru_cache(maxsize=4)
def schema_of(release: str) -> Mapping[str, Any]:
    """Return what is known of a release; `backends/axolotl_schema.py` says what it holds."""
    loaded: Mapping[str, Any] = json.loads((_schemas() / f"{release}.json").read_text("utf-8"))
    return loaded


def _schemas() -> Any:
    return files("cli_tuner.config") / "schemas"


@lru_cache(maxsize=1)
def _installed() -> str | None:
    try:
        return version("axolotl")
    except PackageNotFoundError:
        return None


def _for_this_python(known: tuple[str, ...]) -> str:
    fitting = [one for one in known if tuple(schema_of(one)["python"]) <= sys.version_info[:2]]
    return (fitting or known)[-1]


def _nearest(release: str, known: tuple[str, ...]) -> str:
    below = [one for one in known if _parts(one) <= _parts(release)]
    return below[-1] if below else known[0]


def _parts(release: str) -> tuple[int, ...]:
    return tuple(int("".join(filter(str.isdigit, part)) or 0) for part in release.split(".")[:2])

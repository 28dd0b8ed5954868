"""What transformers builds of many architectures, from generated tables: their modules and the weights of known models.

`backends/architecture_tables.py` writes the tables. Not covered: models that only code from their repository can build.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from cli_tuner.config.models import spellings


def module_paths(kind: str) -> tuple[str, ...]:
    """Return the paths of all matrices of a `model_type`, `N` for the number of a layer; nothing where unknown."""
    return tuple(_table("paths").get(kind, ()))


def built_model(name: str) -> Mapping[str, Any] | None:
    """Return what `backends/architecture.py` counts of a model, by its own name; None where it is in no row."""
    names = spellings(name)
    return next((built for pattern, built in _rows() if any(map(pattern.fullmatch, names))), None)


@lru_cache(maxsize=1)
def _rows() -> list[tuple[re.Pattern[str], Mapping[str, Any]]]:
    found = _table("shapes").items()
    return [(re.compile(rf"(?:.*[-_])?(?:{pattern})(?:[-_.](?!.*distill).*)?"), built) for pattern, built in found]


@lru_cache(maxsize=2)
def _table(name: str) -> Mapping[str, Any]:
    text = (files("cli_tuner.config") / "architectures" / f"{name}.json").read_text("utf-8")
    table: Mapping[str, Any] = json.loads(text)
    return table

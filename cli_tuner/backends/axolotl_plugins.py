"""The plugins that ship with the installed Axolotl, and the keys that each adds to a config, asked of each.

A plugin is a subclass of `BasePlugin` below `axolotl.integrations`. It is found in the source, so that one whose
own third party is not installed is found too; such a third party is then stood in for.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel

from cli_tuner.backends.stand_ins import StandIns

_ROOM = "axolotl.integrations"


def plugin_args() -> dict[str, type[BaseModel] | None]:
    """Return, for each name under which a plugin can be put into `plugins:`, the pydantic class of its keys."""
    found: dict[str, type[BaseModel] | None] = {}
    stood_in = StandIns((), {})
    stood_in.install()
    try:
        for module, name in _classes():
            plugin = getattr(_imported(module, stood_in), name, None)
            if plugin is not None:
                path = plugin().get_input_args()
                found[f"{module}.{name}"] = _by_path(path, stood_in) if path else None
    finally:
        sys.meta_path.remove(stood_in)
    return found


def foreign_keys(names: Iterable[str]) -> set[str]:
    """Return the keys that plugins of others add, asked of each; one that cannot be imported adds none."""
    found: set[str] = set()
    for name in names:
        module, _, plugin = name.rpartition(".")
        try:
            path = getattr(importlib.import_module(module), plugin)().get_input_args()
            if path:
                module, _, args = path.rpartition(".")
                found |= set(getattr(importlib.import_module(module), args).model_fields)
        except (ImportError, AttributeError):
            continue
    return found


def _classes() -> Iterator[tuple[str, str]]:
    """Yield `(module, class)` of every plugin: by the module that defines it, and by its package."""
    root = Path(importlib.import_module(_ROOM).__path__[0])
    for file in sorted(root.rglob("*.py")):
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and any(_last(base) == "BasePlugin" for base in node.bases):
                parts = file.relative_to(root).with_suffix("").parts
                module = ".".join((_ROOM, *parts)).removesuffix(".__init__")
                yield from dict.fromkeys(((f"{_ROOM}.{parts[0]}", node.name), (module, node.name)))


def _last(base: ast.expr) -> str:
    return getattr(base, "attr", getattr(base, "id", ""))


def _by_path(path: str, stood_in: StandIns) -> type[BaseModel]:
    module, _, name = path.rpartition(".")
    found: type[BaseModel] = getattr(_imported(module, stood_in), name)
    return found


def _imported(module: str, stood_in: StandIns) -> object:
    while True:
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError as error:
            missing = (error.name or "").split(".")[0]
            if not missing or missing == "axolotl" or missing in stood_in.names:
                raise
            stood_in.names.add(missing)

"""The row types (`datasets[].type`) of the installed Axolotl with their functions, found as Axolotl finds them.

Supervised types are modules of `axolotl.prompt_strategies` with a `load` function (`alpaca_chat`) or with others
(`alpaca_chat.load_qa`), and the names that `axolotl.utils.data.wrappers` handles itself (`alpaca`, `oasst`). The
types of a preference method are the functions of the modules in its own package (`chatml.intel` of `dpo`).
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import Any

_ROOM = "axolotl.prompt_strategies"
_METHODS = ("dpo", "kto", "orpo", "ebft", "bradley_terry")
_NOT_TYPES = ("base", "jinja_template_analyzer", "user_defined", "messages")


def row_types() -> dict[str, dict[str, list[str]]]:
    """Return `{method: {module: [functions]}}`; the method of supervised rows is `sft`.

    Under `handled`, a name has no functions: what follows its `:` is a style of its prompt.
    """
    from axolotl.utils.data.wrappers import DATASET_HANDLERS

    supervised = {
        name: functions for name, functions in _package(_ROOM).items() if functions and name not in _NOT_TYPES
    }
    supervised["messages"] = _loaders(importlib.import_module(f"{_ROOM}.messages.chat"))
    handled: dict[str, list[str]] = {name: [] for name in DATASET_HANDLERS}
    found = {"sft": supervised, "handled": handled}
    for method in _METHODS:
        found[method] = _package(f"{_ROOM}.{method}", any_function=method != "bradley_terry")
    return found


def _package(package: str, *, any_function: bool = False) -> dict[str, list[str]]:
    room = importlib.import_module(package)
    found = {}
    for one in pkgutil.iter_modules(room.__path__):
        if not one.ispkg:
            module = importlib.import_module(f"{package}.{one.name}")
            found[one.name] = _transforms(module) if any_function else _loaders(module)
    return found


def _loaders(module: ModuleType) -> list[str]:
    named = {name for name in vars(module) if name == "load" or name.startswith("load_")}
    return sorted(name for name in named if callable(getattr(module, name)) and _is_of(module, getattr(module, name)))


def _transforms(module: ModuleType) -> list[str]:
    functions = ((name, one) for name, one in inspect.getmembers(module, inspect.isfunction) if _is_of(module, one))
    return sorted(name for name, one in functions if next(iter(inspect.signature(one).parameters), "") == "cfg")


def _is_of(module: ModuleType, one: Any) -> bool:
    """Tell whether `one` is made in `module`: what it imported from elsewhere is no type of rows."""
    return getattr(one, "__module__", module.__name__) == module.__name__

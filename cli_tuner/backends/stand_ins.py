"""Empty stand-ins for heavy packages, so that a schema or a validator that only mentions them can be imported.

Axolotl's validators are plain pydantic, but the modules around them import torch and transformers: 10 s for rules
that need 10 ms. With stand-ins the same code is imported in about half a second. What a stand-in cannot answer
raises `NotAnswered` when it is called, so that a verdict is never made of a guess. For child processes only.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Collection, Mapping
from typing import Any


class NotAnswered(RuntimeError):
    """Code that is being asked wanted to know something of a package that is not really there."""


class _Class(type):
    """The type of every stand-in class: its attributes are stand-ins too."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _stand_in(f"{cls.__name__}.{name}")


def _stand_in(name: str) -> Any:
    def called(self: Any, *arguments: Any, **named: Any) -> Any:
        decorated = arguments[0] if len(arguments) == 1 and not named and callable(arguments[0]) else None
        if decorated is None:
            raise NotAnswered(name)
        return decorated

    return _Class(name, (), {"__init__": lambda self, *_, **__: None, "__call__": called})


class _Module(types.ModuleType):
    __path__ = []  # noqa: RUF012  (what makes a module a package)

    def __init__(self, name: str, answers: Mapping[str, Any]) -> None:
        super().__init__(name)
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        full = f"{self.__name__}.{name}"
        if full in self._answers:
            value = self._answers[full]
        elif name.startswith("__"):
            raise AttributeError(name)
        else:
            value = _stand_in(full)
        setattr(self, name, value)
        return value


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports an empty module for every package in `names`, and for all that is below it.

    Attributes:
        names: Packages that are not really imported.
        answers: Dotted name -> the value that it has (`{"torch.__version__": "2.13.0"}`).
    """

    def __init__(self, names: Collection[str], answers: Mapping[str, Any]) -> None:
        self.names = set(names)
        self.answers = answers

    def install(self) -> None:
        """Put the stand-ins before the real packages, for the rest of this process."""
        sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """Take the import of a name that is, or is below, one of ours."""
        parts = name.split(".")
        if any(".".join(parts[:length]) in self.names for length in range(1, len(parts) + 1)):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """Make the empty module."""
        return _Module(spec.name, self.answers)

    def exec_module(self, module: types.ModuleType) -> None:
        """Do nothing: there is nothing to run."""

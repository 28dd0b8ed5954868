"""Empty stand-ins for heavy packages, so that a schema or a validator that only mentions them can be imported.

Axolotl's validators are plain pydantic, but the modules around them import torch and transformers: 10 s for rules
that need 10 ms. With stand-ins the same code is imported in about half a second. A question that a stand-in cannot
answer raises `NotAnswered` and is noted, so that no verdict is made of a guess. For child processes only.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from abc import ABCMeta
from collections.abc import Collection, Mapping
from importlib.metadata import version
from typing import Any


class NotAnswered(RuntimeError):
    """Code that is being asked wanted to know something of a package that is not really there."""


class _Class(ABCMeta):
    """The type of every stand-in class: its attributes are stand-ins too, so that a subclass can be defined."""

    owner: StandIns

    def __getattr__(cls, name: str) -> Any:
        return cls.owner.attribute(cls.__name__, name)

    def __contains__(cls, item: object) -> bool:
        return cls.owner.unknown(cls.__name__)

    def __iter__(cls) -> Any:
        cls.owner.unknown(cls.__name__)
        return iter(())


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports an empty module for every package in `names`, and for all that is below it.

    Attributes:
        names: Packages that are not really imported.
        answers: Dotted name -> the value that it has (`{"torch.__version__": "2.13.0"}`).
        strict: Whether a question without an answer raises; while modules are imported, it is answered "no".
        unanswered: What was asked in vain while strict.
    """

    def __init__(self, names: Collection[str], answers: Mapping[str, Any]) -> None:
        self.names = set(names)
        self.answers = answers
        self.strict = False
        self.unanswered: list[str] = []

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
        return _Module(spec.name, self)

    def exec_module(self, module: types.ModuleType) -> None:
        """Do nothing: there is nothing to run."""

    def attribute(self, owner: str, name: str) -> Any:
        """Return what `owner.name` is: its answer, the installed version, or another stand-in."""
        full = f"{owner}.{name}"
        if full in self.answers:
            return self.answers[full]
        if name == "__version__":
            return version(owner.split(".")[0])
        if name.startswith("__"):
            raise AttributeError(name)
        return self._stand_in(full)

    def _stand_in(self, name: str) -> Any:
        """Make the class that stands for `name`: it can be inherited from, called, and used as a decorator."""

        def decorate(instance: Any, *arguments: Any, **named: Any) -> Any:
            return arguments[0] if len(arguments) == 1 and callable(arguments[0]) else instance

        members = {
            "__init__": lambda instance, *_, **__: None,
            "__call__": decorate,
            "__bool__": lambda instance: self.unknown(name),
            "__len__": lambda instance: int(self.unknown(name)),
            "__iter__": lambda instance: iter([None][: self.unknown(name)]),
            "__contains__": lambda instance, item: self.unknown(name),
            "__getattr__": lambda instance, attribute: self.attribute(name, attribute),
            "owner": self,
        }
        return _Class(name, (), members)

    def unknown(self, name: str) -> bool:
        """Answer "no" while modules are imported.

        Raises:
            NotAnswered: A validator is running, and its verdict would depend on `name`.
        """
        if self.strict:
            self.unanswered.append(name)
            raise NotAnswered(name)
        return False


class _Module(types.ModuleType):
    def __init__(self, name: str, owner: StandIns) -> None:
        super().__init__(name)
        self._owner = owner
        self.__path__ = []  # what makes a module a package

    def __getattr__(self, name: str) -> Any:
        value = self._owner.attribute(self.__name__, name)
        setattr(self, name, value)
        return value

"""What a search varies: a file that names a recipe, its axes, and how long to look.

    config: ../toy.yaml             # the recipe, beside this file as `extends:` would name it
    set: [max_steps=60]             # optional: the same for every trial, as `--set`
    axes:
      learning_rate: {low: 0.0005, high: 0.02, log: true}
      lora_r: [8, 16, 32]

An axis is a list of choices, or a range: of whole numbers where both ends are, else of real ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cli_tuner.config.load import Config
from cli_tuner.errors import ConfigError
from cli_tuner.ports import Axis

Value = int | float | str
"""A value as a trial remembers it: a number of a range, or the YAML text of a choice."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Range(_Strict):
    """An axis of numbers."""

    low: int | float
    """Smallest value."""
    high: int | float
    """Largest value, itself included."""
    log: bool = False
    """Whether to look at orders of magnitude, as for learning rates."""

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.low < self.high:
            raise ValueError("low must be below high")
        if self.log and self.low <= 0:
            raise ValueError("log needs a low above 0")
        return self

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return isinstance(self.low, int) and isinstance(self.high, int)


class SearchFile(_Strict):
    """A search, as it is written."""

    config: str
    """The recipe, relative to this file."""
    set: list[str] = []
    """`key=value` changes that every trial shares."""
    axes: Annotated[dict[str, Range | Annotated[list[Any], Field(min_length=2)]], Field(min_length=1)]
    """Key of the config -> its range or choices."""
    trials: Annotated[int, Field(ge=1)] = 20
    """How many trainings look around, each with `seed`."""
    seed: int = 42
    """Seed of what is drawn and of each trial's training."""
    startup: Annotated[int, Field(ge=1)] = 6
    """How many trials are drawn evenly before the earlier ones guide the next."""
    prune_from_step: Annotated[int, Field(ge=1)] | None = 1
    """First step at which a trial may be ended whose evaluation loss is above the median of the earlier ones; empty:
    every trial is trained to its end."""
    finalists: Annotated[int, Field(ge=1)] = 2
    """How many of the best trials are trained again, beside the recipe itself."""
    repeats: Annotated[int, Field(ge=2)] = 3
    """With how many further seeds; what is told in the end comes from these alone, for the best of many trials looks
    better than it is."""


@dataclass(frozen=True, slots=True)
class Space:
    """A search that was read.

    Attributes:
        path: Its file.
        search: What stands in it; choices as YAML text.
        config: The recipe.
    """

    path: Path
    search: SearchFile
    config: Path

    @property
    def axes(self) -> list[Axis]:
        """The axes, in the order of the file; choices as YAML text."""
        return [_axis(name, axis) for name, axis in self.search.axes.items()]

    def overrides(self, values: Mapping[str, Value]) -> list[str]:
        """Return the `--set` flags of a trial with these values."""
        return [*self.search.set, *(f"{key}={value}" for key, value in values.items())]

    def corners(self) -> list[dict[str, Value]]:
        """Return the ends of every axis, one at a time: what must be a right config before anything is trained."""
        found: list[dict[str, Value]] = []
        for axis in self.axes:
            ends: list[Value] = [*axis.choices] or [_number(axis, axis.low), _number(axis, axis.high)]
            found += [{axis.name: value} for value in ends]
        return found

    def own(self, config: Config) -> dict[str, Value] | None:
        """Return the recipe's own values on the axes; None where one of them is not on its axis."""
        found: dict[str, Value] = {}
        for axis in self.axes:
            value = _at(config, axis.name)
            if axis.choices and _text(value) in axis.choices:
                found[axis.name] = _text(value)
            elif not axis.choices and isinstance(value, int | float) and axis.low <= value <= axis.high:
                found[axis.name] = _number(axis, value)
            else:
                return None
        return found


def read_space(path: Path) -> Space:
    """Read a search.

    Raises:
        ConfigError: It cannot be read, or what stands in it is wrong; all faults at once.
    """
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file", hint="see configs/search/") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: not readable as YAML: {error}") from error
    try:
        search = SearchFile.model_validate(loaded if loaded is not None else {})
    except ValidationError as error:
        faults = [f"{path}: {'.'.join(map(str, one['loc'])) or 'the file'}: {one['msg']}" for one in error.errors()]
        raise ConfigError("\n".join(faults), hint="see configs/search/toy.yaml") from error
    config = path.parent / search.config
    here = Path.cwd()
    config = config.resolve()
    return Space(path, search, config.relative_to(here) if config.is_relative_to(here) else config)


def _axis(name: str, axis: Range | list[Any]) -> Axis:
    if isinstance(axis, list):
        return Axis(name, tuple(map(_text, axis)))
    return Axis(name, (), axis.low, axis.high, axis.log, axis.is_whole)


def _number(axis: Axis, value: float) -> int | float:
    return int(value) if axis.whole else float(value)


def _text(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=10_000).strip().removesuffix("\n...")


def _at(config: Config, key: str) -> Any:
    found: Any = config.axolotl
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found

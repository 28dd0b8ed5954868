"""A config file, its `extends:` chain and `--set` flags, merged into one complete Axolotl config.

The law: what `load` returns is what Axolotl will read; every value knows its origin; all faults are
reported at once. An overlay's mapping is merged key by key; a list or scalar replaces the one below it.
Covered: names, kinds, our section, secrets. What contradicts itself is `check.py`'s.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cli_tuner.config.axolotl import misfits, nearest, settle
from cli_tuner.config.bounds import out_of_bounds
from cli_tuner.config.dropped import is_allowed
from cli_tuner.config.faults import ALLOWABLE, NOTES, Fault, Misfit
from cli_tuner.config.overrides import apply
from cli_tuner.config.row_types import unknown_row_types
from cli_tuner.config.secrets import secret_faults
from cli_tuner.config.sections import Section, section_keys
from cli_tuner.config.source import Document, Origin, Repeat, read_document
from cli_tuner.config.versions import AxolotlVersion, axolotl_version
from cli_tuner.errors import ConfigError

SECTION_KEY = "cli_tuner"
_MAX_EXTENDS = 8
HINT = (
    "fix or remove these; Axolotl would drop an unknown key silently. What may be dropped is named key by key: "
    "cli_tuner.allow: [unknown-key:NAME]"
)
_UNREADABLE = ("wrong-kind", "out-of-bounds")


@dataclass(slots=True)
class Config:
    """One resolved config.

    Attributes:
        path: The file that was asked for.
        axolotl: Every key of the file but `cli_tuner` and `extends`, as Axolotl will read it.
        section: Our own section, typed.
        origins: Dotted path -> where it was written.
        version: The Axolotl that it is judged by.
    """

    path: Path
    axolotl: Mapping[str, Any]
    section: Section
    origins: dict[str, Origin] = field(default_factory=dict)
    version: AxolotlVersion = field(default_factory=axolotl_version)

    def complete(self, **more: str) -> dict[str, object]:
        """Return the whole config, our section with `more` in it included, ready to be written as YAML."""
        section = self.section.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {**self.axolotl, SECTION_KEY: {**section, **more}}

    def at(self, key: str) -> Origin:
        """Return where `key` was written, or the nearest thing above it; the file where nothing is."""
        while key:
            if key in self.origins:
                return self.origins[key]
            key = key.rpartition(".")[0]
        return Origin(str(self.path))


@dataclass(frozen=True, slots=True)
class Draft:
    """A config as far as it could be read, and what is wrong with it.

    Attributes:
        config: What is right of it.
        faults: Names, kinds, secrets, YAML; each with its place, in the order of files and lines.
        notes: What is not as it should be and loses nothing of meaning.
        unreadable: Top-level keys whose value is wrong, and which `config` does not hold.
        raw: Every key of Axolotl's as it is written.
        whole: Whether everything that it extends could be read.
    """

    config: Config
    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...]
    unreadable: frozenset[str]
    raw: dict[str, object]
    whole: bool


def load(path: Path, overrides: Sequence[str] = (), axolotl: str | None = None) -> Config:
    """Read, merge and check a config.

    Args:
        path: A YAML file.
        overrides: `dotted.key=value` pairs; the value is read as YAML (`lora_r=4`, `datasets[0].path=x.jsonl`).
        axolotl: The version to judge by; None takes the installed one.

    Raises:
        ConfigError: Any fault, all of them in one message, each with file, line and nearest key.
    """
    draft = read(path, overrides, axolotl)
    if draft.faults:
        raise ConfigError("\n".join(map(str, draft.faults)), hint=hint_for(draft.faults))
    return draft.config


def read(path: Path, overrides: Sequence[str] = (), axolotl: str | None = None) -> Draft:
    """Read and merge a config as `load` does, but return its faults.

    Raises:
        ConfigError: The file cannot be read as a YAML mapping at all.
    """
    version = axolotl_version(axolotl)
    document = _resolve(path, [])
    for override in overrides:
        apply(document, override)
    raw = settle({key: value for key, value in document.values.items() if key != SECTION_KEY}, version.release)
    config = Config(path, raw, Section(), document.origins, version)
    config.section, section_faults = _section(document.values.get(SECTION_KEY), config)
    found = list(misfits(raw, version.release))
    wrong = {path for rule, path, _ in found if rule == "wrong-kind"}
    bounds = (Misfit("out-of-bounds", *one) for one in out_of_bounds(raw, version.release))
    found += [one for one in bounds if one.path not in wrong]
    found += [Misfit("row-type", *one) for one in unknown_row_types(raw, version.release)]
    found = [_let_go(one, document.holders, config.section) for one in found]
    unreadable = frozenset(re.split(r"[.\[]", one.path)[0] for one in found if one.rule in _UNREADABLE)
    found += [Misfit("secret", *one) for one in secret_faults(raw)]
    all_faults = [Fault(one.rule, one.path, config.at(one.path), one.why) for one in found]
    all_faults += [Fault("yaml", "", *_placed(fault)) for fault in document.faults]
    all_faults += [_twice(one, config.section) for one in document.repeats]
    ordered = sorted(dict.fromkeys([*all_faults, *section_faults]), key=lambda fault: fault.order)
    config.axolotl = {key: value for key, value in raw.items() if key not in unreadable}
    faults, notes = ([one for one in ordered if (one.rule in NOTES) is note] for note in (False, True))
    return Draft(config, tuple(faults), tuple(notes), unreadable, raw, document.whole)


def hint_for(faults: Sequence[Fault]) -> str:
    """Return the hint below faults: that keys would be dropped is said only where some would be."""
    return (
        HINT if any(fault.rule == "unknown-key" for fault in faults) else "fix these; each names what to write instead"
    )


def _let_go(one: Misfit, holders: frozenset[str], section: Section) -> Misfit:
    rule = "unknown-key" if one.rule == "foreign-key" else one.rule
    if rule in ALLOWABLE and is_allowed(rule, one.path, section.allow):
        return Misfit("allowed-key", one.path, f"{one.why} (allowed by cli_tuner.allow)")
    if rule == "unknown-key" and one.path in holders:
        why = f"{one.path} is no key of Axolotl, which drops it; what it holds is used through its anchor"
        return Misfit("anchor-holder", one.path, why)
    return one


def _twice(one: Repeat, section: Section) -> Fault:
    """Return a key that is written twice as a policy where its first value is lost, else as a note."""
    if not one.loses:
        return Fault("said-twice", one.path, one.origin, f"{one.why}; nothing is lost by it")
    if is_allowed("written-twice", one.path, section.allow):
        why = f"{one.why}; the last one holds (allowed by cli_tuner.allow)"
        return Fault("allowed-key", one.path, one.origin, why)
    why = f"{one.why}, with another value; the last one holds: remove one of the two"
    return Fault("written-twice", one.path, one.origin, why, policy=True)


def _placed(fault: str) -> tuple[Origin, str]:
    """Split `file:line: message` or `--set …: message`."""
    place, _, message = fault.partition(": ")
    file, _, line = place.rpartition(":")
    return (Origin(file, int(line)), message) if line.isdigit() else (Origin(place), message)


def _section(raw: Any, config: Config) -> tuple[Section, list[Fault]]:
    if raw is None:
        return Section(), []
    if not isinstance(raw, dict):
        why = f"{SECTION_KEY}: is not a mapping of keys"
        return Section(), [Fault("section", SECTION_KEY, config.at(SECTION_KEY), why)]
    try:
        return Section.model_validate(raw), []
    except ValidationError as error:
        faults = []
        for fault in error.errors():
            key = ".".join([SECTION_KEY, *(str(part) for part in fault["loc"])])
            why = fault["msg"][:1].lower() + fault["msg"][1:]
            if fault["type"] == "extra_forbidden":
                why = f"is not a key of ours{nearest(str(fault['loc'][-1]), dict.fromkeys(section_keys()))}"
            faults.append(Fault("section", key, config.at(key), f"{key}: {why}"))
        wrong = {str(fault["loc"][0]) for fault in error.errors()}
        return Section.model_validate({key: value for key, value in raw.items() if key not in wrong}), faults


def _resolve(path: Path, chain: list[Path]) -> Document:
    document = read_document(path)
    parent = document.values.pop("extends", None)
    if parent is None:
        return document
    here = document.origins["extends"]
    base = Path(os.path.normpath(path.parent / parent)) if isinstance(parent, str) and parent else None
    why = "names one file, e.g. `extends: ../full.yaml`" if base is None else _unusable(base, [*chain, path.resolve()])
    if base is None or why:
        document.faults.append(f"{here}: extends: {why}")
        document.whole = False
        return document
    return _merge(_resolve(base, [*chain, path.resolve()]), document)


def _unusable(base: Path, chain: list[Path]) -> str:
    if base.resolve() in chain or len(chain) >= _MAX_EXTENDS:
        return f"{base} makes a circle, or is more than {_MAX_EXTENDS} deep; extend a file that extends nothing"
    if not base.exists():
        names = sorted(str(other.name) for other in base.parent.glob("*.yaml")) if base.parent.is_dir() else []
        guess = nearest(base.name, dict.fromkeys(names))
        return f"{base}: no such config{guess}; the path is taken from the folder of this file"
    return f"{base} is a folder" if base.is_dir() else ""


def _merge(base: Document, overlay: Document) -> Document:
    origins = dict(base.origins)
    values = _merge_values(base.values, overlay.values, "", origins)
    origins.update(overlay.origins)
    faults, repeats = [*base.faults, *overlay.faults], [*base.repeats, *overlay.repeats]
    return Document(values, origins, faults, base.whole, base.holders | overlay.holders, repeats)


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

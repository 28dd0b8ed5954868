"""A config file, its `extends:` chain and `--set` flags, merged into one complete Axolotl config.

The law: what `load` returns is what Axolotl will read; every value knows its origin; all faults are
reported at once. An overlay's mapping is merged key by key; a list or scalar replaces the one below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from cli_tuner.config.axolotl import unknown_keys
from cli_tuner.config.sections import Section
from cli_tuner.config.source import Document, Origin, read_document
from cli_tuner.errors import ConfigError

SECTION_KEY = "cli_tuner"
_MAX_EXTENDS = 8


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


def load(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read, merge and check a config.

    Args:
        path: A YAML file.
        overrides: `dotted.key=value` pairs; the value is read as YAML (`lora_r=4`, `datasets=[]`).

    Raises:
        ConfigError: Any fault, all of them in one message, each with file, line and nearest key.
    """
    document = _resolve(path, [])
    for override in overrides:
        _apply(document, override)
    faults = [f"{_at(document, key, path)}: {why}" for key, why in unknown_keys(document.values)]
    section, section_faults = _section(document, path)
    if faults or section_faults:
        raise ConfigError("\n".join(faults + section_faults), hint=_HINT)
    axolotl = {key: value for key, value in document.values.items() if key != SECTION_KEY}
    return Config(path, axolotl, section, document.origins)


_HINT = "unknown keys would be dropped by Axolotl without a word; mend or remove them"


def _at(document: Document, key: str, path: Path) -> str:
    return str(document.origins.get(key, Origin(str(path))))


def _section(document: Document, path: Path) -> tuple[Section, list[str]]:
    try:
        return Section.model_validate(document.values.get(SECTION_KEY) or {}), []
    except ValidationError as error:
        faults = []
        for fault in error.errors():
            key = ".".join([SECTION_KEY, *(str(part) for part in fault["loc"])])
            why = "is not a key of ours" if fault["type"] == "extra_forbidden" else fault["msg"]
            faults.append(f"{_at(document, key, path)}: {key}: {why}")
        return Section(), faults


def _resolve(path: Path, chain: list[Path]) -> Document:
    if path.resolve() in chain or len(chain) >= _MAX_EXTENDS:
        raise ConfigError(f"{path}: `extends:` goes in a circle or is more than {_MAX_EXTENDS} deep")
    document = read_document(path)
    parent = document.values.pop("extends", None)
    if parent is None:
        return document
    if not isinstance(parent, str):
        raise ConfigError(f"{document.origins['extends']}: extends: names one file, e.g. `extends: ../full.yaml`")
    base = _resolve(path.parent / parent, [*chain, path.resolve()])
    return _merge(base, document)


def _merge(base: Document, overlay: Document) -> Document:
    origins = dict(base.origins)
    values = _merge_values(base.values, overlay.values, "", origins)
    origins.update(overlay.origins)
    return Document(values, origins)


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


def _apply(document: Document, override: str) -> None:
    dotted, separator, text = override.partition("=")
    keys = dotted.strip().split(".")
    if not separator or not all(keys):
        raise ConfigError(f"--set {override}: write it as --set key.subkey=value")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {override}: the value is not valid YAML") from error
    target = document.values
    for key in keys[:-1]:
        target = target.setdefault(key, {})
        if not isinstance(target, dict):
            raise ConfigError(f"--set {override}: {key} is not a mapping")
    target[keys[-1]] = value
    document.origins[".".join(keys)] = Origin("--set")

"""YAML to values with the place of every key, refusing what YAML itself lets pass.

PyYAML keeps the last of two equal keys without a word and forgets line numbers; both lose a user hours.
Here a duplicate key is an error and every dotted path knows its file and line. YAML 1.1 scalars as Axolotl
reads them (https://yaml.org/type/); tags that construct Python objects are refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cli_tuner.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was written: a file and its line (from 1), or a flag such as `--set`."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(slots=True)
class Document:
    """One parsed YAML file: its values and the origin of each dotted path (`datasets[0].path`)."""

    values: dict[str, Any]
    origins: dict[str, Origin] = field(default_factory=dict)


def read_document(path: Path) -> Document:
    """Parse one YAML file.

    Raises:
        ConfigError: Missing, not UTF-8, not YAML, a key twice, or not a mapping at the top.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such config", hint="the recipes are in configs/*.yaml") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not readable as UTF-8 text: {error}") from error
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(f"{path}: a config is a YAML mapping of keys to values", hint="see configs/smoke.yaml")
        document = Document({})
        document.values = _build(loader, node, "", str(path), document.origins)
        return document
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}{_place(error)}: not valid YAML: {_problem(error)}") from error
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply to be a config") from None
    finally:
        loader.dispose()


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}" if mark else ""


def _problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error).splitlines()[0]


def _build(loader: yaml.SafeLoader, node: yaml.Node, path: str, file: str, origins: dict[str, Origin]) -> Any:
    origins[path] = Origin(file, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _build_mapping(loader, node, path, file, origins)
    if isinstance(node, yaml.SequenceNode):
        return [_build(loader, child, f"{path}[{i}]", file, origins) for i, child in enumerate(node.value)]
    return loader.construct_object(node)


def _build_mapping(
    loader: yaml.SafeLoader, node: yaml.MappingNode, path: str, file: str, origins: dict[str, Origin]
) -> dict[str, Any]:
    own = [key.value for key, _ in node.value if key.value != "<<"]
    for key, _ in node.value:
        if own.count(key.value) > 1:
            raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} is written twice", key.start_mark)
    loader.flatten_mapping(node)
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is not text", key_node.start_mark)
        child = f"{path}.{key}" if path else key
        result[key] = _build(loader, value_node, child, file, origins)
        origins[child] = Origin(file, key_node.start_mark.line + 1)
    return result

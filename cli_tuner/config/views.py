"""A config made visible: flat with the origin of each value, two configs side by side, and the JSON schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cli_tuner.config.axolotl import known_keys
from cli_tuner.config.load import SECTION_KEY, Config
from cli_tuner.config.sections import Section

_TYPES = {"null": "null", "bool": "boolean", "int": "integer", "float": "number", "str": "string", "dict": "object"}


def flat(values: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield `(dotted path, value)` of each leaf; an empty mapping or list is a leaf."""
    if isinstance(values, Mapping) and values:
        for key, child in values.items():
            yield from flat(child, f"{path}.{key}" if path else str(key))
    elif isinstance(values, list) and any(isinstance(child, (Mapping, list)) for child in values):
        for index, child in enumerate(values):
            yield from flat(child, f"{path}[{index}]")
    else:
        yield path, values


def with_origins(config: Config) -> list[tuple[str, Any, str]]:
    """Return `(dotted path, value, where it was written)` of the complete config; `default` where nowhere."""
    rows = []
    for path, value in flat(config.complete()):
        written = path in config.origins or not path.startswith(f"{SECTION_KEY}.")
        rows.append((path, value, str(config.at(path)) if written else "default"))
    return rows


def differences(one: Config, other: Config) -> list[tuple[str, Any, Any]]:
    """Return `(dotted path, value in one, value in other)` where they differ; None where it is not there."""
    left, right = dict(flat(one.complete())), dict(flat(other.complete()))
    paths = [*left, *(path for path in right if path not in left)]
    return [(path, left.get(path), right.get(path)) for path in paths if left.get(path) != right.get(path)]


def json_schema(release: str | None = None) -> dict[str, object]:
    """Return a JSON Schema (2020-12) of a whole config: Axolotl's keys, `extends`, and our section; for editors."""
    schema = known_keys(release)
    definitions = {name: _object(keys) for name, keys in schema["models"].items()}
    root = definitions[schema["root"]]
    ours = Section.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    definitions.update(ours.pop("$defs", {}))
    definitions["Section"] = ours
    plugins = sorted({name for name in schema["plugins"].values() if name})
    properties = {
        **root["properties"],
        **{key: value for name in plugins for key, value in definitions[name]["properties"].items()},
        "extends": {"type": "string", "description": "A config that this one is laid over."},
        SECTION_KEY: {"$ref": "#/$defs/Section"},
    }
    for key, value in schema["defaults"].items():
        properties[key] = {**properties[key], "default": value}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"CLI-Tuner config (Axolotl {schema['axolotl']})",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "$defs": definitions,
    }


def _object(keys: Mapping[str, list[Any]]) -> dict[str, Any]:
    properties = {key: {"anyOf": [_kind(kind) for kind in kinds]} for key, kinds in keys.items()}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _kind(kind: Any) -> dict[str, object]:
    if isinstance(kind, str):
        return {"type": _TYPES[kind]} if kind in _TYPES else {}
    if "choices" in kind:
        return {"enum": kind["choices"]}
    if "list" in kind:
        return {"type": "array", "items": {"anyOf": [_kind(one) for one in kind["list"]]}}
    return {"$ref": f"#/$defs/{kind['model']}"}

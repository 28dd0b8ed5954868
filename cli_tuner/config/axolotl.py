"""The keys that an Axolotl version knows, at every depth, and the kind of value each takes, without importing it.

Read from `schemas/`, which `backends/axolotl_schema.py` writes from the installed Axolotl and a contract test
compares. What a value may be beyond its kind is in `bounds.py`. What Axolotl's validators check
across keys is not here: `contradictions.py` has what it lets pass and what is met often, and
`cli-tuner config check --deep` asks Axolotl itself.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cli_tuner.config.dropped import costs_nothing
from cli_tuner.config.faults import Misfit
from cli_tuner.config.foreign_keys import ADVICE, NAMES, NEVER_GUESSED
from cli_tuner.config.kinds import describe, fits, settled
from cli_tuner.config.versions import axolotl_version, releases, schema_of

OURS = frozenset({"cli_tuner"})
_NOT_A_KEY = "is not an Axolotl key"


def known_keys(release: str | None = None) -> Mapping[str, Any]:
    """Return what is known of an Axolotl release, by default of the one that is spoken of here."""
    return schema_of(release or axolotl_version().release)


def misfits(values: Mapping[str, Any], release: str | None = None) -> Iterator[Misfit]:
    """Yield what is no key, or of the wrong kind: `unknown-key`, `dropped-key`, `old-name`, `wrong-kind`."""
    schema = known_keys(release)
    ours = {key: value for key, value in values.items() if key not in OURS}
    foreign = foreign_plugins(values)
    for one in _check_mapping(ours, [schema["root"], *_plugin_models(ours, schema)], schema, ""):
        value = _at(values, one.path)
        free = costs_nothing(one.path, value, values) if one.rule == "unknown-key" else ""
        if not free and value is False and one.why.endswith(_NOT_A_KEY):
            free = "it switches off what is not there"
        if free:
            yield Misfit("dropped-key", one.path, f"{one.path} is not an Axolotl key and is dropped; {free}")
        elif foreign and one.rule == "unknown-key" and one.path in values:
            why = f"{one.why}, unless it is one of {', '.join(foreign)}"
            yield Misfit("foreign-key", one.path, why)
        else:
            yield one


def _at(values: Mapping[str, Any], path: str) -> Any:
    """Return what stands under a dotted path (the steps of a list are `[0]`); an ellipsis where a key has dots."""
    found: Any = values
    for step in [path] if path in values else re.findall(r"[^.\[\]]+", path):
        try:
            found = found[int(step)] if isinstance(found, list) else found[step]
        except (KeyError, ValueError, IndexError, TypeError):
            return ...
    return found


def settle(values: Mapping[str, Any], release: str | None = None) -> dict[str, Any]:
    """Return the top-level values that fit their kind as pydantic will convert them; others as they are."""
    schema = known_keys(release)
    root = schema["models"][schema["root"]]
    return {
        key: settled(value, root[key]) if key in root and any(fits(value, kind) for kind in root[key]) else value
        for key, value in values.items()
    }


def _plugin_models(values: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return the models whose keys the plugins of this config add."""
    named = values.get("plugins")
    models = [schema["plugins"].get(plugin_name(name)) for name in (named if isinstance(named, list) else [])]
    return [model for model in models if model]


def plugin_name(name: Any) -> str:
    """Return the full dotted name of a plugin: Axolotl also takes `kd.KDPlugin` for one of its own."""
    dotted = str(name).replace(":", ".")
    short = dotted.count(".") > 0 and f"axolotl.integrations.{dotted}" in known_plugins()
    return f"axolotl.integrations.{dotted}" if short else dotted


def foreign_plugins(values: Mapping[str, Any]) -> list[str]:
    """Return the plugins of a config that are neither Axolotl's nor ours: their keys are known to them alone."""
    named = values.get("plugins")
    names = [plugin_name(one) for one in (named if isinstance(named, list) else [])]
    return [one for one in names if not one.startswith(("axolotl.", "cli_tuner.")) and "." in one]


def known_plugins() -> frozenset[str]:
    """Return the plugins of every known release."""
    return frozenset(name for release in releases() for name in schema_of(release)["plugins"])


def _check_mapping(
    values: Mapping[str, Any], models: Iterable[str], schema: Mapping[str, Any], path: str
) -> Iterator[Misfit]:
    allowed: dict[str, list[Any]] = {}
    for model in models:
        for key, kinds in schema["models"][model].items():
            allowed.setdefault(key, []).extend(kinds)
    for key, child in values.items():
        child_path = f"{path}.{key}" if path else str(key)
        if key not in allowed:
            yield _unknown(key, child, child_path, allowed, schema)
        else:
            yield from _check_value(child, allowed[key], schema, child_path)


def _unknown(key: str, value: Any, path: str, allowed: Mapping[str, Any], schema: Mapping[str, Any]) -> Misfit:
    parent = path.removesuffix(key)
    if parent == "fsdp_config." and key.removeprefix("fsdp_") in allowed:
        new = f"{parent}{key.removeprefix('fsdp_')}"
        return Misfit("old-name", path, f"{path} is the old name of {new}; Axolotl renames it")
    if not parent and key.startswith(("x-", ".")):
        return Misfit("anchor-holder", path, f"{path} is no key of Axolotl, which drops it; it may hold anchors")
    names = allowed if parent else {**allowed, **dict.fromkeys((*OURS, "extends"))}
    why = "" if parent else _elsewhere(key, schema)
    return Misfit("unknown-key", path, f"{path} {why or f'{_NOT_A_KEY}{nearest(key, names)}'}")


def _elsewhere(key: str, schema: Mapping[str, Any]) -> str:
    """Say which plugin, or which other version, has this key; an empty text where none has."""
    for name, model in schema["plugins"].items():
        if model and key in schema["models"][model]:
            return f"is a key of a plugin that is not named; name it: plugins: [{name}]"
    others = [one for one in releases() if key in schema_of(one)["models"][schema_of(one)["root"]]]
    here = ".".join(schema["axolotl"].split(".")[:2])
    return f"is a key of Axolotl {', '.join(others)}, not of {here}" if others else ""


def _check_value(value: Any, kinds: list[Any], schema: Mapping[str, Any], path: str) -> Iterator[Misfit]:
    models = [kind["model"] for kind in kinds if isinstance(kind, dict) and "model" in kind]
    lists = [kind["list"] for kind in kinds if isinstance(kind, dict) and "list" in kind]
    if isinstance(value, Mapping) and models and "dict" not in kinds and "any" not in kinds:
        yield from _check_mapping(value, models, schema, path)
    elif isinstance(value, list) and lists and "any" not in kinds:
        inner = [kind for one in lists for kind in one]
        for index, child in enumerate(value):
            yield from _check_value(child, inner, schema, f"{path}[{index}]")
    elif not any(fits(value, kind) for kind in kinds):
        why = f"{path}: {_shown(value)} is not {_nearest_choice(value, kinds) or describe(kinds)}"
        yield Misfit("wrong-kind", path, why)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def _nearest_choice(value: Any, kinds: list[Any]) -> str:
    choices = [one for kind in kinds if isinstance(kind, dict) for one in kind.get("choices", [])]
    guess = nearest(value, {str(choice): None for choice in choices}) if isinstance(value, str) else ""
    return f"one of its {len(choices)} choices{guess}" if guess else ""


def nearest(key: str, known: Mapping[str, Any]) -> str:
    """Say what `key` is called here: by the table of other trainers' keys, else by likeness of spelling.

    Upper case, dashes and camelCase are not what makes two names different. Likeness never proposes a key that
    publishes, deletes or overwrites.

    Returns:
        ` (did you mean …?)`, ` (…)` with an advice, or an empty text.
    """
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).replace("-", "_").lower()
    if plain in ADVICE and "base_model" in known:
        return f" ({ADVICE[plain]})"
    guess = NAMES.get(plain, "")
    if guess.partition(".")[0].partition("[")[0] not in known:
        safe = [name for name in known if not any(part in name for part in NEVER_GUESSED) or plain == name]
        matches = difflib.get_close_matches(plain, safe, n=1, cutoff=0.7)
        guess = matches[0] if matches else ""
    return f" (did you mean {guess}?)" if guess else ""

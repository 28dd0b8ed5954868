"""The keys that the pinned Axolotl knows, at every depth, without importing it.

Read from `axolotl_keys.json`, which `backends/axolotl_schema.py` writes from the installed Axolotl and a
contract test compares. Only names are checked here; types and contradictions are Axolotl's own validation.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

OURS = frozenset({"cli_tuner"})
_RENAMED = {
    "wandb_run_name": "wandb_name",
    "lora_rank": "lora_r",
    "batch_size_per_device": "micro_batch_size",
}


@lru_cache(maxsize=1)
def known_keys() -> Mapping[str, Any]:
    """Return the cached schema: `{"axolotl", "root", "models": {model: {key: [models below]}}}`."""
    loaded: Mapping[str, Any] = json.loads((files("cli_tuner.config") / "axolotl_keys.json").read_text("utf-8"))
    return loaded


def unknown_keys(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield `(dotted path, why)` for each key that neither Axolotl nor we know."""
    schema = known_keys()
    ours = {key: value for key, value in values.items() if key not in OURS}
    yield from _check(ours, [schema["root"]], schema["models"], "")


def _check(value: Any, models: list[str], schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    if not models:
        return
    if isinstance(value, list):
        for index, child in enumerate(value):
            yield from _check(child, models, schema, f"{path}[{index}]")
    elif isinstance(value, Mapping):
        allowed: dict[str, set[str] | None] = {}
        for model in models:
            for key, below in schema[model].items():
                allowed[key] = (allowed.get(key) or set()) | set(below)
        for key, child in value.items():
            child_path = f"{path}.{key}" if path else str(key)
            if key not in allowed:
                yield child_path, f"{child_path} is not an Axolotl key{nearest(key, allowed)}"
            else:
                yield from _check(child, sorted(allowed[key] or ()), schema, child_path)


def nearest(key: str, known: Mapping[str, Any]) -> str:
    """Return ` (did you mean …?)` for the most similar known key, or an empty text."""
    guess = _RENAMED.get(key) if _RENAMED.get(key) in known else None
    if guess is None:
        matches = difflib.get_close_matches(key, known, n=1, cutoff=0.7)
        guess = matches[0] if matches else None
    return f" (did you mean {guess}?)" if guess else ""

"""Whether `datasets[].type` is a type of rows that an Axolotl version has, resolved as that version resolves it.

Supervised: `axolotl.prompt_strategies.load`, then the types that `axolotl.utils.data.wrappers` handles itself.
Preferences: `axolotl.prompt_strategies.base.load`, with `default` where no function is named. What is no module of
Axolotl's, and is written with a dot, may be one of the user's own (`my_rewards.transform`), which need not be here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cli_tuner.config.axolotl import known_keys, nearest

_METHOD = {"kto": "kto", "orpo": "orpo", "ebft": "ebft"}
_ANY_FUNCTION = ("grpo", "gdpo", "ebft", "dpo", "ipo", "simpo", "kto", "orpo")


def unknown_row_types(values: Mapping[str, Any], release: str | None = None) -> Iterator[tuple[str, str]]:
    """Yield `(dotted path, why)` for each type of rows that this Axolotl cannot load."""
    rows = known_keys(release)["rows"]
    method = values.get("rl")
    for key in ("datasets", "test_datasets", "pretraining_dataset"):
        entries = values.get(key)
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            kind = entry.get("type") if isinstance(entry, Mapping) else None
            why = _why_not(kind, method, rows) if isinstance(kind, str) and kind else ""
            if why:
                yield f"{key}[{index}].type", f"{key}[{index}].type: {kind!r} {why}"


def _why_not(kind: str, method: Any, rows: Mapping[str, Mapping[str, list[str]]]) -> str:
    if method in _ANY_FUNCTION:
        ours = {name for modules in rows.values() for name in modules}
        return _not_a_transform(kind, rows[_METHOD.get(str(method), "dpo")], str(method), ours)
    if kind.startswith("bradley_terry"):
        known = [f"bradley_terry.{name}" for name, functions in rows["bradley_terry"].items() if functions]
        return "" if _without_function(kind) in known else f"is not a type of rows; one of: {', '.join(known)}"
    supervised, handled = rows["sft"], rows["handled"]
    if ":load" in kind:
        return f"is written with a dot: {kind.replace(':load', '.load')}"
    if kind.split(":")[0] in handled or (
        kind.startswith("stepwise_supervised") and "stepwise_supervised" in supervised
    ):
        return ""
    module, function = _without_function(kind), kind.rpartition(".")[2]
    if module in supervised:
        functions = supervised[module]
        wanted = function if module != kind else "load"
        if wanted in functions:
            return ""
        return f"is not one of its functions: {', '.join(f'{module}.{one}' for one in functions)}"
    if "." in kind and _is_foreign(kind, (*supervised, *handled, "sharegpt")):
        return ""
    return f"is not a type of rows{nearest(kind, dict.fromkeys((*supervised, *handled)))}{_instead(kind)}"


def _instead(kind: str) -> str:
    if kind.split(".")[0] in ("sharegpt", "chat", "chatml"):
        return "; chats are `chat_template`, with message_property_mappings: {role: from, content: value} for ShareGPT"
    return "; text without a prompt is `completion`" if kind in ("raw", "text") else ""


def _without_function(kind: str) -> str:
    head, _, last = kind.rpartition(".")
    return head if head and (last == "load" or last.startswith("load_")) else kind


def _not_a_transform(kind: str, modules: Mapping[str, list[str]], method: str, known_modules: set[str]) -> str:
    module, _, function = kind.rpartition(".") if "." in kind else (kind, "", "default")
    if function in modules.get(module, []) or ("." in kind and _is_foreign(kind, known_modules)):
        return ""
    known = [f"{name}.{one}" for name, functions in modules.items() for one in functions]
    guess = nearest(f"{module}.{function}", dict.fromkeys(known)) or f"; one of: {', '.join(known)}"
    return f"is not a type of rows of rl: {method}{guess}"


def _is_foreign(kind: str, known: Iterable[str]) -> bool:
    """Tell whether this names a function of the user's own module; it need not be on this machine."""
    return kind.split(".")[0] not in known and re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", kind) is not None

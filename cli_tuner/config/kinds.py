"""Whether a YAML value is of a kind that Axolotl's schema takes, by pydantic's own lax rules.

Lax means: `"2e-4"` passes for a float and `"true"` for a bool, because pydantic converts them; a number
never passes for text. Source: https://docs.pydantic.dev/latest/concepts/conversion_table/ (Python input,
not strict), one case aside: `true` is not a number here, as `max_steps: yes` never means one step; `false` is 0.
Not covered: bounds (`bounds.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_TRUTHS = frozenset({"0", "1", "true", "false", "t", "f", "yes", "no", "y", "n", "on", "off"})
_ON = frozenset({"1", "true", "t", "yes", "y", "on"})
_WORDS = {
    "null": "empty", "bool": "true or false", "int": "a whole number", "float": "a number", "str": "text",
    "dict": "a mapping",
}  # fmt: skip
_MAX_CHOICES_SHOWN = 12


def fits(value: Any, kind: Any) -> bool:
    """Tell whether `value` is of `kind`; what is inside lists and models is not looked at."""
    if isinstance(kind, Mapping):
        return _fits_structure(value, kind)
    match kind:
        case "any":
            return True
        case "null":
            return value is None
        case "dict":
            return isinstance(value, Mapping)
        case "str":
            return isinstance(value, str)
        case "bool":
            return value in (0, 1) if not isinstance(value, str) else value.lower() in _TRUTHS
        case "int":
            return value is not True and _is_whole(value)
        case _:
            return value is not True and _number(value) is not None


def settled(value: Any, kinds: list[Any]) -> Any:
    """Return a value that fits `kinds` as pydantic will convert it: `"true"` as True, `"2e-4"` as a number.

    So `load_in_4bit: "false"` is off for everybody who reads the config, not only for pydantic.
    """
    plain = {kind for kind in kinds if isinstance(kind, str)}
    chosen = any(fits(value, kind) for kind in kinds if isinstance(kind, Mapping))
    if chosen or "any" in plain or isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return value
    if isinstance(value, str):
        return _from_text(value, plain) if "str" not in plain or plain == {"str", "float"} else value
    if "bool" in plain and not plain & {"int", "float"}:
        return bool(value)
    return int(value) if isinstance(value, float) and "int" in plain and "float" not in plain else value


def _from_text(text: str, plain: set[str]) -> Any:
    if "bool" in plain and fits(text, "bool"):
        return text.lower() in _ON
    if "int" in plain and fits(text, "int"):
        return int(text)
    return float(text) if "float" in plain and fits(text, "float") else text


def _fits_structure(value: Any, kind: Mapping[str, Any]) -> bool:
    if "choices" in kind:
        return any(value == choice and type(value) is type(choice) for choice in kind["choices"])
    return isinstance(value, list if "list" in kind else Mapping)


def _is_whole(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lstrip("+-").isdigit()
    number = _number(value)
    return number is not None and number == number and abs(number) != float("inf") and number == int(number)


def _number(value: Any) -> float | None:
    if isinstance(value, (bool, int, float, str)):
        try:
            return float(value)
        except (ValueError, OverflowError):
            return None
    return None


def describe(kinds: Iterable[Any]) -> str:
    """Say in words what is taken: `true or false`, `one of: a, b`; being empty is not mentioned."""
    words: list[str] = []
    for kind in kinds:
        if kind == "null":
            continue
        word = _describe(kind)
        if word not in words:
            words.append(word)
    return " or ".join(words) or _WORDS["null"]


def _describe(kind: Any) -> str:
    if isinstance(kind, str):
        return _WORDS.get(kind, "anything")
    if "choices" in kind:
        shown = [str(choice) for choice in kind["choices"][:_MAX_CHOICES_SHOWN]]
        more = len(kind["choices"]) - len(shown)
        return f"one of: {', '.join(shown)}" + (f" and {more} more" if more > 0 else "")
    return "a list" if "list" in kind else "a mapping of keys"

"""Chats in the shapes they come in: who speaks and what is said under several names, content as text or in parts.

The law: a turn is used, or named as the reason why its row is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_ROLES = {
    **dict.fromkeys(("user", "human", "prompter", "customer"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "model", "bot", "ai", "bing", "bard", "claude"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("tool", "function", "ipython", "observation", "tool_response"), "tool"),
}


_SPEAKER_KEYS = ("role", "from", "speaker", "author")
_SAID_KEYS = ("content", "value", "text", "parts", "message")
_TOOL_KEYS = ("tool_calls", "tool_call_id", "name")


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: `role` is ours, or as written where it is unknown; `text` is None where there is none."""

    role: str
    text: Any
    fault: str = ""


def turns(messages: Any) -> Iterator[Turn]:
    """Yield the turns of a chat."""
    for message in messages if isinstance(messages, list | tuple) else ():
        if not isinstance(message, Mapping):
            yield Turn("", None, f"not_a_turn: {type(message).__name__}")
            continue
        written = str(_first(message, _SPEAKER_KEYS) or "")
        role = _ROLES.get(written.strip().lower(), written)
        text, fault = _content(_first(message, _SAID_KEYS))
        if message.get("tool_calls") or message.get("function_call"):
            fault = fault or "tool_calls: of the assistant"
        if role not in _ROLES.values():
            fault = fault or f"unknown_role: {written!r}"
        yield Turn(role, text, fault)


def is_chat(value: Any) -> bool:
    """Tell whether a cell holds turns, whatever its column is called: objects that name a known speaker."""
    if not isinstance(value, list | tuple) or not value or not isinstance(value[0], Mapping):
        return False
    return str(_first(value[0], _SPEAKER_KEYS) or "").strip().lower() in _ROLES


def _first(message: Mapping[str, Any], names: Sequence[str]) -> Any:
    """Return what stands under the first of some names, in small letters or not."""
    if names[0] in message:
        return message[names[0]]
    lower = {str(name).lower(): value for name, value in message.items()}
    return next((lower[name] for name in names if name in lower), None)


def _content(value: Any) -> tuple[Any, str]:
    """Return the text of a content, which may stand in parts."""
    if not isinstance(value, list):
        return value, ""
    texts: list[str] = []
    for part in value:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, Mapping) and isinstance(part.get("text"), str):
            texts.append(part["text"])
        else:
            kind = part.get("type") if isinstance(part, Mapping) else type(part).__name__
            return None, f"no_text: a part of kind {kind}"
    return "".join(texts), ""


def pair_fault(messages: Any, ignored: tuple[str, ...]) -> str:
    """Return why a chat is no pair of one request and one answer; `ignored` names roles that may be left out."""
    found = [turn for turn in turns(messages) if turn.role not in ignored]
    if fault := next((turn.fault for turn in found if turn.fault), ""):
        return fault
    roles = [turn.role for turn in found]
    asked, answered = roles.count("user"), roles.count("assistant")
    if asked > 1 or answered > 1:
        return f"several_turns: {asked} of the user, {answered} of the assistant"
    if "tool" in roles:
        return "tool_turn: what a tool said"
    if any(turn.role == "system" and str(turn.text or "").strip() for turn in found):
        return "unused_turn: system"
    if roles.index("assistant") < roles.index("user") if asked and answered else False:
        return "turn_order: the answer stands before the request"
    return ""


def chat_fault(messages: Any) -> str:
    """Return why a chat cannot be trained on: turns that cannot be read, or no answer to a request."""
    found = list(turns(messages))
    for turn in found:
        if turn.fault and not turn.fault.startswith("tool_calls"):
            return turn.fault
        if not isinstance(turn.text, str) and not turn.fault:
            return f"no_text: a turn of the {turn.role}"
    roles = [turn.role for turn in found]
    if "user" not in roles or "assistant" not in roles:
        return f"turn_order: {', '.join(roles) or 'no turns'}"
    if "system" in roles[1:] or roles.index("assistant") < roles.index("user"):
        return f"turn_order: {', '.join(roles)}"
    return ""


def conversation(messages: Any) -> list[dict[str, Any]]:
    """Return a chat as it is trained on: roles are ours, parts are joined, calls of tools are kept."""
    kept = []
    for message, turn in zip(messages, turns(messages), strict=True):
        more = {name: message[name] for name in _TOOL_KEYS if message.get(name)}
        kept.append({"role": turn.role, "content": (turn.text or "").strip(), **more})
    return kept


def train_last(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a chat in which every answer but the last says that it is not trained."""
    answers = [number for number, one in enumerate(messages) if one["role"] == "assistant"]
    return [{**one, "train": False} if number in answers[:-1] else one for number, one in enumerate(messages)]


def pair(messages: Any) -> tuple[Any, Any]:
    """Return request and answer; None where there is none."""
    said = {turn.role: turn.text for turn in turns(messages)}
    return said.get("user"), said.get("assistant")

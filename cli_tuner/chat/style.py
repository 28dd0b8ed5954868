"""What a chat template wants of us, found from the template itself: arguments, folding, prefix and end of a turn.

The template is rendered on marked texts. What a training row holds before the answer is what inference has to send,
so the template's own prompt is completed by what rows hold more (a channel header, an empty think block) or cut by
what rows do not hold (a think block that the prompt opens). Arguments that switch thinking off are tried where the
template reads such names. A system prompt that the template refuses, drops or moves is folded into the first request.
An answer after which nothing is written is ended by the opening of the next turn.

Nothing is known here by the name of a model family; `tests/chat/families.py` holds thirty of them against it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli_tuner.chat.template import render, undeclared
from cli_tuner.errors import TemplateError
from cli_tuner.ports import Message

_SYSTEM, _USER, _ANSWER, _NEXT = "Xsystem0 text", "Xuser0 text", "Xanswer0 text", "Xnext0 text"
_THINKING = ("think", "reason")


CLOSING: Message = {"role": "user", "content": ""}
"""The opening of the next turn, where nothing else ends an answer."""


@dataclass(frozen=True, slots=True)
class Style:
    """How conversations are put to one template.

    Attributes:
        arguments: Given to the template besides the messages, such as `enable_thinking`.
        fold_system: The system prompt stands at the head of the first request.
        prefix: What belongs to the prompt after the template's own.
        cut: What the template's prompt opens that no training row holds.
        blank: White space that rows hold between prompt and answer.
        end: The token that ends the answer.
        own_end: The token that ends the answer is not the tokenizer's `eos_token`.
        next_turn: The answer is ended by the opening of an empty turn of the user.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)
    fold_system: bool = False
    prefix: str = ""
    cut: str = ""
    blank: str = ""
    end: str = ""
    next_turn: bool = False
    own_end: bool = False

    def messages(self, chat: Sequence[Message]) -> list[Message]:
        """Return the messages as they are given to the template for a prompt."""
        if not self.fold_system or not chat or chat[0]["role"] != "system":
            return list(chat)
        first, *rest = chat[1:] or [{"role": "user", "content": ""}]
        folded = "\n\n".join(text for text in (chat[0]["content"], first["content"]) if text)
        return [{**first, "content": folded}, *rest]

    def row(self, chat: Sequence[Message]) -> list[Message]:
        """Return the messages of a training row: folded, and closed where the next turn is what ends the answer."""
        return [*self.messages(chat), *([CLOSING] if self.next_turn else [])]

    def prompt(self, text: str) -> str:
        """Turn the prompt that the template renders into the one that training rows hold."""
        return text.removesuffix(self.cut) + self.prefix if self.cut else text + self.prefix

    def describe(self) -> dict[str, object]:
        """What differs from a plain template, for the record."""
        found = {
            "arguments": dict(self.arguments),
            "fold_system": self.fold_system,
            "prefix": self.prefix,
            "cut": self.cut,
            "own_end": self.own_end,
            "next_turn": self.next_turn,
        }
        return {"end_token": self.end, **{name: value for name, value in found.items() if value}}


def find_style(source: str, special_tokens: Mapping[str, str], control_tokens: Sequence[str]) -> Style:
    """Find the style of a template.

    Args:
        source: Jinja source.
        special_tokens: `bos_token`, `eos_token`, ... as the template names them.
        control_tokens: The text of every control token of the vocabulary.

    Raises:
        TemplateError: The template cannot be trained with; says why.
    """
    return _find(source, tuple(sorted(special_tokens.items())), tuple(control_tokens))


@functools.lru_cache(maxsize=32)
def _find(source: str, names: tuple[tuple[str, str], ...], controls: tuple[str, ...]) -> Style:
    special = dict(names)
    thinking = sorted(name for name in undeclared(source) if any(part in name for part in _THINKING))
    found: list[Style] = []
    reasons: list[str] = []
    for fold in (False, True):
        for arguments in ({}, *({name: False} for name in thinking if "effort" not in name)):
            try:
                found.append(_tried(source, special, controls, Style(arguments, fold)))
            except TemplateError as error:
                reasons.append(error.message)
        if found:
            return min(found, key=lambda style: (bool(style.cut), len(style.prefix), bool(style.arguments)))
    raise TemplateError(_most_telling(reasons), hint=_HINT)


_HINT = "choose an instruct model whose template shows the answer, or write one into the model's chat_template.jinja"


def _most_telling(reasons: Sequence[str]) -> str:
    """Prefer what is wrong with the answer to what the template says of system prompts."""
    return next((reason for reason in reversed(reasons) if "refuses" not in reason), reasons[-1])


def _tried(source: str, special: Mapping[str, str], controls: Sequence[str], style: Style) -> Style:
    asked: list[Message] = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _USER}]
    answer: Message = {"role": "assistant", "content": _ANSWER}
    following: Message = {"role": "user", "content": _NEXT}

    def rendered(messages: Sequence[Message], *, prompt: bool = False) -> str:
        given = style.messages(messages)
        return render(
            source, given, special_tokens=special, add_generation_prompt=prompt, arguments=style.arguments
        ).text

    prompt, row = rendered(asked, prompt=True), rendered([*asked, answer])
    for name, text in (("system prompt", _SYSTEM), ("request", _USER)):
        if text not in row or text not in prompt:
            raise TemplateError(f"the chat template drops the {name}")
    if _ANSWER not in row:
        raise TemplateError("the chat template drops the answer")
    lead, tail = row.split(_ANSWER, 1)
    prefix, cut, blank = _difference(prompt, lead)
    end, next_turn = _end(tail, special, controls), False
    if not end:
        opened = rendered([*asked, answer, following]).split(_ANSWER, 1)[-1].split(_NEXT, 1)[0]
        end, next_turn = _end(opened, special, controls), True
    if not end:
        raise TemplateError("the chat template writes no end token after the answer, nor before the next turn")
    own_end = end != special.get("eos_token")
    if own_end and end not in source:
        # Axolotl drops an end of turn that it cannot find in the source, with a warning in its log.
        raise TemplateError(f"the chat template ends turns with {end}, but does not spell it out; Axolotl needs that")
    return Style(style.arguments, style.fold_system, prefix, cut, blank, end, next_turn, own_end)


def _difference(prompt: str, lead: str) -> tuple[str, str, str]:
    """Return what a row holds more than the prompt, what it lacks, and the blank before its answer.

    Raises:
        TemplateError: Neither is the beginning of the other.
    """
    bare = lead.rstrip(" ")
    if prompt in (lead, bare):
        return "", "", lead[len(prompt) :]
    if lead.startswith(prompt):
        return lead[len(prompt) :], "", ""
    if prompt.startswith(lead):
        return "", prompt[len(lead) :], ""
    raise TemplateError(
        "the chat template renders another prompt for training than for inference: "
        f"…{lead[-60:]!r} in a row, …{prompt[-60:]!r} when asked"
    )


def _end(tail: str, special: Mapping[str, str], controls: Sequence[str]) -> str:
    text = tail.lstrip(" \n")
    candidates = {*controls, special.get("eos_token", "")} - {""}
    return max((token for token in candidates if text.startswith(token)), key=len, default="")

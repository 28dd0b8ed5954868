"""Checks a request before the model sees it: length, control characters, chat-template tokens.

A token of the template inside a request would end the user's turn and begin another one in the user's name
(https://genai.owasp.org/llmrisk/llm01-prompt-injection/). Not covered: persuasion in plain words, which no check of the
request can find; that is what the guard on the answer is for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cli_tuner.generate.readings import has_hidden
from cli_tuner.ports import Tokenizer

_TEMPLATE_TOKEN = re.compile(
    r"<\|[A-Za-z0-9_▁|-]{1,40}\|>|<｜[^｜<>]{1,40}｜>|\[/?INST\]|<</?SYS>>|</?s>|<(?:start|end)_of_turn>|<(?:bos|eos|pad)>"
    r"|\[/?(?:SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]"
)

_JOINERS = re.compile(r"(?<=[^\x00-\u02ff])(?:\ufe0f?\u200d(?=[^\x00-\u02ff])|\u200c(?=[^\x00-\u02ff])|\ufe0f)")
"""What joins emoji or the letters of scripts such as Persian: only there is it ordinary text."""

_LIKE_HTML = frozenset(["<s>", "</s>", "<bos>", "<eos>", "<pad>"])
"""Tags of HTML and control tokens of some models: refused where this model has them, or may have them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a request may be.

    Attributes:
        max_chars: Unicode characters.
        max_tokens: Tokens of the model's own tokenizer, where it is known.
    """

    max_chars: int = 4000
    max_tokens: int = 1024


def fault(text: str, tokenizer: Tokenizer | None, limits: Limits) -> str:
    """Return why `text` may not be asked, or an empty string.

    Args:
        text: What the user typed.
        tokenizer: The model's own; None where only a remote server has it.
        limits: How long it may be.
    """
    if not text.strip():
        return "is empty"
    if len(text) > limits.max_chars:
        return f"has {len(text)} characters; {limits.max_chars} are allowed"
    if has_hidden(_JOINERS.sub("", text.replace("\r\n", "\n"))):
        return "holds control or invisible characters"
    for match in _TEMPLATE_TOKEN.finditer(text):
        if tokenizer is None or match[0] not in _LIKE_HTML or match[0] in tokenizer.chat_template:
            return f"holds {match[0]}, a token of chat templates"
    return _token_fault(text, tokenizer, limits) if tokenizer else ""


def _token_fault(text: str, tokenizer: Tokenizer, limits: Limits) -> str:
    ids = tokenizer.encode(text)
    control = tokenizer.special_ids.intersection(ids)
    if control:
        return f"holds {tokenizer.decode([min(control)])}, a control token of this model"
    return f"has {len(ids)} tokens; {limits.max_tokens} are allowed" if len(ids) > limits.max_tokens else ""

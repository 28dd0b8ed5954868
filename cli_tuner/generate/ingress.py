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
    if has_hidden(text.replace("\r\n", "\n")):
        return "holds control or invisible characters"
    match = _TEMPLATE_TOKEN.search(text)
    if match:
        return f"holds {match[0]}, a token of chat templates"
    return _token_fault(text, tokenizer, limits) if tokenizer else ""


def _token_fault(text: str, tokenizer: Tokenizer, limits: Limits) -> str:
    ids = tokenizer.encode(text)
    control = tokenizer.special_ids.intersection(ids)
    if control:
        return f"holds {tokenizer.decode([min(control)])}, a control token of this model"
    return f"has {len(ids)} tokens; {limits.max_tokens} are allowed" if len(ids) > limits.max_tokens else ""

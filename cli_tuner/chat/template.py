"""Render a model's own chat template exactly as transformers does, and tell what the model writes.

Covered: the sandbox, whitespace rules, loop controls, `raise_exception`, `strftime_now`, `tojson` and the
`{% generation %}` block of `apply_chat_template` (https://huggingface.co/docs/transformers/chat_templating).
Not covered: tools and documents, which this task has none of.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from jinja2 import TemplateError as JinjaError
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.meta import find_undeclared_variables
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cli_tuner.errors import TemplateError
from cli_tuner.files import sha256_text
from cli_tuner.ports import Message

# Unicode noncharacters: never valid text, so a row that holds one is refused instead of misread.
_OPEN, _CLOSE = "\U0010fffe", "\U0010ffff"

Span = tuple[int, int]
"""Character offsets `[start, end)` into the rendered text."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered chat.

    Attributes:
        text: What the tokenizer sees.
        generated: The spans that the template marks with `{% generation %}`; empty without markers.
    """

    text: str
    generated: tuple[Span, ...]


class _Generation(Extension):
    """`{% generation %}…{% endgeneration %}`: brackets the block's output, wherever it ends up."""

    tags = {"generation"}  # noqa: RUF012 -- the base class declares it so

    def parse(self, parser: Parser) -> nodes.Node:
        """Turn the block into a call of `_bracket`."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_bracket"), [], [], body).set_lineno(line)

    def _bracket(self, caller: Callable[[], str]) -> str:
        return f"{_OPEN}{caller()}{_CLOSE}"


def template_digest(source: str) -> str:
    """Return the sha256 of the template's UTF-8 bytes: equal digests render equal prompts."""
    return sha256_text(source)


def has_generation_markers(source: str) -> bool:
    """Tell whether the template marks what the model writes."""
    return "endgeneration" in source


def render(
    source: str,
    messages: Sequence[Message],
    *,
    special_tokens: Mapping[str, str],
    add_generation_prompt: bool = False,
    arguments: Mapping[str, Any] | None = None,
) -> Rendered:
    """Render `messages` by the template.

    Args:
        source: Jinja source of the chat template.
        messages: The conversation; a noncharacter in it is an error.
        special_tokens: `bos_token`, `eos_token`, ... as the template names them.
        add_generation_prompt: End where the assistant starts to write.
        arguments: Given to the template besides, such as `enable_thinking`.

    Raises:
        TemplateError: The template is not valid Jinja, refuses these messages, or leaves its sandbox.
    """
    if any(_OPEN in text or _CLOSE in text for text in (str(m.get("content")) for m in messages)):
        raise TemplateError("a message holds a Unicode noncharacter (U+10FFFE or U+10FFFF)")
    try:
        raw = _compiled(source).render(
            messages=[dict(m) for m in messages],
            add_generation_prompt=add_generation_prompt,
            **special_tokens,
            **(arguments or {}),
        )
    except JinjaError as error:
        raise TemplateError(
            f"the chat template refuses the conversation: {error.message or type(error).__name__}",
            hint="check chat_template in tokenizer_config.json or chat_template.jinja of the base model",
        ) from error
    except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        raise TemplateError(f"the chat template fails: {error}") from error
    return _strip_brackets(raw)


def undeclared(source: str) -> set[str]:
    """Return the names that a template reads and does not set: what it can be given."""
    try:
        return set(find_undeclared_variables(_environment().parse(source)))
    except JinjaError as error:
        raise TemplateError(f"the chat template is no Jinja: {error.message}") from error


@functools.lru_cache(maxsize=64)
def _compiled(source: str) -> Any:
    return _environment().from_string(source)


@functools.cache
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )
    environment.filters["tojson"] = _tojson
    environment.globals["raise_exception"] = _raise
    environment.globals["strftime_now"] = _now
    return environment


def _tojson(value: Any, ensure_ascii: bool = False, indent: int | None = None, **options: Any) -> str:
    # NOTE: Jinja's own filter escapes <, > and & for HTML, which would corrupt commands.
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, **options)


def _raise(message: str) -> NoReturn:
    raise JinjaError(message)


def _now(pattern: str) -> str:
    return datetime.now().strftime(pattern)


def _strip_brackets(raw: str) -> Rendered:
    if _OPEN not in raw:
        return Rendered(raw, ())
    parts: list[str] = []
    spans: list[Span] = []
    length = 0
    for number, piece in enumerate(raw.split(_OPEN)):
        inside, bracket, after = piece.partition(_CLOSE)
        if number and not bracket:
            raise TemplateError("the chat template nests generation blocks")
        if bracket:
            spans.append((length, length + len(inside)))
        parts += [inside, after]
        length += len(inside) + len(after)
    return Rendered("".join(parts), tuple(spans))

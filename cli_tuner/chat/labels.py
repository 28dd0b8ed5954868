"""Which tokens count in the loss: exactly the command and its end token.

Where they lie is told by the template's `{% generation %}` markers or, for a template without them, by the
prefix rule: the prompt rendered for inference must be the beginning of the rendered row, so that what
follows it is what the model has to write. Nothing is searched for.

The law: characters become tokens only where the tokenizer proves the cut. A cut is proven when the tokens
of the text before it are the first tokens of the whole text; else `TemplateError`. So the trained tokens
decode to the span, and the tokens before it are those that inference sends.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass

from cli_tuner.chat.messages import prompt_messages, training_messages
from cli_tuner.chat.template import Span, has_generation_markers, render
from cli_tuner.errors import TemplateError
from cli_tuner.ports import Tokenizer

IGNORE_INDEX = -100
"""The label of a masked token, as torch's cross entropy ignores it."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One tokenised training row.

    Attributes:
        text: The rendered conversation.
        input_ids: Its tokens.
        labels: `IGNORE_INDEX` where masked, the token itself where trained; same length.
        n_prompt: Tokens before the first trained one: what inference sends, and a masked blank where the template
            writes one before the answer.
    """

    text: str
    input_ids: list[int]
    labels: list[int]
    n_prompt: int

    @property
    def trained_ids(self) -> list[int]:
        """The tokens that count in the loss."""
        return [label for label in self.labels if label != IGNORE_INDEX]


def label_row(tokenizer: Tokenizer, instruction: str, command: str) -> Labelled:
    """Render, tokenise and label one training row.

    Raises:
        TemplateError: The template does not show where the command begins and ends, changes the command,
            or a token crosses that border.
    """
    source, special = tokenizer.chat_template, tokenizer.special_tokens
    rendered = render(source, training_messages(instruction, command), special_tokens=special)
    prompt = _render_prompt(tokenizer, instruction)
    start, marked_end = _marked_span(rendered.generated) if has_generation_markers(source) else (len(prompt), None)
    if rendered.text[:start] != prompt:
        raise TemplateError(
            "the chat template renders another prompt for training than for inference",
            hint="add_generation_prompt must end where the answer starts",
        )
    content_end = _content_end(rendered.text, start, command)
    end = content_end + len(_end_token(rendered.text, content_end, special))
    if (marked_end is not None and rendered.text[end:marked_end].strip()) or (marked_end or end) < end:
        raise TemplateError("the chat template's generation block is not the command and its end token")
    return _label(tokenizer, rendered.text, start, content_end - len(command), end)


def _marked_span(spans: tuple[Span, ...]) -> Span:
    if len(spans) != 1:
        raise TemplateError(f"the chat template marks {len(spans)} generated spans in a row with one answer")
    return spans[0]


def _content_end(text: str, start: int, command: str) -> int:
    """Step over the command; some templates put one space before it."""
    gap = len(text) - start - len(text[start:].lstrip(" "))
    at = start if text.startswith(command, start) else start + gap
    if not text.startswith(command, at):
        raise TemplateError("the chat template changes the command", hint="it must print message content as it is")
    return at + len(command)


def _end_token(text: str, at: int, special: Mapping[str, str]) -> str:
    eos = special.get("eos_token", "")
    if not eos or not text.startswith(eos, at):
        raise TemplateError(
            f"the chat template does not put the end token {eos or '(none is set)'} after the command",
            hint="eos_token in tokenizer_config.json must be the token that ends the assistant's turn",
        )
    return eos


def _label(tokenizer: Tokenizer, text: str, prompt_end: int, content_start: int, end: int) -> Labelled:
    """Mask what is before the command, train the rest up to `end`.

    A blank between prompt and command is masked, as Axolotl does it, where it is a token of its own; where the
    tokenizer joins it to the command's first token, that token is trained.
    """
    ids = tokenizer.encode(text)
    first = _cut(tokenizer, text, content_start, ids)
    if first is None:
        first = _proven_cut(tokenizer, text, prompt_end, ids)
    last = _proven_cut(tokenizer, text, end, ids)
    labels = [IGNORE_INDEX] * first + ids[first:last] + [IGNORE_INDEX] * (len(ids) - last)
    return Labelled(text=text, input_ids=ids, labels=labels, n_prompt=first)


def _proven_cut(tokenizer: Tokenizer, text: str, at: int, ids: list[int]) -> int:
    cut = _cut(tokenizer, text, at, ids)
    if cut is None:
        raise TemplateError(
            "a token crosses the border between masked and trained text",
            hint="the template must put a special token or a line break before the answer",
        )
    return cut


def _cut(tokenizer: Tokenizer, text: str, at: int, ids: list[int]) -> int | None:
    """Count the tokens before a character; None where a token crosses it."""
    before = tokenizer.encode(text[:at])
    return len(before) if ids[: len(before)] == before else None


def prompt_ids(tokenizer: Tokenizer, instruction: str) -> list[int]:
    """Tokenise what inference sends for `instruction`."""
    return tokenizer.encode(_render_prompt(tokenizer, instruction))


def _render_prompt(tokenizer: Tokenizer, instruction: str) -> str:
    return render(
        tokenizer.chat_template,
        prompt_messages(instruction),
        special_tokens=tokenizer.special_tokens,
        add_generation_prompt=True,
    ).text


@dataclass(frozen=True, slots=True)
class Check:
    """What `check_row` found: `problem` is empty when the row is sound."""

    problem: str
    labelled: Labelled | None


def check_row(tokenizer: Tokenizer, instruction: str, command: str, sequence_len: int) -> Check:
    """Label a row and check it: the facts that training relies on, on this very row.

    Returns:
        A problem named in one word, or none: `special_token` (the text holds one), `too_long`,
        `round_trip`, `end_token`, `prompt_trained`. That the prompt is the one of inference is proven by
        `label_row`.
    """
    row = label_row(tokenizer, instruction, command)
    if _count_special(tokenizer, row.input_ids) != _expected_special(tokenizer):
        return Check("special_token", None)
    return Check(_problem(tokenizer, row, command, sequence_len), row)


def _count_special(tokenizer: Tokenizer, ids: list[int]) -> int:
    return sum(map(tokenizer.special_ids.__contains__, ids))


def _expected_special(tokenizer: Tokenizer) -> int:
    """Count the control tokens that the template itself puts into a row; remembered by tokenizer."""
    if tokenizer not in _EXPECTED:
        _EXPECTED[tokenizer] = _count_special(tokenizer, label_row(tokenizer, "list", "ls").input_ids)
    return _EXPECTED[tokenizer]


_EXPECTED: weakref.WeakKeyDictionary[Tokenizer, int] = weakref.WeakKeyDictionary()


def _problem(tokenizer: Tokenizer, row: Labelled, command: str, sequence_len: int) -> str:
    if len(row.input_ids) > sequence_len:
        return "too_long"
    trained = row.trained_ids
    end = tokenizer.encode(tokenizer.special_tokens["eos_token"])
    if trained[-len(end) :] != end or trained[: -len(end)].count(end[0]):
        return "end_token"
    if row.labels[: row.n_prompt] != [IGNORE_INDEX] * row.n_prompt:
        return "prompt_trained"
    if tokenizer.decode(trained[: -len(end)]).lstrip(" ") != command.lstrip(" "):
        return "round_trip"
    return ""

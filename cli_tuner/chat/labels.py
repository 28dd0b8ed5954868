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
from collections.abc import Sequence
from dataclasses import dataclass

from cli_tuner.chat.messages import prompt_messages, training_messages
from cli_tuner.chat.style import Style, find_style
from cli_tuner.chat.template import Rendered, has_generation_markers, render
from cli_tuner.errors import TemplateError
from cli_tuner.ports import Message, Tokenizer

IGNORE_INDEX = -100
"""The label of a masked token, as torch's cross entropy ignores it."""
END_DISTANCE = 3
"""An end token that follows the command by so many tokens ends it; Axolotl trains the same ones."""


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


def style_of(tokenizer: Tokenizer) -> Style:
    """Find how conversations are put to the tokenizer's template; remembered by tokenizer."""
    if tokenizer not in _STYLES:
        controls = [tokenizer.decode([number]) for number in sorted(tokenizer.special_ids)]
        _STYLES[tokenizer] = find_style(tokenizer.chat_template, tokenizer.special_tokens, controls)
    return _STYLES[tokenizer]


_STYLES: weakref.WeakKeyDictionary[Tokenizer, Style] = weakref.WeakKeyDictionary()


def label_row(tokenizer: Tokenizer, instruction: str, command: str) -> Labelled:
    """Render, tokenise and label one training row.

    Raises:
        TemplateError: The template does not show where the command begins and ends, changes the command,
            or a token crosses that border.
    """
    style, source, special = style_of(tokenizer), tokenizer.chat_template, tokenizer.special_tokens
    messages = style.row(training_messages(instruction, command))
    rendered = render(source, messages, special_tokens=special, arguments=style.arguments)
    prompt = prompt_text(tokenizer, prompt_messages(instruction))
    if not rendered.text.startswith(prompt):
        raise TemplateError(
            "the chat template renders another prompt for training than for inference",
            hint="add_generation_prompt must end where the answer starts",
        )
    content_end = _content_end(rendered.text, len(prompt), command)
    if has_generation_markers(source):
        _check_markers(rendered, len(prompt), content_end, style.end)
    return _label(tokenizer, rendered.text, len(prompt), content_end - len(command), content_end)


def _check_markers(rendered: Rendered, start: int, content_end: int, end: str) -> None:
    if len(rendered.generated) != 1:
        count = len(rendered.generated)
        raise TemplateError(f"the chat template marks {count} generated spans in a row with one answer")
    first, last = rendered.generated[0]
    trained = rendered.text[content_end:last]
    if first > start or not trained.startswith(end) or trained.removeprefix(end).strip():
        raise TemplateError("the chat template's generation block is not the command and its end token")


def _content_end(text: str, start: int, command: str) -> int:
    """Step over the command; some templates put one space before it."""
    gap = len(text) - start - len(text[start:].lstrip(" "))
    at = start if text.startswith(command, start) else start + gap
    if not text.startswith(command, at):
        raise TemplateError("the chat template changes the command", hint="it must print message content as it is")
    return at + len(command)


def _label(tokenizer: Tokenizer, text: str, prompt_end: int, start: int, end: int) -> Labelled:
    """Train the command, the token that ends its turn, and the model's end token where that follows at once.

    A blank between prompt and command is masked, as Axolotl does it, where it is a token of its own; where the
    tokenizer joins it to the command's first token, that token is trained. So is what stands between the command
    and its end token.
    """
    ids = tokenizer.encode(text)
    first, last = span_of(tokenizer, text, (prompt_end, start, end), ids)
    labels = [IGNORE_INDEX] * first + ids[first:last] + [IGNORE_INDEX] * (len(ids) - last)
    for place in end_places(tokenizer, ids, last):
        labels[place] = ids[place]
    return Labelled(text=text, input_ids=ids, labels=labels, n_prompt=first)


def span_of(tokenizer: Tokenizer, text: str, borders: tuple[int, int, int], ids: list[int]) -> tuple[int, int]:
    """Return the first token of an answer and the one behind its last.

    Args:
        tokenizer: Cuts the text.
        text: The rendered row.
        borders: Where the prompt ends, where the answer begins, a blank later at most, and where it ends.
        ids: The tokens of `text`.
    """
    prompt_end, start, end = borders
    first = _cut(tokenizer, text, start, ids)
    if first is None:
        first = _proven_cut(tokenizer, text, prompt_end, ids)
    return first, _proven_cut(tokenizer, text, end, ids)


def end_places(tokenizer: Tokenizer, ids: list[int], last: int) -> list[int]:
    """Return where the tokens stand that end an answer which ends before token `last`."""
    ends = {style_of(tokenizer).end, tokenizer.special_tokens.get("eos_token", "")} - {""}
    numbers = {encoded[0] for token in ends if len(encoded := tokenizer.encode(token)) == 1}
    near = ids[last : last + END_DISTANCE + 1]
    return [last + near.index(number) for number in numbers if number in near]


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
    return tokenizer.encode(prompt_text(tokenizer, prompt_messages(instruction)))


def prompt_text(tokenizer: Tokenizer, messages: Sequence[Message]) -> str:
    """Render what inference sends for a conversation: byte for byte what a training row holds before the answer."""
    style = style_of(tokenizer)
    return style.prompt(
        render(
            tokenizer.chat_template,
            style.messages(messages),
            special_tokens=tokenizer.special_tokens,
            add_generation_prompt=True,
            arguments=style.arguments,
        ).text
    )


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
    end = tokenizer.encode(style_of(tokenizer).end)
    if len(end) != 1 or row.trained_ids.count(end[0]) != 1:
        return "end_token"
    if row.labels[: row.n_prompt] != [IGNORE_INDEX] * row.n_prompt:
        return "prompt_trained"
    said = tokenizer.decode([number for number in row.trained_ids if number not in tokenizer.special_ids])
    if said.lstrip(" ") != command.lstrip(" "):
        return "round_trip"
    return ""

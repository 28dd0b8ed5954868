"""Documents cut into passages that fit a row, for `task: completion`.

The law: the trained texts of a document's passages, one after the other, are the document; each passage is preceded by
the end of the one before it (masked, so that no token is trained twice); the token that ends a document stands behind
its last passage alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cli_tuner.errors import DataError
from cli_tuner.ports import Tokenizer

_UNIT = re.compile(r"\s*\S{1,24}|\s+")
_BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")
LEAST_FILLED = 0.5
"""A passage ends at an empty line where one stands behind this share of it."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One passage: the text that is trained, and the row's segments."""

    text: str
    segments: list[dict[str, object]]


def passages(text: str, tokenizer: Tokenizer, sequence_len: int, overlap: int) -> Iterator[Passage]:
    """Cut a document.

    Args:
        text: The document.
        tokenizer: Counts.
        sequence_len: Longest row in tokens.
        overlap: Tokens of the passage before that are read again, at most.

    Raises:
        DataError: No room is left between the overlap and the row's length.
    """
    first, last = tokenizer.special_tokens.get("bos_token", ""), tokenizer.special_tokens.get("eos_token", "")
    room = sequence_len - len(tokenizer.encode(first)) - len(tokenizer.encode(last)) - overlap
    if room < max(overlap, 8):
        raise DataError(
            f"passages of {sequence_len} tokens, {overlap} of them repeated, leave {max(room, 0)} for new text",
            hint="raise sequence_len, or lower chunk_overlap",
        )
    units = _UNIT.findall(text)
    lengths = [len(tokenizer.encode(unit)) for unit in units]
    at = 0
    before = ""
    while at < len(units):
        left = room + (0 if before else overlap)
        end = _end(units, lengths, at, left)
        while end > at + 1 and len(tokenizer.encode("".join(units[at:end]))) > left:
            end -= 1  # joined units may be cut into more tokens than one by one
        new = "".join(units[at:end])
        parts = [(False, first), (False, before), (True, new), (True, last if end == len(units) else "")]
        yield Passage(new, [{"label": label, "text": part} for label, part in parts if part])
        before = _tail(units, lengths, at, end, overlap)
        at = end


def _end(units: Sequence[str], lengths: Sequence[int], at: int, room: int) -> int:
    """Return where a passage ends: where the room does, or at the last empty line that leaves it well filled."""
    used, end, paragraph = 0, at, 0
    while end < len(units) and (used + lengths[end] <= room or end == at):
        if end > at and used >= LEAST_FILLED * room and _BLANK_LINE.match(units[end]):
            paragraph = end
        used += lengths[end]
        end += 1
    return paragraph if paragraph and end < len(units) else end


def _tail(units: Sequence[str], lengths: Sequence[int], at: int, end: int, overlap: int) -> str:
    start = end
    while start > at and sum(lengths[start - 1 : end]) <= overlap:
        start -= 1
    return "".join(units[start:end])

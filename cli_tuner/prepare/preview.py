"""Rows as the model meets them: trained tokens green, masked ones grey, borders between tokens visible."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, islice
from pathlib import Path

from cli_tuner.chat.labels import IGNORE_INDEX
from cli_tuner.files import read_jsonl
from cli_tuner.ports import Tokenizer
from cli_tuner.prepare.tokenised import label_written

_TRAINED, _MASKED, _RESET = "\x1b[30;42m", "\x1b[90m", "\x1b[0m"


def preview_rows(path: Path, tokenizer: Tokenizer, count: int, *, colour: bool, chat: bool = False) -> str:
    """Show the first `count` rows of a file; without colour, trained tokens stand in ⟦ ⟧."""
    return "\n".join(preview_row(row, tokenizer, colour=colour, chat=chat) for row in islice(read_jsonl(path), count))


def preview_row(row: dict[str, object], tokenizer: Tokenizer, *, colour: bool, chat: bool = False) -> str:
    """Show one row: its id, group and token counts, then its tokens."""
    labelled = label_written(tokenizer, row, chat=chat)
    n_trained = len(labelled.trained_ids)
    head = f"{row['id']}  {len(labelled.input_ids)} tokens, {n_trained} trained  {row['group']}  {row['origin']}"
    parts: list[str] = []
    for trained, span in groupby(
        zip(labelled.input_ids, labelled.labels, strict=True), lambda pair: pair[1] != IGNORE_INDEX
    ):
        parts.append(_paint(tokenizer, [number for number, _ in span], trained=trained, colour=colour))
    return f"{head}\n{''.join(parts).rstrip()}\n"


def paint(parts: Sequence[tuple[str, bool]], *, colour: bool) -> str:
    """Show text that is cut where training begins and ends, as `preview_row` does; parts are (text, trained)."""

    def one(text: str, trained: bool) -> str:
        if colour:
            return f"{_TRAINED if trained else _MASKED}{_visible(text)}{_RESET}"
        return f"⟦{_visible(text)}⟧" if trained else _visible(text)

    return "".join(one(text, trained) for text, trained in parts)


def _paint(tokenizer: Tokenizer, ids: list[int], *, trained: bool, colour: bool) -> str:
    if not ids:
        return ""
    if not trained:
        text = _visible(tokenizer.decode(ids))
        return f"{_MASKED}{text}{_RESET}" if colour else text
    pieces = [_visible(tokenizer.decode([number])) for number in ids]
    if not colour:
        return "⟦" + "|".join(pieces) + "⟧"
    return "".join(f"{_TRAINED}{piece}{_RESET}{'' if i % 2 else ' '}" for i, piece in enumerate(pieces))


def _visible(text: str) -> str:
    """Make control characters harmless on a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)

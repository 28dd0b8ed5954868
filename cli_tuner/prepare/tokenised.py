"""Written rows as tokens: labelled as training labels them, for files of tokens and for comparisons."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from cli_tuner.chat.conversation import label_chat
from cli_tuner.chat.labels import Labelled, label_row, style_of
from cli_tuner.chat.passage import label_passage
from cli_tuner.chat.style import CLOSING
from cli_tuner.files import atomic_write, read_jsonl
from cli_tuner.ports import Tokenizer
from cli_tuner.prepare.judge import Tools
from cli_tuner.prepare.settings import SPLITS

SAMPLE_ROWS = 2000
"""Rows, evenly spaced over all splits, whose tokens are compared."""

TokenParity = Callable[[Sequence[str], Sequence[Sequence[int]]], dict[str, Any]]
"""Compares texts and our tokens of them with another tokenizer's; raises where they differ."""


def sample_of(folder: Path, tools: Tools) -> tuple[list[str], list[list[int]]]:
    """Return the rendered text and the tokens of some written rows."""
    total = sum(1 for name in SPLITS for _ in read_jsonl(folder / f"{name}.jsonl"))
    every = max(1, -(-total // SAMPLE_ROWS))
    rows = (row for name in SPLITS for row in read_jsonl(folder / f"{name}.jsonl"))
    sampled = list(islice(rows, 0, None, every))
    if tools.settings.documents:  # segments are tokenised one by one; of each the trained text is compared
        texts = [str(row["command"]) for row in sampled]
        return texts, [tools.tokenizer.encode(text) for text in texts]
    made = [label_written(tools.tokenizer, row, chat=tools.settings.task == "chat") for row in sampled]
    return [row.text for row in made], [row.input_ids for row in made]


def write_tokens(rows: Path, target: Path, tokenizer: Tokenizer, *, chat: bool = False) -> None:
    """Write the rows of one file tokenised, with the three columns that Axolotl takes as they are."""
    with atomic_write(target) as handle:
        for row in read_jsonl(rows):
            made = label_written(tokenizer, row, chat=chat)
            ids, mask = made.input_ids, [1] * len(made.input_ids)
            handle.write(json.dumps({"input_ids": ids, "attention_mask": mask, "labels": made.labels}) + "\n")


def label_written(tokenizer: Tokenizer, row: Mapping[str, Any], *, chat: bool) -> Labelled:
    """Label a row as it was written."""
    if "segments" in row:
        return label_passage(tokenizer, row["segments"])
    if not chat:
        return label_row(tokenizer, row["instruction"], row["command"])
    messages = row["messages"]
    closed = style_of(tokenizer).next_turn and messages[-1] == CLOSING
    return label_chat(tokenizer, messages[:-1] if closed else messages)

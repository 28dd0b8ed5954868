"""Labels of plain text: a passage of a document counts, what is repeated before it and the beginning token do not.

A row holds `segments`, each a text and whether it is trained, as Axolotl's `type: input_output` reads them: every
segment is tokenised by itself and nothing is added (axolotl/prompt_strategies/input_output.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cli_tuner.chat.labels import IGNORE_INDEX, Check, Labelled
from cli_tuner.ports import Tokenizer

Segment = Mapping[str, Any]
"""`label`: whether it is trained; `text`."""


def label_passage(tokenizer: Tokenizer, segments: Sequence[Segment]) -> Labelled:
    """Tokenise and label one passage."""
    ids: list[int] = []
    labels: list[int] = []
    for segment in segments:
        found = tokenizer.encode(segment["text"])
        ids += found
        labels += found if segment["label"] else [IGNORE_INDEX] * len(found)
    n_before = next((place for place, label in enumerate(labels) if label != IGNORE_INDEX), len(ids))
    return Labelled("".join(segment["text"] for segment in segments), ids, labels, n_before)


def check_passage(tokenizer: Tokenizer, segments: Sequence[Segment], text: str, sequence_len: int) -> Check:
    """Label a passage and check it: no control token in its text, no longer than asked for, nothing lost."""
    row = label_passage(tokenizer, segments)
    if any(number in tokenizer.special_ids for number in tokenizer.encode(text)):
        return Check("special_token", None)
    if len(row.input_ids) > sequence_len:
        return Check("too_long", row)
    trained = [number for number in row.trained_ids if number not in tokenizer.special_ids]
    if "".join(tokenizer.decode(trained).split()) != "".join(text.split()):
        return Check("round_trip", row)
    return Check("", row)

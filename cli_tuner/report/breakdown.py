"""Rows counted by length and by utility: of the training data, and of what the two models answered."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli_tuner.records.evaluation import Row

Bins = list[tuple[int, int, int]]
"""`(from, to, rows)`, both ends included."""


@dataclass(slots=True)
class Counts:
    """Rows of one file.

    Attributes:
        lengths: Rows by length in tokens.
        utilities: Rows by first utility.
    """

    rows: int = 0
    lengths: Counter[int] = field(default_factory=Counter)
    utilities: Counter[str] = field(default_factory=Counter)


def count(rows: Iterable[Mapping[str, Any]]) -> Counts:
    """Count prepared rows; a row without a length or utility counts as a row."""
    found = Counts()
    for row in rows:
        found.rows += 1
        if isinstance(row.get("n_tokens"), int):
            found.lengths[row["n_tokens"]] += 1
        if isinstance(row.get("utility"), str):
            found.utilities[row["utility"]] += 1
    return found


def bins(lengths: Mapping[int, int], most: int = 18) -> Bins:
    """Cut lengths into at most `most` equal steps, the empty ones included."""
    if not lengths:
        return []
    low, high = min(lengths), max(lengths)
    width = max(1, math.ceil((high - low + 1) / most))
    cuts: Counter[int] = Counter()
    for length, rows in lengths.items():
        cuts[(length - low) // width] += rows
    return [(low + n * width, low + (n + 1) * width - 1, cuts[n]) for n in range(max(cuts) + 1)]


def answer_lengths(rows: Sequence[Row], side: str) -> Counter[int]:
    """Count the answers of `base` or `tuned` by length in tokens."""
    answers = [row.base if side == "base" else row.tuned for row in rows]
    return Counter(one.n_tokens for one in answers if one is not None and one.n_tokens is not None)

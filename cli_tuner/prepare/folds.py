"""Folds for sets that are too small for a split to say anything: each group is held out once.

Rows of one group stay together here too, so a fold does not leak into its own training rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli_tuner.files import read_jsonl, write_jsonl
from cli_tuner.prepare.settings import SPLITS
from cli_tuner.prepare.shingles import hash64

FEW_ROWS = 100
"""Rows of a split below which the summary says how little a score on it means."""


def write_folds(rows: Path, folder: Path, count: int, seed: int) -> list[int]:
    """Write `0/train.jsonl`, `0/val.jsonl`, … from the rows of all splits; return the held-out rows of each fold.

    Args:
        rows: Where the splits lie.
        folder: Where the folds go.
        count: Folds; as many as there are groups at most, which leaves one group out at a time.
        seed: Decides which groups are held out together.
    """
    everything = [row for name in SPLITS for row in read_jsonl(rows / f"{name}.jsonl")]
    groups = sorted({row["group"] for row in everything}, key=lambda group: hash64(f"fold\0{seed}\0{group}"))
    count = min(count, len(groups))
    fold_of = {group: number % count for number, group in enumerate(groups)}
    held: list[int] = []
    for fold in range(count):
        parts = {
            name: [row for row in everything if (fold_of[row["group"]] == fold) == (name == "val")]
            for name in ("train", "val")
        }
        for name, part in parts.items():
            write_jsonl(folder / str(fold) / f"{name}.jsonl", part)
        held.append(len(parts["val"]))
    return held


def small_splits(files: Mapping[str, int], folds: Mapping[str, Any] | None) -> str:
    """Say how little a score on a small split means; empty where the splits are large enough."""
    few = {name: files[f"{name}.jsonl"] for name in ("val", "test") if 0 < files[f"{name}.jsonl"] < FEW_ROWS}
    if not few:
        return ""
    said = ", ".join(
        f"{rows} rows of {name} know a rate of 50 % to ± {_margin(rows):.0%}" for name, rows in few.items()
    )
    return said + ("" if folds else "; `split: {folds: 5}` in the recipe holds every row out once")


def _margin(rows: int) -> float:
    """Half of a 95 % interval of a rate of one half (normal approximation), at most one half."""
    return min(0.5, 1.96 * math.sqrt(0.25 / rows))

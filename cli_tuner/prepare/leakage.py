"""The proof that no split leaks into another: overlap recomputed from the written files, nothing remembered.

Covered: equal instruction (normalised), equal command (four forms, references too), and nearness (Jaccard of
5-grams of words and of characters at least 0.8) of instructions, commands and pairs, by an exact join. Not
covered: paraphrases that share no wording; no string measure sees them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from cli_tuner.files import read_jsonl
from cli_tuner.prepare.groups import ViewFiles, equal_pairs
from cli_tuner.prepare.join import Pairs, near_pairs
from cli_tuner.prepare.keys import COMMAND_FORMS, INSTRUCTION_FORMS
from cli_tuner.prepare.shingles import CHUNK_ROWS, GramSets, Hashes, Numbers, hash64

NEAR = 0.8
"""Rows at least this alike in two splits are a leak."""


@dataclass(slots=True)
class Leakage:
    """What the proof found.

    Attributes:
        counts: Pairs of rows in different splits, by measure; all zero means no leak.
        rows: Rows compared, by split.
        examples: Up to five leaking pairs by measure: `(id, id)`.
        pairs: The leaking pairs as positions in the files, one after the other.
    """

    counts: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    pairs: list[Pairs] = field(default_factory=list)

    @property
    def total(self) -> int:
        """All leaking pairs."""
        return sum(self.counts.values())

    def record(self) -> dict[str, Any]:
        """The report as it is written down."""
        return {
            "clean": self.total == 0,
            "near_threshold": NEAR,
            "overlap": self.counts,
            "rows": self.rows,
            "examples": self.examples,
        }


def prove(files: Mapping[str, Path]) -> Leakage:
    """Compare all rows of all splits with each other.

    Args:
        files: Split name to the file that was written.
    """
    with tempfile.TemporaryDirectory(prefix="cli-tuner-proof-") as folder:
        seen = _read(files, Path(folder))
        report = Leakage(rows=seen.rows)
        split_of = np.repeat(np.arange(len(files)), list(seen.rows.values()))
        for name, parts in _measures(seen, split_of):
            crossing = [pairs[split_of[pairs[:, 0]] != split_of[pairs[:, 1]]] for pairs in parts]
            leaking = np.unique(np.sort(np.concatenate([*crossing, _NO_PAIRS]), axis=1), axis=0)
            report.counts[name] = len(leaking)
            if len(leaking):
                report.pairs.append(leaking)
                report.examples[name] = _names(list(files.values()), leaking[:5])
    return report


_NO_PAIRS: Pairs = np.zeros((0, 2), dtype=np.int64)


@dataclass(slots=True)
class _Seen:
    """What one pass over the files leaves: keys in memory, grams on disk."""

    rows: dict[str, int]
    instructions: Hashes
    commands: Hashes
    owners: Numbers
    views: dict[str, GramSets]


def _read(files: Mapping[str, Path], folder: Path) -> _Seen:
    views = ViewFiles(folder)
    keys: list[tuple[Hashes, Hashes, Numbers]] = []
    counts: dict[str, int] = {}
    total = 0
    for name, path in files.items():
        rows = read_jsonl(path)
        counts[name] = 0
        while chunk := list(islice(rows, CHUNK_ROWS)):
            keys.append(_keys(chunk, total))
            views.add(chunk)
            counts[name] += len(chunk)
            total += len(chunk)
    instructions, commands, owners = (
        (np.concatenate(part) for part in zip(*keys, strict=True)) if keys else _keys([], 0)
    )
    return _Seen(counts, instructions, commands, owners, views.close())


def _keys(rows: Sequence[Mapping[str, Any]], first: int) -> tuple[Hashes, Hashes, Numbers]:
    instructions = [[hash64(form(row["instruction"])) for form in INSTRUCTION_FORMS.values()] for row in rows]
    entries = [(number, text) for number, row in enumerate(rows, start=first) for text in row["references"]]
    commands = [[hash64(form(text)) for form in COMMAND_FORMS.values()] for _, text in entries]
    return (
        np.array(instructions, dtype=np.uint64).reshape(-1, len(INSTRUCTION_FORMS)),
        np.array(commands, dtype=np.uint64).reshape(-1, len(COMMAND_FORMS)),
        np.array([number for number, _ in entries], dtype=np.int64),
    )


def _measures(seen: _Seen, split_of: Numbers) -> Iterator[tuple[str, Iterable[Pairs]]]:
    rows = np.arange(len(seen.instructions))
    for column, form in enumerate(INSTRUCTION_FORMS):
        yield f"instruction_{form}", [equal_pairs(seen.instructions[:, column], rows)]
    for column, form in enumerate(COMMAND_FORMS):
        yield f"command_{form}", [equal_pairs(seen.commands[:, column], seen.owners)]
    for name, sets in seen.views.items():
        yield f"near_{name}", near_pairs(sets, NEAR, lambda: split_of)


def _names(files: Sequence[Path], pairs: Pairs) -> list[tuple[str, str]]:
    wanted = {int(row): "" for row in pairs.ravel()}
    for number, row in enumerate(row for file in files for row in read_jsonl(file)):
        if number in wanted:
            wanted[number] = row["id"]
    return [(wanted[int(a)], wanted[int(b)]) for a, b in pairs]

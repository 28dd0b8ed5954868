"""The proof that no split leaks into another: overlap recomputed from the written files, nothing remembered.

Covered: equal instruction (normalised), equal command (four forms, references too), and nearness (Jaccard of
5-grams of words and of characters at least 0.8) of instructions, commands and pairs, by an exact join. Not
covered: paraphrases that share no wording; no string measure sees them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cli_tuner.files import read_jsonl
from cli_tuner.prepare.groups import VIEWS, equal_pairs, view_sets
from cli_tuner.prepare.join import Pairs, near_pairs
from cli_tuner.prepare.keys import COMMAND_FORMS, INSTRUCTION_FORMS
from cli_tuner.prepare.shingles import Hashes, Numbers, hash64

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
    report = Leakage(rows={name: _count(path) for name, path in files.items()})
    split_of = np.repeat(np.arange(len(files)), list(report.rows.values()))
    for name, pairs in _measures(list(files.values())):
        crossing = pairs[split_of[pairs[:, 0]] != split_of[pairs[:, 1]]]
        report.counts[name] = report.counts.get(name, 0) + len(crossing)
        if len(crossing):
            report.pairs.append(crossing)
            report.examples[name] = _names(list(files.values()), crossing[:5])
    return report


def _measures(files: Sequence[Path]) -> Iterator[tuple[str, Pairs]]:
    instructions, commands, owners = _keys(files)
    for column, form in enumerate(INSTRUCTION_FORMS):
        yield f"instruction_{form}", equal_pairs(instructions[:, column], np.arange(len(instructions)))
    for column, form in enumerate(COMMAND_FORMS):
        yield f"command_{form}", equal_pairs(commands[:, column], owners)
    for view in VIEWS:
        sets = view_sets(view, _chunks(files))
        yield f"near_{view}", np.zeros((0, 2), dtype=np.int64)
        for pairs in near_pairs(sets, NEAR):
            yield f"near_{view}", pairs


def _keys(files: Sequence[Path]) -> tuple[Hashes, Hashes, Numbers]:
    instructions: list[list[int]] = []
    commands: list[list[int]] = []
    owners: list[int] = []
    for row in _rows(files):
        owners += [len(instructions)] * len(row["references"])
        instructions.append([hash64(form(row["instruction"])) for form in INSTRUCTION_FORMS.values()])
        commands += [[hash64(form(text)) for form in COMMAND_FORMS.values()] for text in row["references"]]
    return (
        np.array(instructions, dtype=np.uint64).reshape(-1, len(INSTRUCTION_FORMS)),
        np.array(commands, dtype=np.uint64).reshape(-1, len(COMMAND_FORMS)),
        np.array(owners, dtype=np.int64),
    )


def _rows(files: Sequence[Path]) -> Iterator[dict[str, Any]]:
    for file in files:
        yield from read_jsonl(file)


def _chunks(files: Sequence[Path], size: int = 20_000) -> Iterator[list[dict[str, Any]]]:
    held: list[dict[str, Any]] = []
    for row in _rows(files):
        held.append({"instruction": row["instruction"], "command": row["command"]})
        if len(held) == size:
            yield held
            held = []
    if held:
        yield held


def _count(path: Path) -> int:
    return sum(1 for _ in read_jsonl(path))


def _names(files: Sequence[Path], pairs: Pairs) -> list[tuple[str, str]]:
    wanted = {int(row): "" for row in pairs.ravel()}
    for number, row in enumerate(_rows(files)):
        if number in wanted:
            wanted[number] = row["id"]
    return [(wanted[int(a)], wanted[int(b)]) for a, b in pairs]

"""The proof that no split leaks into another: overlap recomputed from the written files, nothing remembered.

Covered: equal instruction (normalised), equal command (four forms, references too), and nearness (Jaccard of
5-grams of words and of characters at least 0.8) of instructions, commands and pairs, by an exact join. Not
covered: paraphrases that share no wording; no string measure sees them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cli_tuner.files import read_jsonl
from cli_tuner.prepare.cuts import Cuts, Piece, cut_piece, pieces_of_lines
from cli_tuner.prepare.groups import crossing, equal_pairs
from cli_tuner.prepare.join import Pairs
from cli_tuner.prepare.keys import COMMAND_FORMS, INSTRUCTION_FORMS, VIEWS
from cli_tuner.prepare.shingles import Numbers
from cli_tuner.prepare.workers import Crew

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


def prove(files: Mapping[str, Path], crew: Crew, folder: Path) -> Leakage:
    """Compare all rows of all splits with each other.

    Args:
        files: Split name to the file that was written.
        crew: Who cuts and compares.
        folder: For the grams, some 4 KB a row; gone afterwards.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    cuts, rows = _cut(files, crew, folder)
    report = Leakage(rows=rows)
    split_of = np.repeat(np.arange(len(files)), list(rows.values()))
    for name, pairs in _measures(cuts, split_of, crew, folder):
        leaking = np.unique(np.sort(pairs, axis=1), axis=0)
        report.counts[name] = len(leaking)
        if len(leaking):
            report.pairs.append(leaking)
            report.examples[name] = _names(list(files.values()), leaking[:5])
    shutil.rmtree(folder)
    return report


def _cut(files: Mapping[str, Path], crew: Crew, folder: Path) -> tuple[Cuts, dict[str, int]]:
    rows = dict.fromkeys(files, 0)
    n_pieces = 0

    def tasks() -> Iterator[tuple[Path, int, Piece]]:
        nonlocal n_pieces
        for name, path in files.items():
            for piece in pieces_of_lines(path):
                rows[name] += sum(count for _, _, count in piece)
                yield folder, n_pieces, piece
                n_pieces += 1

    cut = sum(crew.results(cut_piece, tasks()))
    if cut != sum(rows.values()):
        raise AssertionError(f"{cut} of {sum(rows.values())} rows were compared")
    return Cuts(folder, n_pieces), rows


def _measures(cuts: Cuts, split_of: Numbers, crew: Crew, folder: Path) -> Iterator[tuple[str, Pairs]]:
    keys = cuts.keys()
    for form in INSTRUCTION_FORMS:
        yield f"instruction_{form}", _apart(equal_pairs(keys.instruction(form), np.arange(len(keys))), split_of)
    for form in COMMAND_FORMS:
        yield f"command_{form}", _apart(equal_pairs(keys.command(form), keys.owners()), split_of)
    near = dict(crossing(cuts, NEAR, split_of, crew, folder))
    for view in VIEWS:
        yield f"near_{view}", near[view]


def _apart(pairs: Pairs, split_of: Numbers) -> Pairs:
    apart: Pairs = pairs[split_of[pairs[:, 0]] != split_of[pairs[:, 1]]]
    return apart


def _names(files: Sequence[Path], pairs: Pairs) -> list[tuple[str, str]]:
    wanted = {int(row): "" for row in pairs.ravel()}
    for number, row in enumerate(row for file in files for row in read_jsonl(file)):
        if number in wanted:
            wanted[number] = str(row["id"])
    return [(wanted[int(a)], wanted[int(b)]) for a, b in pairs]

"""Groups: rows that say the same or nearly the same, which no two splits may share.

Connected components of: equal in any form of the instruction or of a command, or near (exact 5-gram Jaccard)
in any view. A group is transitive, so two of its rows may be far apart; that is the price of a clean border.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cli_tuner.prepare.join import Pairs, near_pairs
from cli_tuner.prepare.keys import collapse_space, loose_form, shell_words
from cli_tuner.prepare.shingles import GramFile, GramSets, Hashes, Kind, Numbers, gram_sets, normalise_text
from cli_tuner.shell.canonical import canonical

View = tuple[Kind, Callable[[Mapping[str, Any]], str]]

VIEWS: dict[str, View] = {
    "instruction_words": ("words", lambda row: normalise_text(row["instruction"])),
    "instruction_chars": ("chars", lambda row: normalise_text(row["instruction"])),
    "instruction_raw_chars": ("chars", lambda row: collapse_space(row["instruction"].lower())),
    "command_words": ("words", lambda row: collapse_space(row["command"])),
    "command_shell_words": ("words", lambda row: shell_words(row["command"])),
    "command_chars": ("chars", lambda row: collapse_space(row["command"])),
    "command_shell_chars": ("chars", lambda row: shell_words(row["command"])),
    "command_loose_chars": ("chars", lambda row: loose_form(row["command"])),
    "command_canonical_words": ("words", lambda row: canonical(row["command"])),
    "command_canonical_chars": ("chars", lambda row: canonical(row["command"])),
    "pair_chars": (
        "chars",
        lambda row: f"{normalise_text(row['instruction'])} | {collapse_space(row['command'])}",
    ),
}
"""What nearness is measured on: name to kind of 5-gram and text."""


class UnionFind:
    """Connected components over row numbers; the smallest row of a component stands for it."""

    def __init__(self, size: int) -> None:
        self.roots: Numbers = np.arange(size, dtype=np.int64)

    def connect(self, pairs: Pairs) -> None:
        """Join the two rows of every pair; afterwards `roots[i]` is the smallest row connected to `i`."""
        parents = self.roots
        for a, b in pairs.tolist():
            a, b = _find(parents, a), _find(parents, b)
            if a != b:
                parents[max(a, b)] = min(a, b)
        while True:
            shorter = parents[parents]
            if np.array_equal(shorter, parents):
                break
            parents = shorter
        self.roots = parents


def _find(parents: Numbers, row: int) -> int:
    while parents[row] != row:
        parents[row] = parents[parents[row]]
        row = int(parents[row])
    return row


def equal_pairs(keys: Hashes, owners: Numbers) -> Pairs:
    """Pair each row with the first row that has the same key."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    leader = owners[first[inverse]]
    apart = leader != owners
    pairs: Pairs = np.unique(np.stack([leader[apart], owners[apart]], axis=1), axis=0)
    return pairs


class ViewFiles:
    """All views of all rows, cut into 5-grams in one pass and kept on disk."""

    def __init__(self, folder: Path) -> None:
        self._files = {name: GramFile(folder / f"{name}.grams") for name in VIEWS}

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows, at most `CHUNK_ROWS`."""
        for name, (kind, text) in VIEWS.items():
            self._files[name].add(gram_sets([text(row) for row in rows], kind))

    def close(self) -> dict[str, GramSets]:
        """End writing; return the sets of each view."""
        return {name: file.close() for name, file in self._files.items()}


def view_sets(chunks: Iterable[Sequence[Mapping[str, Any]]], folder: Path) -> dict[str, GramSets]:
    """Cut every view of the rows into sets of 5-grams, kept in files of `folder`."""
    files = ViewFiles(folder)
    for chunk in chunks:
        files.add(chunk)
    return files.close()


def connect_near(union: UnionFind, sets: GramSets, threshold: float) -> int:
    """Connect all rows whose sets are at least `threshold` alike; return the number of joining pairs."""
    joined = 0
    for pairs in near_pairs(sets, threshold, lambda: union.roots):
        union.connect(pairs)
        joined += len(pairs)
    return joined

"""Which rows are the same as an earlier one, and which earlier one is kept for them.

Four kinds, in this order: `exact` (same texts), `normalised` (same normalised instruction and canonical
command), `reference` (same normalised instruction, another command: kept as a further right answer) and
`near` (5-grams of the pair at least `near_threshold` alike). Of equal rows the first loaded is kept.

Near-duplicates come from an exact join; `minhash_pairs` finds them by datasketch's MinHash-LSH instead, with
the recall that its permutations buy (E. Zhu, https://ekzhu.com/datasketch/lsh.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cli_tuner.prepare.join import Pairs, jaccard, near_pairs
from cli_tuner.prepare.shingles import GramSets, Hashes, Numbers, mix
from cli_tuner.prepare.table import Table

KINDS = ("kept", "exact", "normalised", "reference", "near")
"""Index of a kind in `Duplicates.kinds`."""


class Duplicates:
    """For each row: its kind and the row that stands for it (itself when kept)."""

    def __init__(self, size: int) -> None:
        self.kinds: NDArray[np.int8] = np.zeros(size, dtype=np.int8)
        self.kept_by: Numbers = np.arange(size, dtype=np.int64)

    @property
    def kept(self) -> NDArray[np.bool_]:
        """True where the row itself is kept."""
        kept: NDArray[np.bool_] = self.kinds == 0
        return kept

    def mark(self, kind: str, rows: Numbers, kept_by: Numbers) -> None:
        """Mark rows as duplicates of kept ones."""
        self.kinds[rows] = KINDS.index(kind)
        self.kept_by[rows] = kept_by

    def settle(self) -> None:
        """Follow chains (a duplicate of a duplicate) to the row that is kept."""
        while not np.array_equal(self.kept_by[self.kept_by], self.kept_by):
            self.kept_by = self.kept_by[self.kept_by]

    def counts(self) -> dict[str, int]:
        """Rows by kind."""
        return {name: int((self.kinds == number).sum()) for number, name in enumerate(KINDS)}


def find_equal(table: Table, canonical_column: int, *, merge_references: bool) -> Duplicates:
    """Mark exact and normalised duplicates and, if wanted, further commands of one instruction."""
    found = Duplicates(len(table))
    canonical = table.entry_keys[table.first_entry, canonical_column] if len(table) else table.exact_keys
    normalised: Hashes = mix(table.instruction_keys) ^ canonical
    _mark_equal(found, "exact", table.exact_keys)
    _mark_equal(found, "normalised", normalised)
    if merge_references:
        _mark_equal(found, "reference", table.instruction_keys)
    return found


def _mark_equal(found: Duplicates, kind: str, keys: Hashes) -> None:
    rows = np.flatnonzero(found.kept)
    _, first, inverse = np.unique(keys[rows], return_index=True, return_inverse=True)
    leader = rows[first[inverse]]
    later = leader != rows
    found.mark(kind, rows[later], leader[later])


def find_near(found: Duplicates, sets: GramSets, threshold: float, pairs: Iterator[Pairs] | None = None) -> None:
    """Mark rows that are near an earlier kept row.

    Args:
        found: What is known already; gone rows neither count nor keep others out.
        sets: 5-grams of the pairs, one set a row.
        threshold: Least Jaccard similarity.
        pairs: Where the near pairs come from; by default the exact join.
    """
    source = pairs if pairs is not None else near_pairs(sets, threshold)
    parts = [part for part in source if len(part)]
    if not parts:
        return
    every = np.concatenate(parts)
    for a, b in every[np.lexsort((every[:, 0], every[:, 1]))].tolist():
        # An equal set is listed with its first row only, so it shares that row's fate.
        keeper = a if found.kinds[a] == 0 else int(found.kept_by[a]) if found.kinds[a] == KINDS.index("near") else -1
        if (
            found.kinds[b] == 0
            and keeper >= 0
            and found.kinds[keeper] == 0
            and keeper != b
            and _is(sets, keeper, b, threshold)
        ):
            found.mark("near", np.array([b]), np.array([keeper]))


def _is(sets: GramSets, a: int, b: int, threshold: float) -> bool:
    return bool(jaccard(sets, np.array([[a, b]]))[0] >= threshold - 1e-12)


def minhash_pairs(sets: GramSets, threshold: float, permutations: int) -> Iterator[Pairs]:
    """Yield near pairs found by datasketch's MinHash-LSH, each verified by its exact similarity."""
    from datasketch import MinHash, MinHashLSH

    index: Any = MinHashLSH(threshold=threshold, num_perm=permutations, weights=(0.1, 0.9))
    for row in range(len(sets)):
        signature: Any = MinHash(num_perm=permutations, hashfunc=lambda gram: int(gram) & 0xFFFFFFFF)
        signature.update_batch(sets.grams[sets.starts[row] : sets.starts[row + 1]].tolist())
        near = sorted(index.query(signature))
        index.insert(row, signature)
        pairs = np.array([[other, row] for other in near], dtype=np.int64).reshape(-1, 2)
        close = pairs[jaccard(sets, pairs) >= threshold - 1e-12]
        if len(close):
            yield close

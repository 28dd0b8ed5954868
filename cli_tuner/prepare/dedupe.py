"""Which rows are the same as an earlier one, and which earlier one is kept for them.

Four kinds, in this order: `exact` (same texts), `normalised` (same normalised instruction and canonical
command), `reference` (same normalised instruction, another command: kept as a further right answer) and
`near` (5-grams of the pair at least `near_threshold` alike). Of equal rows the first loaded is kept.

Near-duplicates come from an exact join (`prepare/join.py`); `minhash_pairs` finds them by datasketch's
MinHash-LSH instead, with the recall that its permutations buy (E. Zhu, https://ekzhu.com/datasketch/lsh.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cli_tuner.prepare.cuts import Cuts, Keys
from cli_tuner.prepare.join import NO_PAIRS, Pairs, each_pair, jaccard, near_pairs
from cli_tuner.prepare.keys import NORMALISED
from cli_tuner.prepare.shingles import Hashes, Numbers, StoredSets, mix

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


def find_equal(keys: Keys, *, merge_references: bool) -> Duplicates:
    """Mark exact and normalised duplicates and, if wanted, further commands of one instruction."""
    found = Duplicates(len(keys))
    _mark_equal(found, "exact", keys.exact())
    instructions = keys.instruction(NORMALISED)
    normalised: Hashes = mix(instructions) ^ keys.own_command("canonical")
    _mark_equal(found, "normalised", normalised)
    if merge_references:
        _mark_equal(found, "reference", instructions)
    return found


def _mark_equal(found: Duplicates, kind: str, keys: Hashes) -> None:
    rows = np.flatnonzero(found.kept)
    _, first, inverse = np.unique(keys[rows], return_index=True, return_inverse=True)
    leader = rows[first[inverse]]
    later = leader != rows
    found.mark(kind, rows[later], leader[later])


def find_near(found: Duplicates, sets: StoredSets, threshold: float, pairs: Pairs) -> None:
    """Mark rows that are near an earlier kept row.

    Args:
        found: What is known already; gone rows neither count nor keep others out.
        sets: 5-grams of the pairs, one set a row.
        threshold: Least Jaccard similarity.
        pairs: The near pairs; rows with equal sets only with the first of them.
    """
    near = KINDS.index("near")
    for a, b in each_pair(pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))]):
        if found.kinds[b] != 0:
            continue
        if found.kinds[a] == 0:
            found.mark("near", np.array([b]), np.array([a]))
        elif found.kinds[a] == near:
            # An equal set is listed with its first row only, so it shares that row's fate.
            keeper = int(found.kept_by[a])
            if keeper != b and _is(sets, keeper, b, threshold):
                found.mark("near", np.array([b]), np.array([keeper]))


def _is(sets: StoredSets, a: int, b: int, threshold: float) -> bool:
    return bool(jaccard(sets, np.array([[a, b]]))[0] >= threshold - 1e-12)


def near_in_view(cuts: Cuts, view: str, threshold: float, permutations: int) -> Pairs:
    """Find the near pairs of one view: all of them, or those that MinHash finds with so many permutations.

    Args:
        cuts: The rows.
        view: A name of `VIEWS`.
        threshold: Least Jaccard similarity.
        permutations: 0 for the exact join.
    """
    with cuts.sets(view) as sets:
        found = minhash_pairs(sets, threshold, permutations) if permutations else near_pairs(sets, threshold)
        return np.concatenate([*found, NO_PAIRS])


def minhash_pairs(sets: StoredSets, threshold: float, permutations: int) -> Iterator[Pairs]:
    """Yield near pairs found by datasketch's MinHash-LSH, each verified by its exact similarity."""
    from datasketch import MinHash, MinHashLSH

    index: Any = MinHashLSH(threshold=threshold, num_perm=permutations, weights=(0.1, 0.9))
    for row in range(len(sets)):
        signature: Any = MinHash(num_perm=permutations, hashfunc=lambda gram: int(gram) & 0xFFFFFFFF)
        signature.update_batch(sets.take(np.array([row]))[0].tolist())
        near = sorted(index.query(signature))
        index.insert(row, signature)
        pairs = np.array([[other, row] for other in near], dtype=np.int64).reshape(-1, 2)
        close = pairs[jaccard(sets, pairs) >= threshold - 1e-12]
        if len(close):
            yield close

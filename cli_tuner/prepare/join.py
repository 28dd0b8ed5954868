"""All pairs of sets with Jaccard similarity >= t, exactly: a set-similarity join, not a sample.

MinHash finds a near pair with a probability; a proof of no leakage needs certainty. The prefix principle gives
it: order each set's grams from rare to common; two sets with Jaccard >= t share one of the first
`n - ceil(t * n) + 1` grams of each (Chaudhuri et al. 2006, https://doi.org/10.1109/ICDE.2006.9; Bayardo et al.
2007, https://doi.org/10.1145/1242572.1242591). Candidates then pass three bounds that never lose a true pair
(size, position, and a 256-bit parity sketch whose Hamming distance is at most the symmetric difference)
before the intersection is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cli_tuner.prepare.shingles import GramSets, Hashes, Numbers, _mix

Pairs = NDArray[np.int64]
"""Shape (n, 2): row numbers, the smaller first."""

_SKETCH_WORDS = 4
_FREQUENCY_BITS = 22
_BATCH = 1 << 18


def near_pairs(sets: GramSets, threshold: float, skip: Callable[[Pairs], Any] | None = None) -> Iterator[Pairs]:
    """Yield all pairs of rows whose Jaccard similarity is at least `threshold`, in batches.

    Equal sets are yielded as a chain (each row with the first equal one), and only the first of them stands
    for the others elsewhere: enough to connect or to find every near row, not a list of all n^2 equal pairs.

    Args:
        sets: The rows.
        threshold: In (0, 1].
        skip: Given candidate pairs, a boolean array: True where the caller need not know.
    """
    first, equal = _equal_rows(sets)
    if len(equal):
        yield equal
    prefix = _prefixes(sets, first, threshold)
    sketches = _sketches(sets)
    for candidates in _candidates(prefix, threshold):
        if skip is not None:
            candidates = candidates[~skip(candidates)]
        close = candidates[_sketch_passes(sketches, sets.sizes, candidates, threshold)]
        for part in range(0, len(close), _BATCH):
            pairs = close[part : part + _BATCH]
            found = pairs[jaccard(sets, pairs) >= threshold - 1e-12]
            if len(found):
                yield found


def jaccard(sets: GramSets, pairs: Pairs) -> NDArray[np.float64]:
    """Compute the Jaccard similarity of each pair of rows, in [0, 1]."""
    if not len(pairs):
        return np.zeros(0)
    left, left_pair = _gather(sets, pairs[:, 0])
    right, right_pair = _gather(sets, pairs[:, 1])
    owner = np.concatenate([left_pair, right_pair])
    # Two rows of one pair share a key exactly where they share a gram.
    keys = np.concatenate([left, right]) ^ _mix(owner.astype(np.uint64))
    order = np.argsort(keys)
    keys, owner = keys[order], owner[order]
    both = np.bincount(owner[1:][keys[1:] == keys[:-1]], minlength=len(pairs))
    sizes = sets.sizes
    result: NDArray[np.float64] = both / (sizes[pairs[:, 0]] + sizes[pairs[:, 1]] - both)
    return result


def _gather(sets: GramSets, rows: Numbers) -> tuple[Hashes, Numbers]:
    """Concatenate the grams of `rows`; the second array names the position in `rows` that owns each."""
    counts = sets.sizes[rows]
    owner = np.repeat(np.arange(len(rows)), counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return sets.grams[sets.starts[rows][owner] + offset], owner


def set_digests(sets: GramSets) -> Hashes:
    """Hash each set to 64 bits: equal sets, equal digests."""
    if not len(sets):
        return np.zeros(0, dtype=np.uint64)
    digests: Hashes = np.add.reduceat(_mix(sets.grams), sets.starts[:-1])
    return digests


def _equal_rows(sets: GramSets) -> tuple[NDArray[np.bool_], Pairs]:
    digests = set_digests(sets)
    _, first, inverse = np.unique(digests, return_index=True, return_inverse=True)
    leader = first[inverse]
    rows = np.arange(len(digests))
    is_first = leader == rows
    return is_first, np.stack([leader[~is_first], rows[~is_first]], axis=1)


class _Prefix:
    """The rare grams of every set: parallel arrays, one entry a gram."""

    def __init__(self, grams: Hashes, rows: Numbers, places: Numbers, sizes: Numbers) -> None:
        self.grams, self.rows, self.places, self.sizes = grams, rows, places, sizes


def _prefixes(sets: GramSets, use: NDArray[np.bool_], threshold: float) -> _Prefix:
    sizes = sets.sizes
    row = np.repeat(np.arange(len(sets)), sizes)
    slot = (sets.grams & np.uint64((1 << _FREQUENCY_BITS) - 1)).astype(np.int64)
    often = np.bincount(slot[use[row]], minlength=1 << _FREQUENCY_BITS)[slot]
    order = np.lexsort((sets.grams, often, row))
    place = np.arange(len(row)) - sets.starts[row]
    kept = place < (sizes - np.ceil(threshold * sizes - 1e-9).astype(np.int64) + 1)[row]
    kept &= use[row]
    return _Prefix(sets.grams[order][kept], row[kept], place[kept], sizes[row[kept]])


def _candidates(prefix: _Prefix, threshold: float) -> Iterator[Pairs]:
    order = np.lexsort((prefix.sizes, prefix.grams))
    grams, rows = prefix.grams[order], prefix.rows[order]
    places, sizes = prefix.places[order], prefix.sizes[order]
    at = np.arange(len(grams))
    held: list[Pairs] = []
    for step in range(1, len(grams)):
        at = at[at + step < len(grams)]
        far = at + step
        alive = (grams[at] == grams[far]) & (sizes[at] >= threshold * sizes[far] - 1e-9)
        at, far = at[alive], far[alive]
        if not len(at):
            break
        bound = 1 + np.minimum(sizes[at] - places[at], sizes[far] - places[far]) - 1
        hopeful = bound >= threshold / (1 + threshold) * (sizes[at] + sizes[far]) - 1e-9
        held.append(_ordered(rows[at[hopeful]], rows[far[hopeful]]))
        if sum(map(len, held)) > _BATCH:
            yield _distinct(held)
            held = []
    if held:
        yield _distinct(held)


def _ordered(a: Numbers, b: Numbers) -> Pairs:
    return np.stack([np.minimum(a, b), np.maximum(a, b)], axis=1)


def _distinct(parts: list[Pairs]) -> Pairs:
    pairs = np.concatenate(parts)
    keys = np.unique((pairs[:, 0] << 32) | pairs[:, 1])
    return np.stack([keys >> 32, keys & 0xFFFFFFFF], axis=1)


def _sketches(sets: GramSets) -> Hashes:
    """Fold each set to 256 bits: every gram flips one bit."""
    bit = (sets.grams >> np.uint64(54)) & np.uint64(63)
    word = (sets.grams >> np.uint64(60)) & np.uint64(_SKETCH_WORDS - 1)
    flip = np.uint64(1) << bit
    if not len(sets):
        return np.zeros((0, _SKETCH_WORDS), dtype=np.uint64)
    columns = [np.where(word == np.uint64(w), flip, np.uint64(0)) for w in range(_SKETCH_WORDS)]
    return np.stack([np.bitwise_xor.reduceat(c, sets.starts[:-1]) for c in columns], axis=1)


def _sketch_passes(sketches: Hashes, sizes: Numbers, pairs: Pairs, threshold: float) -> NDArray[np.bool_]:
    a, b = pairs[:, 0], pairs[:, 1]
    distance = np.bitwise_count(sketches[a] ^ sketches[b]).sum(axis=1)
    allowed = (1 - threshold) / (1 + threshold) * (sizes[a] + sizes[b])
    passes: NDArray[np.bool_] = distance <= allowed + 1e-9
    return passes

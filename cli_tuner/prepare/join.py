"""All pairs of sets with Jaccard similarity >= t, exactly: a set-similarity join, not a sample.

MinHash finds a near pair with a probability; a proof of no leakage needs certainty. The prefix principle gives
it: order each set's grams from rare to common; two sets with Jaccard >= t share one of the first
`n - ceil(t * n) + 1` grams of each (Chaudhuri et al. 2006, https://doi.org/10.1109/ICDE.2006.9; Bayardo et al.
2007, https://doi.org/10.1145/1242572.1242591). Candidates then pass three bounds that never lose a true pair
(size, position, and a 256-bit parity sketch whose Hamming distance is at most the symmetric difference)
before the intersection is counted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cli_tuner.prepare.shingles import GramSets, Hashes, Numbers, mix

Pairs = NDArray[np.int64]
"""Shape (n, 2): row numbers, the smaller first."""

Prefix = NDArray[Any]
"""Entries of `_ENTRY`: a rare gram, its row, its place in the row's order from rare to common, the row's size."""

_ENTRY = np.dtype([("gram", np.uint64), ("row", np.int32), ("place", np.int32), ("size", np.int32)])
_PIECE_GRAMS = 1 << 23
_SKETCH_WORDS = 4
_FREQUENCY_BITS = 22
_BATCH = 1 << 18


def near_pairs(sets: GramSets, threshold: float, skip: Callable[[Pairs], Any] | None = None) -> Iterator[Pairs]:
    """Yield all pairs of rows whose Jaccard similarity is at least `threshold`, in batches.

    Equal sets are yielded as a chain (each row with the first equal one), and only the first of them stands
    for the others elsewhere: enough to connect or to find every near row, not a list of all n^2 equal pairs.
    A pair may come more than once.

    Args:
        sets: The rows; grams may lie on disk, memory holds about 100 bytes a row besides.
        threshold: In (0, 1].
        skip: Given candidate pairs, a boolean array: True where the caller need not know.
    """
    first, equal = _equal_rows(sets)
    if len(equal):
        yield equal
    sketches = _sketches(sets)
    with tempfile.TemporaryDirectory(prefix="cli-tuner-join-") as folder:
        for prefix in _prefixes(sets, first, threshold, Path(folder)):
            for candidates in _candidates(prefix, threshold):
                wanted = candidates if skip is None else candidates[~skip(candidates)]
                close = wanted[_sketch_passes(sketches, sets.sizes, wanted, threshold)]
                yield from _verified(sets, close, threshold)
            sets.release()


def _verified(sets: GramSets, pairs: Pairs, threshold: float) -> Iterator[Pairs]:
    for part in range(0, len(pairs), _BATCH):
        some = pairs[part : part + _BATCH]
        found = some[jaccard(sets, some) >= threshold - 1e-12]
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
    keys = np.concatenate([left, right]) ^ mix(owner.astype(np.uint64))
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


def _equal_rows(sets: GramSets) -> tuple[NDArray[np.bool_], Pairs]:
    digests = [np.add.reduceat(mix(part.grams), part.starts[:-1]) for _, part in sets.parts()]
    every = np.concatenate(digests) if digests else np.zeros(0, dtype=np.uint64)
    _, first, inverse = np.unique(every, return_index=True, return_inverse=True)
    leader = first[inverse]
    rows = np.arange(len(every))
    is_first = leader == rows
    return is_first, np.stack([leader[~is_first], rows[~is_first]], axis=1)


def _prefixes(sets: GramSets, use: NDArray[np.bool_], threshold: float, folder: Path) -> Iterator[Prefix]:
    """Yield the rare grams of every row, in pieces between which no gram is shared."""
    often = _frequencies(sets, use)
    n_pieces = 1 + int(sets.starts[-1]) // _PIECE_GRAMS
    files = [(folder / f"{number}.prefix").open("w+b") for number in range(n_pieces)]
    try:
        for first, part in sets.parts():
            prefix = _prefix_of(part, first, use, threshold, often)
            piece = (prefix["gram"] & np.uint64(0xFFFFFFFF)) % np.uint64(n_pieces)
            for number, file in enumerate(files):
                prefix[piece == number].tofile(file)
        for file in files:
            file.seek(0)
            yield np.fromfile(file, dtype=_ENTRY)
    finally:
        for file in files:
            file.close()


def _frequencies(sets: GramSets, use: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """Count rows by gram, roughly (grams share slots) and up to 65,535: any fixed order is right, rare first is fast."""
    often = np.zeros(1 << _FREQUENCY_BITS, dtype=np.uint32)
    for first, part in sets.parts():
        used = np.repeat(use[first : first + len(part)], part.sizes)
        slots, counts = np.unique(_slot(part.grams[used]), return_counts=True)
        often[slots] += counts.astype(np.uint32)
    return np.minimum(often, 0xFFFF).astype(np.uint32)


def _slot(grams: Hashes) -> Numbers:
    slots: Numbers = (grams & np.uint64((1 << _FREQUENCY_BITS) - 1)).astype(np.int64)
    return slots


def _prefix_of(part: GramSets, first: int, use: NDArray[np.bool_], threshold: float, often: Any) -> Prefix:
    """Keep the rarest grams of each row, so many that two near rows must share one."""
    sizes = part.sizes
    row = np.repeat(np.arange(len(part)), sizes)
    # Row, frequency and 32 bits of the gram in one number: a plain sort brings each row's rare grams to its front.
    # Grams that fall together only add candidates; the order is the same in every row, which is what counts.
    token = (often[_slot(part.grams)].astype(np.uint64) << np.uint64(32)) | (part.grams >> np.uint64(16))
    packed = np.sort((row.astype(np.uint64) << np.uint64(48)) | token)
    place = np.arange(len(row)) - part.starts[row]
    length = sizes - np.ceil(threshold * sizes - 1e-9).astype(np.int64) + 1
    kept = (place < length[row]) & use[first + row]
    entries = np.empty(int(kept.sum()), dtype=_ENTRY)
    entries["gram"] = packed[kept] & np.uint64((1 << 48) - 1)
    entries["row"], entries["place"], entries["size"] = first + row[kept], place[kept], sizes[row[kept]]
    return entries


def _candidates(prefix: Prefix, threshold: float) -> Iterator[Pairs]:
    prefix = prefix[np.lexsort((prefix["size"], prefix["gram"]))]
    grams, rows = prefix["gram"].copy(), prefix["row"].astype(np.int64)
    places, sizes = prefix["place"].astype(np.int64), prefix["size"].astype(np.int64)
    at = np.arange(len(grams))
    held: list[Pairs] = []
    for step in range(1, len(grams)):
        at = at[at + step < len(grams)]
        far = at + step
        alive = (grams[at] == grams[far]) & (sizes[at] >= threshold * sizes[far] - 1e-9)
        at, far = at[alive], far[alive]
        if not len(at):
            break
        bound = np.minimum(sizes[at] - places[at], sizes[far] - places[far])
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
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    keys = np.unique((pairs[:, 0] << 32) | pairs[:, 1])
    return np.stack([keys >> 32, keys & 0xFFFFFFFF], axis=1)


def _sketches(sets: GramSets) -> Hashes:
    """Fold each set to 256 bits: every gram flips one bit."""
    folded = [np.zeros((0, _SKETCH_WORDS), dtype=np.uint64)]
    for _, part in sets.parts():
        flip = np.uint64(1) << (part.grams & np.uint64(63))
        word = (part.grams >> np.uint64(6)) & np.uint64(_SKETCH_WORDS - 1)
        columns = [np.where(word == np.uint64(w), flip, np.uint64(0)) for w in range(_SKETCH_WORDS)]
        folded.append(np.stack([np.bitwise_xor.reduceat(c, part.starts[:-1]) for c in columns], axis=1))
    return np.concatenate(folded)


def _sketch_passes(sketches: Hashes, sizes: Numbers, pairs: Pairs, threshold: float) -> NDArray[np.bool_]:
    a, b = pairs[:, 0], pairs[:, 1]
    distance = np.bitwise_count(sketches[a] ^ sketches[b]).sum(axis=1)
    allowed = (1 - threshold) / (1 + threshold) * (sizes[a] + sizes[b])
    passes: NDArray[np.bool_] = distance <= allowed + 1e-9
    return passes

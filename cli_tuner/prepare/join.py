"""All pairs of sets with Jaccard similarity >= t, exactly: a set-similarity join, not a sample.

MinHash finds a near pair with a probability; a proof of no leakage needs certainty. Candidates share one of
their rare tokens (`prepare/tokens.py`); then come bounds that never lose a true pair (size, place, and a parity
sketch whose Hamming distance is at most the symmetric difference) before the intersection is counted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from cli_tuner.prepare.shingles import Hashes, Numbers, StoredSets, mix
from cli_tuner.prepare.tokens import (
    ENTRY,
    HOST,
    MAX_SIZE,
    TOKEN_SHIFT,
    Prefix,
    count_tokens,
    cut,
    first_grams,
    rare_tokens,
    short_rows,
)

Pairs = NDArray[np.int64]
"""Shape (n, 2): row numbers, the smaller first."""
NO_PAIRS: Pairs = np.zeros((0, 2), dtype=np.int64)

PARTS_FROM = 50_000
_PIECE_GRAMS = 1 << 19
_MAX_PIECES = 256
"""Pieces are open files."""
_COUNTED_ROWS = 200_000
_SKETCH_BITS_A_GRAM = 1.5
_SKETCH_WORDS = (4, 32)
"""Fewest and most words of a sketch: one much shorter than its set says nothing, as each bit is flipped many times."""
_SOME = 1 << 14
_FREQUENCY_BITS = 20
_BATCH = 1 << 17
"""Candidates held together."""
_VERIFIED = 1 << 10
"""Candidates whose grams are read together."""


def each_pair(pairs: Pairs) -> Iterator[tuple[int, int]]:
    """Yield pairs as numbers of Python, which are ten times as large, a few at a time."""
    for first in range(0, len(pairs), _SOME):
        yield from pairs[first : first + _SOME].tolist()


def near_pairs(
    sets: StoredSets, threshold: float, labels: Callable[[], Numbers] | None = None, *, parts_from: int = PARTS_FROM
) -> Iterator[Pairs]:
    """Yield all pairs of rows whose Jaccard similarity is at least `threshold`, in batches.

    Equal sets are yielded as a chain (each row with the first equal one), and only the first of them stands
    for the others elsewhere: enough to connect or to find every near row, not a list of all n^2 equal pairs.
    A pair may come more than once.

    Args:
        sets: The rows; memory holds about 100 bytes of each.
        threshold: In (0, 1].
        labels: Gives the label of each row as it stands now; pairs of one label are not wanted. It is asked
            again for every batch, so that pairs connected meanwhile are skipped.
        parts_from: Number of rows from which sets are cut into parts (`prepare/tokens.py`): below it single
            grams are rare enough, and fewer.
    """
    first, equal = _equal_rows(sets)
    if len(equal):
        yield equal
    sketches = _sketches(sets)
    plain = len(sets) < parts_from
    with tempfile.TemporaryDirectory(prefix="cli-tuner-join-") as folder:
        for prefix in _prefixes(sets, first, threshold, Path(folder), plain):
            for candidates in _candidates(prefix, threshold, labels, sketches, sets.sizes):
                wanted = candidates if labels is None else _unlike(candidates, labels())
                yield from _verified(sets, wanted, threshold)


def _unlike(pairs: Pairs, labels: Numbers) -> Pairs:
    unlike: Pairs = pairs[labels[pairs[:, 0]] != labels[pairs[:, 1]]]
    return unlike


def _verified(sets: StoredSets, pairs: Pairs, threshold: float) -> Iterator[Pairs]:
    for part in range(0, len(pairs), _VERIFIED):
        some = pairs[part : part + _VERIFIED]
        found = some[jaccard(sets, some) >= threshold - 1e-12]
        if len(found):
            yield found


def jaccard(sets: StoredSets, pairs: Pairs) -> NDArray[np.float64]:
    """Compute the Jaccard similarity of each pair of rows, in [0, 1]."""
    if not len(pairs):
        return np.zeros(0)
    left, left_pair = sets.take(pairs[:, 0])
    right, right_pair = sets.take(pairs[:, 1])
    owner = np.concatenate([left_pair, right_pair])
    # Two rows of one pair share a key exactly where they share a gram: each row holds it once.
    keys = np.sort((owner.astype(np.uint64) << np.uint64(32)) | np.concatenate([left, right]))
    shared = keys[1:][keys[1:] == keys[:-1]] >> np.uint64(32)
    both = np.bincount(shared.astype(np.int64), minlength=len(pairs))
    sizes = sets.sizes
    result: NDArray[np.float64] = both / (sizes[pairs[:, 0]] + sizes[pairs[:, 1]] - both)
    return result


def _equal_rows(sets: StoredSets) -> tuple[NDArray[np.bool_], Pairs]:
    digests = [np.add.reduceat(mix(part.grams.astype(np.uint64)), part.starts[:-1]) for _, part in sets.parts()]
    every = np.concatenate(digests) if digests else np.zeros(0, dtype=np.uint64)
    order = np.argsort(every, kind="stable")
    every = every[order]
    later = np.flatnonzero(every[1:] == every[:-1]) + 1
    runs = np.flatnonzero(np.diff(later, prepend=-1) != 1)
    leaders = np.repeat(order[later[runs] - 1], np.diff(runs, append=len(later)))
    is_first = np.ones(len(sets), dtype=bool)
    is_first[order[later]] = False
    return is_first, np.stack([leaders, order[later]], axis=1)


def _prefixes(
    sets: StoredSets, use: NDArray[np.bool_], threshold: float, folder: Path, plain: bool
) -> Iterator[Prefix]:
    """Yield the rare tokens of every row, in pieces between which no token is shared."""
    often = _frequencies(sets, use, threshold, plain)
    n_pieces = min(1 + int(sets.starts[-1]) // _PIECE_GRAMS, _MAX_PIECES)
    files = [(folder / f"{number}.prefix").open("w+b") for number in range(n_pieces)]
    short: list[Numbers] = [np.zeros(0, dtype=np.int64)]
    try:
        for first, part in sets.parts():
            tokens = cut(part.only(use[first : first + len(part)]), threshold, plain=plain)
            short.append(first + short_rows(tokens))
            _spread(rare_tokens(tokens, often, first), files)
        for rare in _rest(sets, use, threshold, np.concatenate(short)):
            _spread(rare, files)
        for file in files:
            file.seek(0)
            yield np.fromfile(file, dtype=ENTRY)
    finally:
        for file in files:
            file.close()


def _frequencies(sets: StoredSets, use: NDArray[np.bool_], threshold: float, plain: bool) -> NDArray[np.uint32]:
    """Count tokens, in a sample of the pieces where there are many: the order must be one, not exact."""
    few = int(sets.starts[-1]).bit_length() + 2  # filling the whole table costs 25 ms, a join of few rows less than 1
    often = np.zeros(1 << min(_FREQUENCY_BITS, few), dtype=np.uint32)
    every = 1 + len(sets) // _COUNTED_ROWS
    for number, (first, part) in enumerate(sets.parts()):
        if number % every == 0:
            count_tokens(cut(part.only(use[first : first + len(part)]), threshold, plain=plain), often)
    return often


def _spread(prefix: Prefix, files: Sequence[IO[bytes]]) -> None:
    piece = ((prefix["key"] >> TOKEN_SHIFT & np.uint64(0xFFFFFFFF)) % np.uint64(len(files))).astype(np.uint16)
    order = np.argsort(piece, kind="stable")
    borders = np.searchsorted(piece[order], np.arange(len(files) + 1))
    prefix = prefix[order]
    for file, start, end in zip(files, borders[:-1], borders[1:], strict=True):
        prefix[start:end].tofile(file)


def _rest(sets: StoredSets, use: NDArray[np.bool_], threshold: float, short: Numbers) -> Iterator[Prefix]:
    """Join the few rows whose tokens were too few for the guarantee by single grams, with all rows."""
    if not len(short):
        return
    wanted = np.zeros(len(sets), dtype=bool)
    wanted[short] = True
    known = [
        np.unique(first_grams(part.only(wanted[first : first + len(part)]), threshold, first)[0])
        for first, part in sets.parts()
        if wanted[first : first + len(part)].any()
    ]
    tokens = np.unique(np.concatenate(known))
    for first, part in sets.parts():
        grams, entries = first_grams(part.only(use[first : first + len(part)]), threshold, first)
        yield entries[np.isin(grams, tokens)]


def _candidates(
    prefix: Prefix, threshold: float, labels: Callable[[], Numbers] | None, sketches: Hashes, sizes: Numbers
) -> Iterator[Pairs]:
    """Yield the pairs of a piece that share a token and pass all bounds."""
    prefix = _promising(prefix[np.argsort(prefix["key"])], None if labels is None else labels())
    rows, places = prefix["row"].astype(np.int64), prefix["place"].astype(np.int64)
    held = sizes[rows]
    xor: Any = np.bitwise_xor  # NumPy 2.5 declares no `reduce` for unsigned numbers
    left_over, folded = held - places, xor.reduce(sketches[rows], axis=1)
    for left, right in _batches(*_spans(prefix["key"], threshold)):
        if labels is not None:
            label_of = labels()
            unlike = label_of[rows[left]] != label_of[rows[right]]
            left, right = left[unlike], right[unlike]
        total = held[left] + held[right]
        apart = (1 - threshold) / (1 + threshold) * total + 1e-9
        hopeful = np.minimum(left_over[left], left_over[right]) >= threshold / (1 + threshold) * total - 1e-9
        hopeful &= np.bitwise_count(folded[left] ^ folded[right]) <= apart
        a, b = rows[left[hopeful]], rows[right[hopeful]]
        yield _distinct(a, b, np.bitwise_count(sketches[a] ^ sketches[b]).sum(axis=1) <= apart[hopeful])


def _batches(starts: Numbers, counts: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield (entry, partner) for entries with `counts` partners from `starts` on, some entries at a time."""
    ends = np.cumsum(counts)
    at = 0
    while at < len(counts):
        before = ends[at] - counts[at]
        last = max(int(np.searchsorted(ends, before + _BATCH, side="right")), at + 1)
        some = counts[at:last]
        left = np.repeat(np.arange(at, last), some)
        yield left, starts[left] + np.arange(len(left)) - np.repeat(ends[at:last] - some - before, some)
        at = last


def _promising(prefix: Prefix, labels: Numbers | None) -> Prefix:
    """Drop the tokens of one row only, and those whose rows all have one label: no pair of them is wanted."""
    tokens = prefix["key"] >> TOKEN_SHIFT
    at = np.flatnonzero(np.concatenate([[True], tokens[1:] != tokens[:-1]])) if len(prefix) else np.zeros(0, np.int64)
    counts = np.diff(np.append(at, len(prefix)))
    wanted = counts > 1
    if labels is not None and len(at):
        label = labels[prefix["row"]]
        wanted &= np.minimum.reduceat(label, at) != np.maximum.reduceat(label, at)
    kept: Prefix = prefix[np.repeat(wanted, counts)]
    return kept


def _spans(keys: Hashes, threshold: float) -> tuple[Numbers, Numbers]:
    """Return for each entry where its partners start and how many there are: hosts of its token, not too large."""
    sizes = keys & np.uint64(MAX_SIZE)
    tokens = (keys >> TOKEN_SHIFT << TOKEN_SHIFT) | HOST
    limits = np.minimum(np.floor(sizes / threshold + 1e-9), MAX_SIZE).astype(np.uint64)
    limits[sizes == MAX_SIZE] = MAX_SIZE
    ends = np.searchsorted(keys, tokens | limits, side="right")
    hosts = (keys & HOST) != 0
    starts = np.where(hosts, np.arange(1, len(keys) + 1), np.searchsorted(keys, tokens | sizes))
    return starts, np.maximum(ends - starts, 0)


def _distinct(a: Numbers, b: Numbers, wanted: NDArray[np.bool_]) -> Pairs:
    a, b = a[wanted], b[wanted]
    low, high = np.minimum(a, b), np.maximum(a, b)
    keys = np.unique((low << 32) | high)
    keys = keys[(keys >> 32) != (keys & 0xFFFFFFFF)]
    return np.stack([keys >> 32, keys & 0xFFFFFFFF], axis=1)


def _sketches(sets: StoredSets) -> Hashes:
    """Fold each set to some words of 64 bits: every gram flips one bit."""
    words = _sketch_words(sets)
    folded = np.empty((len(sets), words), dtype=np.uint64)
    for first, part in sets.parts():
        flip = np.uint64(1) << (part.grams & np.uint64(63))
        word = (part.grams >> np.uint32(6)) & np.uint32(words - 1)
        for w in range(words):
            flips = np.where(word == np.uint32(w), flip, np.uint64(0))
            folded[first : first + len(part), w] = np.bitwise_xor.reduceat(flips, part.starts[:-1])
    return folded


def _sketch_words(sets: StoredSets) -> int:
    """Return a power of two that fits the mean size of the sets."""
    fewest, most = _SKETCH_WORDS
    bits = _SKETCH_BITS_A_GRAM * int(sets.starts[-1]) / max(len(sets), 1)
    return min(most, max(fewest, 1 << max(int(bits) // 64, 1).bit_length()))

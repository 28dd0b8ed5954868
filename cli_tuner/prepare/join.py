"""All pairs of sets with Jaccard similarity >= t, exactly: a set-similarity join, not a sample.

MinHash finds a near pair with a probability; a proof of no leakage needs certainty. Candidates share one of
their rare tokens (`prepare/tokens.py`); then come two bounds that never lose a true pair (size, and a 256-bit
parity sketch whose Hamming distance is at most the symmetric difference) before the intersection is counted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from cli_tuner.prepare.shingles import GramSets, Hashes, Numbers, mix
from cli_tuner.prepare.tokens import ENTRY, Prefix, count_tokens, cut, rare_tokens, short_rows

Pairs = NDArray[np.int64]
"""Shape (n, 2): row numbers, the smaller first."""

PARTS_FROM = 50_000
_PIECE_GRAMS = 1 << 21
_SKETCH_WORDS = 4
_FREQUENCY_BITS = 22
_BATCH = 1 << 18


def near_pairs(
    sets: GramSets, threshold: float, labels: Callable[[], Numbers] | None = None, *, parts_from: int = PARTS_FROM
) -> Iterator[Pairs]:
    """Yield all pairs of rows whose Jaccard similarity is at least `threshold`, in batches.

    Equal sets are yielded as a chain (each row with the first equal one), and only the first of them stands
    for the others elsewhere: enough to connect or to find every near row, not a list of all n^2 equal pairs.
    A pair may come more than once.

    Args:
        sets: The rows; grams may lie on disk, memory holds about 100 bytes a row besides.
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
            for candidates in _candidates(prefix, threshold, labels() if labels else None, sketches):
                wanted = candidates if labels is None else _unlike(candidates, labels())
                yield from _verified(sets, wanted, threshold)
            sets.release()


def _unlike(pairs: Pairs, labels: Numbers) -> Pairs:
    unlike: Pairs = pairs[labels[pairs[:, 0]] != labels[pairs[:, 1]]]
    return unlike


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


def _prefixes(sets: GramSets, use: NDArray[np.bool_], threshold: float, folder: Path, plain: bool) -> Iterator[Prefix]:
    """Yield the rare tokens of every row, in pieces between which no token is shared."""
    often = np.zeros(1 << _FREQUENCY_BITS, dtype=np.uint32)
    for first, part in sets.parts():
        count_tokens(cut(part.only(use[first : first + len(part)]), threshold, plain=plain), often)
    n_pieces = 1 + int(sets.starts[-1]) // _PIECE_GRAMS
    files = [(folder / f"{number}.prefix").open("w+b") for number in range(n_pieces)]
    short: list[Numbers] = []
    try:
        for first, part in sets.parts():
            tokens = cut(part.only(use[first : first + len(part)]), threshold, plain=plain)
            short.append(first + short_rows(tokens))
            _spread(rare_tokens(tokens, often, first), files)
        for rare in _rest(sets, use, threshold, np.concatenate(short) if short else np.zeros(0, dtype=np.int64)):
            _spread(rare, files)
        for file in files:
            file.seek(0)
            yield np.fromfile(file, dtype=ENTRY)
    finally:
        for file in files:
            file.close()


def _spread(prefix: Prefix, files: Sequence[IO[bytes]]) -> None:
    piece = (prefix["token"] & np.uint64(0xFFFFFFFF)) % np.uint64(len(files))
    for number, file in enumerate(files):
        prefix[piece == number].tofile(file)


def _rest(sets: GramSets, use: NDArray[np.bool_], threshold: float, short: Numbers) -> Iterator[Prefix]:
    """Join the few rows whose tokens were too few for the guarantee by single grams, with all rows."""
    if not len(short):
        return
    wanted = np.zeros(len(sets), dtype=bool)
    wanted[short] = True
    never = np.zeros(1 << _FREQUENCY_BITS, dtype=np.uint32)
    known = [np.zeros(0, dtype=np.uint64)]
    for first, part in sets.parts():
        chosen = cut(part.only(wanted[first : first + len(part)]), threshold, plain=True)
        known.append(np.unique(rare_tokens(chosen, never, first)["token"]))
    tokens = np.unique(np.concatenate(known))
    for first, part in sets.parts():
        every = rare_tokens(cut(part.only(use[first : first + len(part)]), threshold, plain=True), never, first)
        yield every[np.isin(every["token"], tokens)]


def _candidates(prefix: Prefix, threshold: float, labels: Numbers | None, sketches: Hashes) -> Iterator[Pairs]:
    prefix = prefix[np.lexsort((prefix["size"], prefix["token"]))]
    if labels is not None:
        prefix = _mixed(prefix, labels)
    tokens, rows = prefix["token"].copy(), prefix["row"].astype(np.int64)
    places, sizes = prefix["place"].astype(np.int64), prefix["size"].astype(np.int64)
    at = np.arange(len(tokens))
    held: list[Pairs] = []
    for step in range(1, len(tokens)):
        at = at[at + step < len(tokens)]
        far = at + step
        alive = (tokens[at] == tokens[far]) & (sizes[at] >= threshold * sizes[far] - 1e-9)
        at, far = at[alive], far[alive]
        if not len(at):
            break
        bound = np.minimum(sizes[at] - places[at], sizes[far] - places[far])
        hopeful = bound >= threshold / (1 + threshold) * (sizes[at] + sizes[far]) - 1e-9
        if labels is not None:
            hopeful &= labels[rows[at]] != labels[rows[far]]
        left, right = at[hopeful], far[hopeful]
        alike = _sketches_alike(sketches, rows[left], rows[right], sizes[left] + sizes[right], threshold)
        held.append(_ordered(rows[left[alike]], rows[right[alike]]))
        if sum(map(len, held)) > _BATCH:
            yield _distinct(held)
            held = []
    if held:
        yield _distinct(held)


def _mixed(prefix: Prefix, labels: Numbers) -> Prefix:
    """Drop the tokens whose rows all have one label: no pair of them is wanted."""
    label = labels[prefix["row"]]
    at = np.flatnonzero(np.concatenate([[True], prefix["token"][1:] != prefix["token"][:-1]]))
    if not len(prefix):
        return prefix
    mixed = np.minimum.reduceat(label, at) != np.maximum.reduceat(label, at)
    kept: Prefix = prefix[np.repeat(mixed, np.diff(np.append(at, len(prefix))))]
    return kept


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


def _sketches_alike(
    sketches: Hashes, left: Numbers, right: Numbers, sizes: Numbers, threshold: float
) -> NDArray[np.bool_]:
    distance = np.bitwise_count(sketches[left] ^ sketches[right]).sum(axis=1)
    passes: NDArray[np.bool_] = distance <= (1 - threshold) / (1 + threshold) * sizes + 1e-9
    return passes

"""Tokens of a set: few, rare, and so many in common that near sets cannot miss each other.

The prefix principle: order a set's tokens from rare to common; if at most d of them can be missing from any near
set, one of the first d + 1 tokens of each is shared (Chaudhuri et al. 2006, https://doi.org/10.1109/ICDE.2006.9;
Bayardo et al. 2007, https://doi.org/10.1145/1242572.1242591). With single grams as tokens this degrades where
every word is common. So large sets are cut by hash into parts, and a token is the whole content of a part: a gram
that differs spoils one part only, and two or three grams together are rare (the pigeonhole of Arasu et al. 2006,
PartEnum, https://www.vldb.org/conf/2006/p918-arasu.pdf, under the prefix principle).

Sets of sizes a <= b with Jaccard >= t have a >= t * b and differ in at most (1 - t) / t * a grams. The number of
parts depends on a class of sizes, [t^-k, t^-(k+1)); a row is cut for its own class and the next, so that two near
rows always have a class in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cli_tuner.prepare.shingles import GramSets, Hashes, Numbers, mix

ENTRY = np.dtype([("token", np.uint64), ("row", np.int32), ("place", np.int32), ("size", np.int32)])
Prefix = NDArray[Any]
"""Entries of `ENTRY`: a rare token, its row, its place in the row's order (0 where that says nothing), its size."""

PLAIN_BELOW = 16.0
"""Sets smaller than this are not cut: their grams are the tokens."""
_PART_RATE = 0.7
_HIGH_OWNER = np.uint64(48)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of some rows. An owner is a row in a size class; a row has one or two.

    Attributes:
        tokens: Hashes of 32 bits.
        owners: Owner of each token.
        rows: Row of each owner, counted from the first of the piece.
        sizes: Size of each owner's set.
        spoiled: How many of each owner's tokens a near set may lack.
        whole: True where the tokens are the grams themselves.
    """

    tokens: Hashes
    owners: Numbers
    rows: Numbers
    sizes: Numbers
    spoiled: Numbers
    whole: NDArray[np.bool_]


def cut(sets: GramSets, threshold: float, *, plain: bool = False) -> Tokens:
    """Cut every set into the tokens of its size class and of the next.

    Args:
        sets: A piece of the rows; rows with empty sets take no part.
        threshold: Jaccard similarity, in (0, 1].
        plain: Take single grams as tokens whatever the size.
    """
    rows, bases = _classes(sets.sizes, min(threshold, 0.99), plain)
    sizes = sets.sizes[rows]
    parts = np.ceil(min(_PART_RATE, 2.1 * (1 - threshold) / threshold) * bases).astype(np.int64)
    parts = np.where(bases < PLAIN_BELOW, 0, np.clip(parts, 1, 4095))
    rate = (1 - threshold) / threshold
    missing = np.where(parts == 0, sizes - np.ceil(threshold * sizes - 1e-9), np.floor(rate * sizes + 1e-9))
    tokens, owners = _contents(sets, rows, parts)
    return Tokens(tokens, owners, rows, sizes, missing.astype(np.int64), parts == 0)


def _classes(sizes: Numbers, threshold: float, plain: bool) -> tuple[Numbers, NDArray[np.float64]]:
    """Return row and smallest size of the class of each owner; 0 where grams are the tokens."""
    rows = np.flatnonzero(sizes)
    level = np.floor(np.log(sizes[rows]) / -np.log(threshold) + 1e-9)
    own, following = threshold**-level, threshold ** -(level + 1)
    own, following = (np.where((base < PLAIN_BELOW) | plain, 0.0, base) for base in (own, following))
    twice = following > 0.0
    return np.concatenate([rows, rows[twice]]), np.concatenate([own, following[twice]])


def _contents(sets: GramSets, rows: Numbers, parts: Numbers) -> tuple[Hashes, Numbers]:
    """Hash the content of each part of each owner; a gram is a part of its own where `parts` is 0."""
    counts = sets.sizes[rows]
    owners = np.repeat(np.arange(len(rows)), counts)
    grams = sets.grams[
        sets.starts[rows][owners] + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    ]
    number = parts[owners].astype(np.uint64)
    part = np.where(number == 0, np.uint64(0), (grams >> np.uint64(36)) * number >> np.uint64(12))
    # Owner, part and 36 bits of the gram in one number: a plain sort gathers each part.
    packed = (owners.astype(np.uint64) << _HIGH_OWNER) | (part << np.uint64(36)) | (grams & np.uint64((1 << 36) - 1))
    packed = np.sort(packed)
    owners = (packed >> _HIGH_OWNER).astype(np.int64)
    fresh = np.ones(len(packed), dtype=bool)
    fresh[1:] = ((packed[1:] >> np.uint64(36)) != (packed[:-1] >> np.uint64(36))) | (parts[owners[1:]] == 0)
    at = np.flatnonzero(fresh)
    content = np.add.reduceat(mix(packed & np.uint64((1 << 36) - 1)), at) if len(at) else packed
    owners = owners[at]
    place = (parts[owners].astype(np.uint64) << np.uint64(12)) | ((packed[at] >> np.uint64(36)) & np.uint64(0xFFF))
    return mix(content + mix(place)) >> np.uint64(32), owners


def count_tokens(tokens: Tokens, often: NDArray[np.uint32]) -> None:
    """Add the tokens to a table of how often each is seen (roughly: tokens share slots)."""
    np.add.at(often, _slot(tokens.tokens, often), np.uint32(1))


def _slot(tokens: Hashes, often: NDArray[np.uint32]) -> Numbers:
    slots: Numbers = (tokens & np.uint64(len(often) - 1)).astype(np.int64)
    return slots


def rare_tokens(tokens: Tokens, often: NDArray[np.uint32], first: int) -> Prefix:
    """Keep the rarest tokens of each owner, as many as the prefix principle asks for.

    Args:
        tokens: Of one piece of the rows.
        often: The finished table; any order that is the same for all rows is right, rare first is fast.
        first: Row number of the first row of the piece.
    """
    common = np.minimum(often[_slot(tokens.tokens, often)], 0xFFFF).astype(np.uint64)
    packed = np.sort((tokens.owners.astype(np.uint64) << np.uint64(48)) | (common << np.uint64(32)) | tokens.tokens)
    counts = np.bincount(tokens.owners, minlength=len(tokens.rows))
    owners = np.repeat(np.arange(len(tokens.rows)), counts)
    place = np.arange(len(packed)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = place <= tokens.spoiled[owners]
    entries = np.empty(int(kept.sum()), dtype=ENTRY)
    entries["token"] = packed[kept] & np.uint64((1 << 48) - 1)
    entries["row"] = first + tokens.rows[owners[kept]]
    entries["place"] = np.where(tokens.whole[owners[kept]], place[kept], 0)
    entries["size"] = tokens.sizes[owners[kept]]
    return entries


def short_rows(tokens: Tokens) -> Numbers:
    """Return the rows with so few tokens that a near set might lack them all."""
    counts = np.bincount(tokens.owners, minlength=len(tokens.rows))
    return np.unique(tokens.rows[counts <= tokens.spoiled])

"""Tokens of a set: few, rare, and so many in common that near sets cannot miss each other.

The prefix principle: order a set's tokens from rare to common; if at most d of them can be missing from any near
set, one of the first d + 1 tokens of each is shared (Chaudhuri et al. 2006, https://doi.org/10.1109/ICDE.2006.9;
Bayardo et al. 2007, https://doi.org/10.1145/1242572.1242591). With single grams as tokens this degrades where
every word is common. So large sets are cut by hash into parts, and a token is the whole content of a part: a gram
that differs spoils one part only, and two or three grams together are rare (the pigeonhole of Arasu et al. 2006,
PartEnum, https://www.vldb.org/conf/2006/p918-arasu.pdf, under the prefix principle).

Sets of sizes a <= b with Jaccard >= t have a >= t * b and differ in at most (1 - t) / t * a grams. The number of
parts depends on a class of sizes, [t^-k, t^-(k+1)); a row is cut for its own class and, as a guest, for the next,
so that two near rows always have a class in common of which at least one is no guest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cli_tuner.prepare.shingles import Grams, GramSets, Hashes, Numbers, mix

ENTRY = np.dtype([("key", np.uint64), ("row", np.uint32), ("place", np.uint32)])
Prefix = NDArray[Any]
"""Entries of `ENTRY`: a rare token (`make_keys`), its row, its place in the row's order (0: says nothing)."""

PLAIN_BELOW = 16.0
"""Sets smaller than this are not cut: their grams are the tokens."""
TOKEN_SHIFT, HOST = np.uint64(17), np.uint64(1 << 16)
MAX_SIZE = 0xFFFF
_PART_RATE = 0.7
_MAX_COMMON = 0x7FFF
_LOW = np.uint64((1 << 32) - 1)


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
        guest: True where the class is not the row's own.
    """

    tokens: Hashes
    owners: Numbers
    rows: Numbers
    sizes: Numbers
    spoiled: Numbers
    whole: NDArray[np.bool_]
    guest: NDArray[np.bool_]


def make_keys(tokens: Hashes, sizes: Numbers, guest: NDArray[np.bool_]) -> Hashes:
    """Pack token (47 bits), host or guest, and size: sorted, the rows of a token are guests first, then by size."""
    hosts = np.where(guest, np.uint64(0), HOST)
    keys: Hashes = (tokens << TOKEN_SHIFT) | hosts | np.minimum(sizes, MAX_SIZE).astype(np.uint64)
    return keys


def cut(sets: GramSets, threshold: float, *, plain: bool = False) -> Tokens:
    """Cut every set into the tokens of its size class and of the next.

    Args:
        sets: A piece of the rows; rows with empty sets take no part.
        threshold: Jaccard similarity, in (0, 1].
        plain: Take single grams as tokens whatever the size.
    """
    rows, bases, guest = _classes(sets.sizes, min(threshold, 0.99), plain)
    sizes = sets.sizes[rows]
    rate = (1 - threshold) / threshold
    parts = np.clip(np.ceil(min(_PART_RATE, 2.1 * rate) * bases), 1, 4095).astype(np.int64)
    parts[bases < PLAIN_BELOW] = 0
    missing = np.where(parts == 0, _missing(sizes, threshold), np.floor(rate * sizes + 1e-9)).astype(np.int64)
    whole, divided = np.flatnonzero(parts == 0), np.flatnonzero(parts)
    grams, owners = sets.take(rows[whole])
    contents, holders = _contents(sets, rows[divided], parts[divided])
    tokens = np.concatenate([grams.astype(np.uint64), contents])
    owners = np.concatenate([whole[owners], divided[holders]])
    return Tokens(tokens, owners, rows, sizes, missing, parts == 0, guest)


def _missing(sizes: Numbers, threshold: float) -> Numbers:
    missing: Numbers = sizes - np.ceil(threshold * sizes - 1e-9).astype(np.int64)
    return missing


def _classes(sizes: Numbers, threshold: float, plain: bool) -> tuple[Numbers, NDArray[np.float64], NDArray[np.bool_]]:
    """Return row, smallest size of the class (0 where grams are the tokens), and whether a guest, of each owner."""
    rows = np.flatnonzero(sizes)
    if plain:
        return rows, np.zeros(len(rows)), np.zeros(len(rows), dtype=bool)
    level = np.floor(np.log(sizes[rows]) / -np.log(threshold) + 1e-9)
    own, following = threshold**-level, threshold ** -(level + 1)
    own, following = (np.where(base < PLAIN_BELOW, 0.0, base) for base in (own, following))
    twice = following > 0.0
    guest = np.repeat([False, True], [len(rows), int(twice.sum())])
    return np.concatenate([rows, rows[twice]]), np.concatenate([own, following[twice]]), guest


def _contents(sets: GramSets, rows: Numbers, parts: Numbers) -> tuple[Hashes, Numbers]:
    """Hash the content of each part of each owner."""
    taken, owners = sets.take(rows)
    grams = taken.astype(np.uint64)
    part = (grams >> np.uint64(20)) * parts[owners].astype(np.uint64) >> np.uint64(12)
    # Owner, part and gram in one number: a plain sort gathers each part.
    packed = np.sort((owners.astype(np.uint64) << np.uint64(44)) | (part << np.uint64(32)) | grams)
    holders = packed >> np.uint64(32)
    fresh = np.ones(len(packed), dtype=bool)
    fresh[1:] = holders[1:] != holders[:-1]
    at = np.flatnonzero(fresh)
    content = np.add.reduceat(mix(packed & _LOW), at) if len(at) else packed
    owners = (packed[at] >> np.uint64(44)).astype(np.int64)
    place = (parts[owners].astype(np.uint64) << np.uint64(12)) | (holders[at] & np.uint64(0xFFF))
    return mix(content + mix(place)) >> np.uint64(32), owners


def count_tokens(tokens: Tokens, often: NDArray[np.uint32]) -> None:
    """Add the tokens to a table of how often each is seen (roughly: tokens share slots)."""
    often += np.bincount(_slot(tokens.tokens, often), minlength=len(often)).astype(np.uint32)


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
    common = np.minimum(often[_slot(tokens.tokens, often)], _MAX_COMMON).astype(np.uint64)
    packed = np.sort((tokens.owners.astype(np.uint64) << np.uint64(48)) | (common << np.uint64(32)) | tokens.tokens)
    counts = np.bincount(tokens.owners, minlength=len(tokens.rows))
    owners = np.repeat(np.arange(len(tokens.rows)), counts)
    place = np.arange(len(packed)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = place <= tokens.spoiled[owners]
    owners, place = owners[kept], place[kept]
    entries = np.empty(len(owners), dtype=ENTRY)
    entries["key"] = make_keys(packed[kept] & np.uint64((1 << 47) - 1), tokens.sizes[owners], tokens.guest[owners])
    entries["row"] = first + tokens.rows[owners]
    entries["place"] = np.where(tokens.whole[owners], place, 0)
    return entries


def short_rows(tokens: Tokens) -> Numbers:
    """Return the rows with so few tokens that a near set might lack them all."""
    counts = np.bincount(tokens.owners, minlength=len(tokens.rows))
    return np.unique(tokens.rows[counts <= tokens.spoiled])


def first_grams(sets: GramSets, threshold: float, first: int) -> tuple[Grams, Prefix]:
    """Return the tokens of short rows: the smallest grams of each row, in one order for all, and their entries."""
    sizes = sets.sizes
    rows = np.repeat(np.arange(len(sets)), sizes)
    place = np.arange(len(rows)) - sets.starts[:-1][rows]
    kept = place <= _missing(sizes, threshold)[rows]
    rows, grams = rows[kept], sets.grams[kept]
    entries = np.empty(len(rows), dtype=ENTRY)
    entries["key"] = make_keys(grams.astype(np.uint64), sizes[rows], np.zeros(len(rows), dtype=bool))
    entries["row"] = first + rows
    entries["place"] = place[kept]
    return grams, entries

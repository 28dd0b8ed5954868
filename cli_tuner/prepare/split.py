"""Groups dealt to train, val and test: seeded, whole, and so that rare utilities are in every split.

`stratified` deals the groups of each utility out by what its splits still lack. `hash` looks at the group's own
key and the seed only, so no group moves when rows are added (unless new rows join two groups).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cli_tuner.prepare.settings import SPLITS, Split
from cli_tuner.prepare.shingles import Hashes, Numbers, hash64, mix

GIANT_RATE = 0.01
"""A group with more than this share of all rows goes to train: it would unbalance val or test."""


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of the kept rows.

    Attributes:
        of_row: Group number of each kept row, 0..n-1.
        keys: A hash that names each group: the smallest instruction key in it.
        sizes: Rows of each group.
        utilities: The utility of each group's first row.
    """

    of_row: Numbers
    keys: Hashes
    sizes: Numbers
    utilities: NDArray[np.int32]


def make_groups(roots: Numbers, instruction_keys: Hashes, utilities: NDArray[np.int32]) -> Groups:
    """Number the groups of the kept rows."""
    _, first, of_row = np.unique(roots, return_index=True, return_inverse=True)
    keys = np.full(len(first), np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(keys, of_row, instruction_keys)
    return Groups(of_row, keys, np.bincount(of_row, minlength=len(first)), utilities[first])


def assign(groups: Groups, settings: Split, seed: int) -> NDArray[np.int8]:
    """Return the split of each group, as an index into `SPLITS`."""
    lots: Hashes = mix(groups.keys ^ np.uint64(hash64(f"split\0{seed}")))
    if settings.assignment == "hash":
        return _by_hash(lots, settings)
    return _stratified(groups, lots, settings)


def keep_parts(groups: Groups, dealt: NDArray[np.int8], part_of_row: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return the split of each group, those of sources that name theirs (0..2, -1: none) in their own.

    A group with rows of several parts goes to the last of them, so that nothing measured is trained on.
    """
    wanted = np.full(len(groups.sizes), -1, dtype=np.int8)
    np.maximum.at(wanted, groups.of_row, part_of_row)
    return np.where(wanted >= 0, wanted, dealt).astype(np.int8)


def _by_hash(lots: Hashes, settings: Split) -> NDArray[np.int8]:
    place = lots.astype(np.float64) / 2.0**64
    borders = np.array([settings.train, settings.train + settings.val])
    return np.searchsorted(borders, place, side="right").astype(np.int8)


def _stratified(groups: Groups, lots: Hashes, settings: Split) -> NDArray[np.int8]:
    shares = np.array([settings.train, settings.val, settings.test])
    result = np.zeros(len(groups.sizes), dtype=np.int8)
    total = int(groups.sizes.sum())
    giant = groups.sizes > max(GIANT_RATE * total, 10)
    dealt = np.array([int(groups.sizes[giant].sum()), 0, 0], dtype=np.float64)
    expected = shares * dealt.sum()
    free = np.flatnonzero(~giant)
    by_utility = np.bincount(groups.utilities[free], weights=groups.sizes[free])
    # Rare utilities first: the common ones then even out what they unbalance.
    order = np.lexsort((lots[free], groups.utilities[free], by_utility[groups.utilities[free]]))
    for members in np.split(free[order], np.flatnonzero(np.diff(groups.utilities[free[order]])) + 1):
        expected += shares * groups.sizes[members].sum()
        _deal(members, groups.sizes, result, dealt, expected, shares)
    return result


def _deal(
    members: Numbers,
    sizes: Numbers,
    result: NDArray[np.int8],
    dealt: NDArray[np.float64],
    expected: NDArray[np.float64],
    shares: NDArray[np.float64],
) -> None:
    """Deal one utility's groups to the neediest split; the last ones to splits that would else have none of it."""
    missing = [number for number in (2, 1, 0) if shares[number] > 0] if len(members) >= len(SPLITS) else []
    last = np.argsort(sizes[members], kind="stable")[: len(missing)]  # the smallest even out the most
    in_turn = np.concatenate([np.delete(members, last), members[last][::-1]]).tolist()
    for left, group in zip(range(len(in_turn), 0, -1), in_turn, strict=True):
        number = missing[0] if left <= len(missing) else int(np.argmax(expected - dealt))
        if number in missing:
            missing.remove(number)
        result[group] = number
        dealt[number] += sizes[group]

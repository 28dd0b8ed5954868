"""Groups: rows that say the same or nearly the same, which no two splits may share.

Connected components of: equal in any form of the instruction or of a command, or near (exact 5-gram Jaccard)
in any view. A group is transitive, so two of its rows may be far apart; that is the price of a clean border.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cli_tuner.prepare.cuts import Cuts, Keys
from cli_tuner.prepare.dedupe import near_in_view
from cli_tuner.prepare.join import NO_PAIRS, Pairs, each_pair, near_pairs
from cli_tuner.prepare.keys import COMMAND_FORMS, INSTRUCTION_FORMS, VIEWS
from cli_tuner.prepare.shingles import Hashes, Numbers, StoredSets
from cli_tuner.prepare.workers import Crew

NEAR_VIEW = "pair_chars"
"""The view in which near-duplicates are alike."""
_FLUSH = 20_000


class UnionFind:
    """Connected components over row numbers; the smallest row of a component stands for it.

    Args:
        roots: Components that are known already: for each row the smallest row connected to it.
    """

    def __init__(self, roots: Numbers) -> None:
        self.roots: Numbers = roots.copy()

    def connect(self, pairs: Pairs) -> None:
        """Join the two rows of every pair; afterwards `roots[i]` is the smallest row connected to `i`."""
        parents = self.roots
        for a, b in each_pair(pairs):
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


def connect_equal(union: UnionFind, keys: Keys) -> None:
    """Connect all rows that share a form of their instruction or of a command."""
    for form in INSTRUCTION_FORMS:
        union.connect(equal_pairs(keys.instruction(form), np.arange(len(keys))))
    for form in COMMAND_FORMS:
        union.connect(equal_pairs(keys.command(form), keys.owners()))


def connect_near(union: UnionFind, sets: StoredSets, threshold: float) -> None:
    """Connect all rows whose sets are at least `threshold` alike."""
    held: list[Pairs] = []
    for pairs in near_pairs(sets, threshold, lambda: union.roots):
        held.append(pairs)
        if sum(map(len, held)) > _FLUSH:
            union.connect(np.concatenate(held))
            held = []
    union.connect(np.concatenate([*held, NO_PAIRS]))


def compare_views(
    union: UnionFind, cuts: Cuts, threshold: float, crew: Crew, folder: Path, near: tuple[float, int] | None
) -> Pairs:
    """Connect what is near in any view; each view is a task, and starts from what is connected by then.

    Args:
        union: What is connected already.
        cuts: The rows.
        threshold: Least Jaccard similarity of connected rows.
        crew: Who compares.
        folder: For what tasks hand on.
        near: Also find all pairs of `NEAR_VIEW` this alike, by so many permutations (`near_in_view`).

    Returns:
        The pairs that `near` asks for.
    """

    def tasks() -> Iterator[tuple[Any, ...]]:
        if near is not None:
            yield near_in_view, cuts, NEAR_VIEW, *near
        for number, view in enumerate(VIEWS):
            known = folder / f"{number}.roots.npy"
            np.save(known, union.roots)
            yield _connected, cuts, view, threshold, known

    found = NO_PAIRS
    for work, pairs in crew.results(_called, tasks(), ahead=1):
        if work == near_in_view.__name__:
            found = pairs
        union.connect(pairs)
    return found


def _called(work: Callable[..., Pairs], *arguments: Any) -> tuple[str, Pairs]:
    return work.__name__, work(*arguments)


def _connected(cuts: Cuts, view: str, threshold: float, known: Path) -> Pairs:
    """Return pairs that connect what one view connects beyond what is known."""
    before = np.load(known)
    union = UnionFind(before)
    with cuts.sets(view) as sets:
        connect_near(union, sets, threshold)
    changed = np.flatnonzero(union.roots != before)
    return np.stack([before[changed], union.roots[changed]], axis=1)


def crossing(cuts: Cuts, threshold: float, labels: Numbers, crew: Crew, folder: Path) -> Iterator[tuple[str, Pairs]]:
    """Yield for each view the near pairs of rows with different labels.

    Args:
        cuts: The rows.
        threshold: Least Jaccard similarity.
        labels: One a row.
        crew: Who compares.
        folder: For what tasks hand on.
    """
    file = folder / "labels.npy"
    np.save(file, labels)
    yield from crew.results(_crossing, ((cuts, view, threshold, file) for view in VIEWS), ahead=1)


def _crossing(cuts: Cuts, view: str, threshold: float, labels: Path) -> tuple[str, Pairs]:
    label_of = np.load(labels)
    with cuts.sets(view) as sets:
        pairs = np.concatenate([*near_pairs(sets, threshold, lambda: label_of), NO_PAIRS])
    return view, pairs[label_of[pairs[:, 0]] != label_of[pairs[:, 1]]]

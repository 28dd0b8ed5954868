from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cli_tuner.prepare.cuts import Cuts, Keys, cut_piece, pieces_of_lines
from cli_tuner.prepare.groups import UnionFind, compare_views, connect_equal, crossing
from cli_tuner.prepare.keys import VIEWS, texts_of
from cli_tuner.prepare.workers import Crew
from tests.prepare.conftest import pairs, write_rows
from tests.prepare.test_join import components, naive_pairs

pytestmark = pytest.mark.integration


def _rows() -> list[dict[str, object]]:
    near = [
        {"instruction": f"Show the {n} biggest files below projects/archive/2019", "command": f"du -a p | tail -{n}"}
        for n in range(1, 12)
    ]
    odd = [{"instruction": "Count  the words, of 'a b'", "command": "wc -w 'a b'"}]
    odd += [{"instruction": "something else entirely", "command": 'wc  -w "a b"'}]
    return [{**row, "references": []} for row in [*pairs(40), *near, *odd]]


def _cut(folder: Path, rows: list[dict[str, object]]) -> Cuts:
    (folder / "cuts").mkdir()
    pieces = list(pieces_of_lines(write_rows(folder / "rows.jsonl", rows)))
    for number, piece in enumerate(pieces):
        cut_piece(folder / "cuts", number, piece)
    return Cuts(folder / "cuts", len(pieces))


def _expected(rows: list[dict[str, object]], threshold: float) -> list[int]:
    """Groups by their definition."""
    texts = [texts_of(row) for row in rows]
    joined: set[tuple[int, int]] = set()
    for forms in [t.command.values() for t in texts], [t.instruction.values() for t in texts]:
        for column in zip(*forms, strict=True):
            joined |= {(a, b) for b in range(len(rows)) for a in range(b) if column[a] == column[b]}
    for kind, text in VIEWS.values():
        joined |= naive_pairs([text(t) for t in texts], kind, threshold)
    return components(len(rows), joined)


def _grouped(cuts: Cuts, keys: Keys, threshold: float, crew: Crew) -> list[int]:
    union = UnionFind(np.arange(len(keys)))
    connect_equal(union, keys)
    compare_views(union, cuts, threshold, crew, cuts.folder, (0.9, 0))
    return union.roots.tolist()


@pytest.mark.parametrize("threshold", [0.75, 0.8])
def test_groups_are_the_components_of_their_definition(tmp_path: Path, threshold: float) -> None:
    rows = _rows()
    cuts = _cut(tmp_path, rows)
    assert _grouped(cuts, cuts.keys(), threshold, Crew(1)) == _expected(rows, threshold)


def test_near_pairs_are_found_whatever_is_connected_already(tmp_path: Path) -> None:
    cuts = _cut(tmp_path, _rows())
    union = UnionFind(np.zeros(len(cuts.keys()), dtype=np.int64))
    assert len(compare_views(union, cuts, 0.8, Crew(1), cuts.folder, (0.8, 0))) > 10


def test_only_pairs_across_labels_are_crossing(tmp_path: Path) -> None:
    cuts = _cut(tmp_path, _rows())
    labels = np.arange(len(cuts.keys())) % 2
    found = dict(crossing(cuts, 0.8, labels, Crew(1), cuts.folder))
    assert set(found) == set(VIEWS) and len(found["pair_chars"]) > 5
    assert all((labels[part[:, 0]] != labels[part[:, 1]]).all() for part in found.values())


@pytest.mark.contract
def test_two_workers_find_the_same_groups(tmp_path: Path) -> None:
    rows = _rows()
    cuts = _cut(tmp_path, rows)
    with Crew(2) as crew:
        assert _grouped(cuts, cuts.keys(), 0.75, crew) == _expected(rows, 0.75)

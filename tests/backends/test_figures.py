"""Figures are drawn over the same bins for every split, and are pictures that open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli_tuner.backends import figures


def test_all_splits_share_their_bins_and_no_row_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    drawn: list[Any] = []
    save = figures.save
    monkeypatch.setattr(figures, "save", lambda figure, path: (drawn.append(figure), save(figure, path)))
    lengths = {"train": {5: 100, 60: 3, 400: 1}, "val": {7: 9}, "test": {}}
    figures.draw_lengths(lengths, tmp_path / "lengths.png")
    assert (tmp_path / "lengths.png").read_bytes().startswith(b"\x89PNG")
    (axes,) = drawn[0].axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "train (104 rows)", "val (9 rows)", "test (0 rows)",
    ]  # fmt: skip
    outlines = [patch.get_path().vertices[:, 0] for patch in axes.patches]
    assert len({(round(min(each), 6), round(max(each), 6)) for each in outlines}) == 1
    assert min(outlines[0]) <= 5 and max(outlines[0]) > 400
    assert axes.get_yscale() == "log" and "tokens" in axes.get_xlabel()

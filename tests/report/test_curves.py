"""Curves and charts: what was logged, and only that."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from cli_tuner.report.breakdown import bins, count
from cli_tuner.report.charts import NARROW, Line, histogram, line_chart, ticks
from cli_tuner.report.curves import curves


def test_a_step_that_was_repeated_after_a_resume_counts_once_as_logged_last() -> None:
    lines = [{"step": 2, "loss": 2.0}, {"step": 1, "loss": 3.0}, {"step": 2, "loss": 1.5}]
    assert curves(lines, ()).points("loss") == [(1, 3.0), (2, 1.5)]


def test_numbers_that_are_not_finite_are_counted_and_not_drawn() -> None:
    found = curves([{"step": 1, "loss": "nan", "grad_norm": "inf"}, {"step": 2, "loss": 1.0}], ())
    assert found.not_finite == 2
    assert found.points("loss") == [(2, 1.0)]
    assert found.points("grad_norm") == []


def test_a_line_without_a_step_is_passed_over() -> None:
    assert curves([{"loss": 1.0}, {"step": "1", "loss": 1.0}], ()).series == {}


def test_checkpoints_are_read_from_the_names_of_their_files() -> None:
    names = ["checkpoint-10/a", "checkpoint-5/a", "checkpoint-5/b", "adapter_model.safetensors", "checkpoint-x/a"]
    assert curves([], names).checkpoints == (5, 10)


@pytest.mark.parametrize("low,high", [(0, 1), (6.59, 6.97), (0, 400), (1e-5, 6e-3), (-1, 1)])
def test_ticks_are_few_and_inside(low: float, high: float) -> None:
    found = ticks(low, high, 5)
    assert 2 <= len(found) <= 8
    assert low <= found[0] < found[-1] <= high


def test_ticks_of_steps_are_whole() -> None:
    assert ticks(0, 3, 8, whole=True) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "points",
    [
        [(1.0, 2.0)],
        [(0.0, 1.0), (10.0, 1.0)],
        [(0.0, 0.0), (1.0, 0.0)],
        [(float(n), 1 / (n + 1)) for n in range(9_000)],
    ],
)
def test_any_curve_is_drawn_as_whole_xml_inside_its_frame(points: list[tuple[float, float]]) -> None:
    chart = line_chart([Line("loss", "train", points)], (1, 99_999), "a loss")
    root = ElementTree.fromstring(chart.svg)
    assert root.attrib["viewBox"] == f"0 0 {NARROW[0]} {NARROW[1]}"
    places = [float(one) for path in root.iter("path") for one in re.findall(r"-?\d+\.?\d*", path.attrib["d"])]
    assert all(-10 <= place <= NARROW[0] for place in places)
    assert len(places) < 8_000
    assert "checkpoint-99999" not in chart.svg
    assert chart.hover["series"][0]["points"][-1] == points[-1]


def test_a_histogram_draws_every_bin_of_every_group() -> None:
    cuts = bins({3: 5, 4: 1, 9: 2})
    root = ElementTree.fromstring(histogram([("base", cuts), ("tuned", cuts)], "lengths"))
    assert sum(1 for _ in root.iter("rect")) == 2 * len(cuts)


def test_bins_hold_every_row_once() -> None:
    lengths = {7: 3, 8: 1, 100: 2, 1_000: 1}
    cuts = bins(lengths, most=10)
    assert len(cuts) <= 10
    assert sum(rows for _, _, rows in cuts) == 7
    assert all(cuts[n][1] + 1 == cuts[n + 1][0] for n in range(len(cuts) - 1))
    assert bins({}) == []


def test_rows_without_length_or_utility_still_count() -> None:
    found = count([{"n_tokens": 5, "utility": "ls"}, {}, {"n_tokens": "5"}])
    assert (found.rows, dict(found.lengths), dict(found.utilities)) == (3, {5: 1}, {"ls": 1})

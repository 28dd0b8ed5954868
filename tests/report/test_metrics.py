"""Metrics in words: order, unit, direction."""

from __future__ import annotations

import pytest

from cli_tuner.records.evaluation import Paired, Score
from cli_tuner.report.metrics import delta_text, interval, judged, meaning, ordered, p_text, score_text, shown, tally


def test_rates_are_percentages_and_signed_scores_are_numbers() -> None:
    assert shown("exact_match", 0.8125) == "81.2 %"
    assert shown("nlc2cmd_ts", -0.25) == "-0.25"
    assert interval("exact_match", 0.1, 0.2) == "10.0 to 20.0"
    assert score_text("exact_match", Score(value=0.5, n=4, ci_low=0.1, ci_high=0.9)) == "50.0 % (10.0 to 90.0)"


def test_what_was_not_measured_is_a_dash_and_no_zero() -> None:
    assert score_text("exact_match", Score(value=None, n=0)) == "–"
    assert score_text("exact_match", None) == "–"
    assert delta_text("exact_match", None) == p_text(None) == "–"


@pytest.mark.parametrize(
    ("name", "low", "high", "said"),
    [
        ("exact_match", 0.1, 0.3, "better"),
        ("exact_match", -0.3, -0.1, "worse"),
        ("exact_match", -0.1, 0.3, "open"),
        ("fenced_rate", -0.3, -0.1, "better"),
        ("dangerous_rate", 0.1, 0.3, "worse"),
        ("refusal_rate", 0.1, 0.3, "open"),
        ("unknown_metric", 0.1, 0.3, "open"),
        ("exact_match", None, None, "open"),
    ],
)
def test_better_and_worse_follow_the_direction_of_the_metric(name: str, low: float, high: float, said: str) -> None:
    assert judged(name, Paired(delta=0.2, ci_low=low, ci_high=high)) == said


def test_all_and_nothing_are_told_from_nearly() -> None:
    assert [shown("exact_match", value) for value in (1.0, 0.9999, 0.0001, 0.0)] == ["100 %", "100.0 %", "0.0 %", "0 %"]


def test_a_win_counts_as_better_only_where_more_is_better() -> None:
    paired = Paired(delta=-0.5, n=4, wins=0, losses=2, ties=2)
    assert tally("exact_match", paired) == ["0", "2", "2"]
    assert tally("truncated_rate", paired) == ["2", "0", "2"]
    assert tally("exact_match", Paired(delta=0.0)) == tally("exact_match", None) == ["–", "–", "–"]


def test_an_unknown_metric_is_shown_under_its_own_name_after_the_known() -> None:
    assert ordered(["zeta", "exact_match", "alpha", "chrf", "chrf"]) == ["exact_match", "chrf", "alpha", "zeta"]
    assert meaning("my_metric").label == "my metric"
    assert p_text(0.00001) == "< 0.001"

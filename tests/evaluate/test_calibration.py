"""Confidence is weighed against correctness, and only where both are known."""

from __future__ import annotations

import math

import pytest

from cli_tuner.evaluate.calibration import calibration
from cli_tuner.evaluate.score import Scored, score
from cli_tuner.ports import Completion


def scored(probability: float | None, right: bool) -> Scored:
    sure = None if probability is None else math.log(probability)
    return score(Completion("ls" if right else "pwd", 2, "end", sure), ["ls"])


def test_a_model_that_knows_has_area_one_and_bins_that_add_up() -> None:
    found = calibration([scored(0.9, True), scored(0.95, True), scored(0.3, False), scored(0.1, False)])
    assert found is not None and found["auc"] == 1.0 and found["n"] == sum(one["n"] for one in found["bins"]) == 4
    assert found["expected_calibration_error"] == pytest.approx((2 * 0.075 + 0.3 + 0.1) / 4)


def test_ties_count_half_and_without_both_kinds_there_is_no_area() -> None:
    assert (calibration([scored(0.5, True), scored(0.5, False)]) or {})["auc"] == 0.5
    assert (calibration([scored(0.5, True)]) or {})["auc"] is None


def test_what_nobody_recorded_is_not_guessed() -> None:
    assert calibration([scored(None, True)]) is None
    assert calibration([]) is None

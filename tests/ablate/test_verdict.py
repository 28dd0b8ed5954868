"""A winner is named only where its paired interval excludes the runner-up's."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.ablate.verdict import decide, difference

pytest.importorskip("scipy")


def test_the_interval_is_students_over_paired_seeds() -> None:
    found = difference({1: 1.0, 2: 1.1, 3: 1.3}, {1: 1.5, 2: 1.7, 3: 1.7, 4: 9.0})
    assert found is not None
    assert found.n == 3
    assert found.mean == pytest.approx(-0.5)
    # sd 0.1, t(0.975, 2) = 4.302653, by hand
    assert (found.low, found.high) == (pytest.approx(-0.5 - 0.248414, 1e-4), pytest.approx(-0.5 + 0.248414, 1e-4))
    assert found.is_seen


def test_what_seeds_do_to_all_alike_hides_no_difference() -> None:
    recipe = {seed: seed * 1.0 for seed in range(5)}
    better = {seed: loss - 0.1 - seed / 1000 for seed, loss in recipe.items()}
    found = decide({"base": recipe, "trial-001": better}, "base")
    assert (found.winner, found.runner_up) == ("trial-001", "base")
    assert "beats the recipe" in found.text


def test_without_a_difference_none_is_named() -> None:
    found = decide({"base": {1: 1.0, 2: 1.2, 3: 0.9}, "trial-001": {1: 1.1, 2: 0.9, 3: 1.0}}, "base")
    assert found.winner is None
    assert found.text.startswith("no difference seen between trial-001 and base")
    assert "not shown to beat the recipe" in found.text


def test_two_that_beat_the_recipe_and_not_each_other_are_told_so() -> None:
    one, other = {1: 1.0, 2: 1.1, 3: 1.05}, {1: 1.01, 2: 1.08, 3: 1.07}
    found = decide({"base": {1: 2.0, 2: 2.1, 3: 2.05}, "a": one, "b": other}, "base")
    assert found.winner is None
    assert "no difference seen between a and b" in found.text
    assert "a beats the recipe" in found.text


def test_one_seed_or_one_config_or_none_decides_nothing() -> None:
    assert decide({"base": {1: 1.0}, "a": {1: 0.1}}, "base").winner is None
    assert "nothing to compare" in decide({"base": {1: 1.0}, "a": {}}, "base").text
    assert decide({}, "base").best is None
    assert decide({"a": {1: 1.0, 2: 1.0}, "b": {1: 2.0, 2: 2.1}}, "base").text.endswith("not trained to its end")


def test_chance_alone_is_called_a_winner_at_most_about_as_often_as_the_level_says() -> None:
    draw, named = random.Random(3), 0
    for _ in range(400):
        losses = {name: {seed: draw.gauss(1.0, 0.1) for seed in range(4)} for name in ("base", "a")}
        named += decide(losses, "base").winner is not None
    assert named <= 36  # 5 % of 400 are 20, with a standard deviation of 4.4


@given(st.dictionaries(st.sampled_from("abc"), st.dictionaries(st.integers(0, 5), st.floats(0, 9)), max_size=3))
def test_whatever_was_trained_there_is_a_verdict(losses: dict[str, dict[int, float]]) -> None:
    found = decide(losses, "a")
    assert found.text
    assert found.winner is None or (found.to_runner_up is not None and found.to_runner_up.is_seen)

"""Values and intervals by hand, of nothing, and as laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.evaluate.metric import Metric, metric


def test_a_rate_has_wilsons_interval() -> None:
    """7 of 10: centre (7 + z^2/2) / (10 + z^2), half-width z sqrt(7*3/10 + z^2/4) / (10 + z^2), z = 1.95996."""
    found = metric("exact_match", [1.0] * 7 + [0.0] * 3)
    assert (found.value, found.n, found.method) == (0.7, 10, "wilson")
    assert found.ci_low == pytest.approx(0.39677, abs=1e-4)
    assert found.ci_high == pytest.approx(0.89220, abs=1e-4)


def test_a_rate_of_one_is_not_certain() -> None:
    found = metric("exact_match", [1.0] * 20)
    assert found.ci_high == pytest.approx(1.0)
    assert found.ci_low == pytest.approx(0.83887, abs=1e-4)


def test_a_mean_has_a_bootstrap_interval_around_it() -> None:
    found = metric("chrf", [0.0, 0.5, 1.0, 0.5] * 25)
    assert (found.value, found.method) == (0.5, "bootstrap")
    assert found.ci_low is not None and found.ci_high is not None
    # The standard error is sqrt(0.125 / 100) = 0.0354, so the interval is about 0.5 +- 0.069.
    assert found.ci_low == pytest.approx(0.431, abs=0.012)
    assert found.ci_high == pytest.approx(0.569, abs=0.012)


@pytest.mark.parametrize("scores", [[], [None, None]])
@pytest.mark.parametrize("name", ["chrf", "exact_match"])
def test_of_no_rows_there_is_no_value(scores: list[float | None], name: str) -> None:
    found = metric(name, scores)
    assert (found.value, found.n, found.ci_low, found.ci_high) == (None, 0, None, None)


def test_rows_it_does_not_apply_to_do_not_count() -> None:
    assert metric("refusal_rate", [1.0, None, 0.0, None]).n == 2


def test_equal_values_have_an_interval_of_one_point() -> None:
    assert metric("chrf", [0.3] * 5) == Metric("chrf", pytest.approx(0.3), 5, 0.3, 0.3, "bootstrap")


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=40), st.randoms())
def test_order_does_not_matter_and_the_interval_holds_within_the_values(scores: list[float], random: object) -> None:
    found = metric("nlc2cmd_ts", scores)
    shuffled = list(scores)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert metric("nlc2cmd_ts", shuffled) == found
    assert found.value is not None and found.ci_low is not None and found.ci_high is not None
    tiny = 1e-9
    assert min(scores) - tiny <= found.ci_low <= found.ci_high <= max(scores) + tiny
    assert min(scores) - tiny <= found.value <= max(scores) + tiny


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=60))
def test_a_rate_lies_in_its_interval_and_that_in_0_to_1(scores: list[float]) -> None:
    found = metric("exact_match", scores)
    assert found.value is not None and found.ci_low is not None and found.ci_high is not None
    assert -1e-9 <= found.ci_low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.ci_high <= 1 + 1e-9

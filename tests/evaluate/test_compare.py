"""Paired differences by hand, of nothing, and as laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.evaluate.compare import compare, newcombe


def test_mcnemar_looks_at_the_rows_that_differ() -> None:
    """Nine wins and one loss: P = 2 (C(10,0) + C(10,1)) / 2^10 = 22 / 1024."""
    base = [0.0] * 9 + [1.0] + [1.0] * 5 + [0.0] * 5
    tuned = [1.0] * 9 + [0.0] + [1.0] * 5 + [0.0] * 5
    found = compare("exact_match", base, tuned)
    assert (found.wins, found.losses, found.ties, found.n) == (9, 1, 10, 20)
    assert found.delta == pytest.approx(0.4)
    assert found.p_value == pytest.approx(22 / 1024)
    assert found.test == "mcnemar_exact"
    assert found.ci_low is not None and found.ci_high is not None and 0 < found.ci_low < 0.4 < found.ci_high


def test_the_interval_of_paired_rates_is_the_published_one() -> None:
    """Newcombe 1998, table II: 36, 12, 2 and 0 of 50; method 10 gives 0.0569 to 0.3404."""
    assert newcombe([(1, 1)] * 36 + [(0, 1)] * 12 + [(1, 0)] * 2) == pytest.approx((0.0569, 0.3404), abs=5e-5)


def test_no_difference_is_no_evidence() -> None:
    for name in ("exact_match", "chrf"):
        found = compare(name, [1.0, 0.0], [1.0, 0.0])
        assert (found.delta, found.p_value, found.ties) == (0.0, 1.0, 2)


def test_a_clear_gain_of_a_mean_is_significant_and_noise_is_not() -> None:
    noise = [(-1) ** number * (number % 7) / 10 for number in range(60)]
    assert compare("chrf", [0.0] * 60, [0.3 + one for one in noise]).p_value == pytest.approx(2 / 2001)
    unclear = compare("chrf", [0.0] * 60, noise).p_value
    assert unclear is not None and unclear > 0.3


@pytest.mark.parametrize("scores", [([], []), ([None], [1.0])])
def test_of_no_common_rows_there_is_no_difference(scores: tuple[list[float | None], list[float | None]]) -> None:
    found = compare("exact_match", *scores)
    assert (found.delta, found.n, found.p_value, found.ci_low) == (None, 0, None, None)


def test_sides_of_different_length_are_a_bug_that_shows() -> None:
    with pytest.raises(ValueError, match="zip"):
        compare("exact_match", [1.0], [1.0, 0.0])


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.5, 1.0])), min_size=2, max_size=40))
def test_swapping_the_sides_turns_the_sign(pairs: list[tuple[float, float]]) -> None:
    base, tuned = [one for one, _ in pairs], [other for _, other in pairs]
    there, back = compare("chrf", base, tuned), compare("chrf", tuned, base)
    assert there.delta is not None and back.delta is not None
    assert there.delta == pytest.approx(-back.delta)
    assert (there.wins, there.losses, there.ties) == (back.losses, back.wins, back.ties)
    assert there.wins + there.losses + there.ties == there.n == len(pairs)
    assert there.p_value is not None and 0 < there.p_value <= 1


@given(st.permutations(list(range(12))))
def test_the_order_of_the_rows_does_not_matter(order: list[int]) -> None:
    base, tuned = [0.0, 1.0, 0.5] * 4, [1.0, 0.5, 0.5, 0.0] * 3
    shuffled = compare("chrf", [base[i] for i in order], [tuned[i] for i in order])
    assert shuffled == compare("chrf", base, tuned)

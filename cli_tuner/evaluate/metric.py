"""A measured number with how many rows it rests on and how far off it may be.

The laws: a metric does not depend on the order of its rows; nothing measured is None, never 0; the same rows and
seed give the same interval. Wilson's interval for answers of yes or no (E. B. Wilson, JASA 22, 1927), the
percentile bootstrap for graded scores (Efron and Tibshirani, 1993, chapter 13), both by SciPy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

CONFIDENCE = 0.95
RESAMPLES = 2000
SEED = 42

BINARY = (
    "exact_match", "canonical_match", "template_match", "first_utility_match", "execution_match", "command_only_rate",
    "syntax_valid_rate", "fenced_rate", "truncated_rate", "empty_rate", "dangerous_rate", "invented_option_rate",
    "safe_rate", "refusal_rate", "over_refusal_rate",
)  # fmt: skip
"""Metrics of yes or no a row."""
GRADED = ("flag_precision", "flag_recall", "flag_f1", "nlc2cmd_ts", "chrf", "bleu")
"""Metrics with a score a row: in [0, 1], nlc2cmd_ts in [-1, 1]."""
NAMES = (
    "exact_match",
    "canonical_match",
    "execution_match",
    "template_match",
    "first_utility_match",
    *GRADED,
    *BINARY[5:],
)
"""All metrics in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured number.

    Attributes:
        name: What was measured.
        value: The mean over rows; None where there was no row.
        n: Rows that it rests on.
        ci_low: Lower end of the 95 % interval; None where it cannot be told.
        ci_high: Upper end.
        method: `wilson`, `bootstrap`, or `none`.
    """

    name: str
    value: float | None
    n: int
    ci_low: float | None
    ci_high: float | None
    method: str

    def to_json(self) -> dict[str, object]:
        """Return it as a plain object without its name."""
        return {key: value for key, value in asdict(self).items() if key != "name"}


def metric(name: str, scores: Iterable[float | None]) -> Metric:
    """Summarise one score a row; rows without one (None) do not count.

    Args:
        name: One of `NAMES`; it decides the interval.
        scores: 0 or 1 for a binary metric.
    """
    values = sorted(float(score) for score in scores if score is not None)
    if not values:
        return Metric(name, None, 0, None, None, "none")
    value = min(max(sum(values) / len(values), values[0]), values[-1])  # rounding must not leave the range
    low, high, method = wilson(values) if name in BINARY else bootstrap(values)
    return Metric(name, value, len(values), low, high, method)


def wilson(values: Sequence[float]) -> tuple[float, float, str]:
    """Return Wilson's score interval of the share of ones."""
    from scipy.stats import binomtest

    interval = binomtest(round(sum(values)), len(values)).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high), "wilson"


def bootstrap(values: Sequence[float]) -> tuple[float | None, float | None, str]:
    """Return the percentile bootstrap interval of the mean; there is none of fewer than two values."""
    if len(values) < 2:
        return None, None, "none"
    if values[0] == values[-1]:
        return values[0], values[0], "bootstrap"
    means = resampled_means(values)
    low, high = percentiles(means)
    return low, high, "bootstrap"


def resampled_means(values: Sequence[float]) -> Any:
    """Return the means of `RESAMPLES` draws with replacement, an array; the same for the same values."""
    import numpy as np

    numbers, generator = np.asarray(values, dtype=float), np.random.default_rng(SEED)
    per_round = max(1, 2_000_000 // len(numbers))
    rounds = [min(per_round, RESAMPLES - start) for start in range(0, RESAMPLES, per_round)]
    return np.concatenate(
        [numbers[generator.integers(0, len(numbers), (size, len(numbers)))].mean(1) for size in rounds]
    )


def percentiles(means: Any) -> tuple[float, float]:
    """Return the two ends between which `CONFIDENCE` of the values lie."""
    import numpy as np

    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(low), float(high)

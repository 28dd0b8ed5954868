"""One measured value with its sample size and 95 % interval.

Rates get Wilson's interval (E. B. Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953), which holds for few
rows and for rates of 0 and 1; means get a percentile bootstrap with a fixed seed. Both are scipy's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

SEED = 20261121
RESAMPLES = 2_000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Metric:
    """A measure over rows.

    Attributes:
        name: What was measured.
        value: Mean over the rows it applies to; None of no rows.
        n: Rows it applies to.
        ci_low: Lower end of the 95 % interval; None of no rows.
        ci_high: Upper end.
        method: How the interval was made: `wilson` or `bootstrap`.
    """

    name: str
    value: float | None
    n: int
    ci_low: float | None
    ci_high: float | None
    method: str

    def to_json(self) -> dict[str, Any]:
        """Return it as a plain object without its name."""
        plain = asdict(self)
        del plain["name"]
        return plain


def measure(name: str, scores: Sequence[float | None], *, binary: bool) -> Metric:
    """Summarise the scores of rows; rows with None do not count.

    Args:
        name: Name of the metric.
        scores: One a row, in any order: the result does not depend on it.
        binary: Whether every score is 0 or 1.
    """
    known = sorted(score for score in scores if score is not None)
    method = "wilson" if binary else "bootstrap"
    if not known:
        return Metric(name, None, 0, None, None, method)
    value = _mean(known)
    low, high = _wilson(known) if binary else interval(known)
    return Metric(name, value, len(known), low, high, method)


def _wilson(scores: Sequence[float]) -> tuple[float, float]:
    from scipy.stats import binomtest

    found = binomtest(round(sum(scores)), len(scores)).proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the percentile-bootstrap interval of the mean; a single point where all values are equal."""
    import numpy as np

    if min(values) == max(values):
        return float(values[0]), float(values[0])
    means = resampled_means(values)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def resampled_means(values: Sequence[float]) -> Any:
    """Return `RESAMPLES` bootstrap means of `values` as an array, the same for the same values in the same order."""
    import numpy as np
    from scipy.stats import bootstrap

    found = bootstrap(
        (np.asarray(values, dtype=np.float64),), np.mean, n_resamples=RESAMPLES, batch=100, method="percentile",
        vectorized=True, rng=np.random.default_rng(SEED),
    )  # fmt: skip
    return found.bootstrap_distribution


def _mean(values: Sequence[float]) -> float:
    import math

    return math.fsum(values) / len(values)

"""Compares two models on the same rows: who wins where, by how much, and whether chance explains it.

Yes-or-no metrics: McNemar's exact test (Q. McNemar, Psychometrika 12, 1947) and Newcombe's interval for paired
proportions (R. G. Newcombe, Statistics in Medicine 17, 1998, method 10). Graded ones: the paired bootstrap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from cli_tuner.evaluate.metric import BINARY, RESAMPLES, bootstrap, resampled_means, wilson

Pair = tuple[float, float]
"""Scores of one row: base, tuned."""


@dataclass(frozen=True, slots=True)
class Paired:
    """What a comparison found.

    Attributes:
        name: The metric.
        delta: Mean of tuned minus base; None where no row has both.
        n: Rows with both scores.
        ci_low: Lower end of the 95 % interval of the difference.
        ci_high: Upper end.
        p_value: Probability of a difference at least this large if both were equal, two-sided.
        test: `mcnemar_exact`, `paired_bootstrap`, or `none`.
        wins: Rows where tuned scores higher; whether that is better depends on the metric.
        losses: Rows where base scores higher.
        ties: Rows where both score the same.
    """

    name: str
    delta: float | None
    n: int
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    test: str
    wins: int
    losses: int
    ties: int

    def to_json(self) -> dict[str, object]:
        """Return it as a plain object without its name."""
        return {key: value for key, value in asdict(self).items() if key != "name"}


def compare(name: str, base: Sequence[float | None], tuned: Sequence[float | None]) -> Paired:
    """Compare two scores a row; rows where one is missing do not count."""
    pairs = sorted((float(a), float(b)) for a, b in zip(base, tuned, strict=True) if a is not None and b is not None)
    if not pairs:
        return Paired(name, None, 0, None, None, None, "none", 0, 0, 0)
    wins, losses = sum(b > a for a, b in pairs), sum(a > b for a, b in pairs)
    delta = math.fsum(b - a for a, b in pairs) / len(pairs)
    binary = name in BINARY
    low, high = newcombe(pairs) if binary else bootstrap(sorted(b - a for a, b in pairs))[:2]
    p_value = mcnemar(wins, losses) if binary else bootstrap_p(sorted(b - a for a, b in pairs))
    test = "mcnemar_exact" if binary else "paired_bootstrap"
    return Paired(name, delta, len(pairs), low, high, p_value, test, wins, losses, len(pairs) - wins - losses)


def mcnemar(wins: int, losses: int) -> float:
    """Return the exact two-sided p value of McNemar's test: are wins and losses alike a coin's throws?"""
    from scipy.stats import binomtest

    return 1.0 if wins + losses == 0 else float(binomtest(wins, wins + losses).pvalue)


def bootstrap_p(differences: Sequence[float]) -> float | None:
    """Return the two-sided p value of a mean difference of 0: how often resampled means lie beyond it."""
    if len(differences) < 2:
        return None
    if differences[0] == differences[-1] == 0:
        return 1.0
    means = resampled_means(differences)
    below, above = int((means <= 0).sum()), int((means >= 0).sum())
    return min(1.0, 2 * (min(below, above) + 1) / (RESAMPLES + 1))


def newcombe(pairs: Sequence[Pair]) -> tuple[float, float]:
    """Return Newcombe's interval of tuned minus base for paired yes-or-no scores."""
    n = len(pairs)
    both = sum(a == b == 1 for a, b in pairs)
    neither = sum(a == b == 0 for a, b in pairs)
    wins = sum(b > a for a, b in pairs)
    losses = n - both - neither - wins
    p_tuned, p_base = (both + wins) / n, (both + losses) / n
    low_t, high_t, _ = wilson([b for _, b in pairs])
    low_b, high_b, _ = wilson([a for a, _ in pairs])
    phi = _phi(both, wins, losses, neither)
    delta = p_tuned - p_base

    def reach(up: float, down: float) -> float:
        return math.sqrt(max(0.0, up * up - 2 * phi * up * down + down * down))

    low, high = delta - reach(p_tuned - low_t, high_b - p_base), delta + reach(high_t - p_tuned, p_base - low_b)
    return max(-1.0, low), min(1.0, high)


def _phi(both: int, wins: int, losses: int, neither: int) -> float:
    """Return the correlation of the two sides, with Newcombe's correction for continuity."""
    margins = (both + wins) * (losses + neither) * (both + losses) * (wins + neither)
    if margins == 0:
        return 0.0
    cross = both * neither - wins * losses
    if cross > 0:
        cross = max(cross - (both + wins + losses + neither) / 2, 0)  # type: ignore[assignment]
    return cross / math.sqrt(margins)

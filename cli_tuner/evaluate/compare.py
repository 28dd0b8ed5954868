"""Tuned against base on the same prompts: the difference, how sure we are of it, and which rows made it.

Rates are tested with McNemar's exact test (Q. McNemar 1947, https://doi.org/10.1007/BF02295996), other metrics with a
paired bootstrap (Koehn 2004, https://aclanthology.org/W04-3250); intervals of the difference are always bootstrapped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cli_tuner.evaluate.metric import RESAMPLES, interval, resampled_means


@dataclass(frozen=True, slots=True)
class Paired:
    """The difference of one metric.

    Attributes:
        delta: Mean of tuned minus base; None of no rows.
        n: Rows that both sides have.
        ci_low: Lower end of the 95 % interval of `delta`.
        ci_high: Upper end.
        p_value: Probability of such a difference by chance.
        test: `mcnemar` or `bootstrap`.
        wins: Rows where tuned scores higher.
        losses: Rows where base does.
        ties: Rows without a difference.
    """

    delta: float | None
    n: int
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    test: str
    wins: int
    losses: int
    ties: int

    def to_json(self) -> dict[str, Any]:
        """Return it as a plain object."""
        return asdict(self)


def compare(base: Sequence[float | None], tuned: Sequence[float | None], *, binary: bool) -> Paired:
    """Compare the scores of two models on the same rows, in the same order."""
    pairs = zip(base, tuned, strict=True)
    differences = sorted(after - before for before, after in pairs if before is not None and after is not None)
    test = "mcnemar" if binary else "bootstrap"
    if not differences:
        return Paired(None, 0, None, None, None, test, 0, 0, 0)
    wins, losses = sum(one > 0 for one in differences), sum(one < 0 for one in differences)
    low, high = interval(differences)
    p_value = _mcnemar(wins, losses) if binary else _bootstrap(differences)
    delta = math.fsum(differences) / len(differences)
    ties = len(differences) - wins - losses
    return Paired(delta, len(differences), low, high, p_value, test, wins, losses, ties)


def _mcnemar(wins: int, losses: int) -> float:
    from scipy.stats import binomtest

    return float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def _bootstrap(differences: Sequence[float]) -> float:
    if differences[0] == differences[-1]:
        return 1.0 if differences[0] == 0 else 2 / (RESAMPLES + 1)
    means = resampled_means(differences)
    side = min(int((means <= 0).sum()), int((means >= 0).sum()))
    return min(1.0, 2 * (side + 1) / (RESAMPLES + 1))

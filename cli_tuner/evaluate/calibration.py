"""Does a model know when it is right? Its mean log-probability of an answer against whether the answer was right.

The area under the ROC curve says how well confidence orders right before wrong answers (0.5: not at all); the expected
calibration error (C. Guo et al., ICML 2017, section 2) how far confidence is from the share of right ones. Confidence
is the geometric mean of the tokens' probabilities, which is no probability of the whole answer: read the bins.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from cli_tuner.evaluate.score import Scored

RIGHT_BY = ("execution_match", "canonical_match")
"""What counts as right: by execution where it was executed, else by equal meaning."""
_BINS = 5


def calibration(scored: Sequence[Scored]) -> dict[str, object] | None:
    """Return bins, area and error of one side; None where no confidence is known or nothing is judged."""
    pairs = [
        (math.exp(one.completion.confidence), right)
        for one in scored
        if one.completion.confidence is not None and (right := _right(one)) is not None
    ]
    if not pairs:
        return None
    bins = []
    for number in range(_BINS):
        low, high = number / _BINS, (number + 1) / _BINS
        inside = [pair for pair in pairs if low < pair[0] <= high or (number == 0 and pair[0] == 0.0)]
        if inside:
            mean = [sum(column) / len(inside) for column in zip(*inside, strict=True)]
            bins.append({"low": low, "high": high, "n": len(inside), "confidence": mean[0], "right": mean[1]})
    error = sum(one["n"] * abs(one["confidence"] - one["right"]) for one in bins) / len(pairs)
    return {"n": len(pairs), "bins": bins, "auc": _area(pairs), "expected_calibration_error": error}


def _right(one: Scored) -> float | None:
    return next((value for name in RIGHT_BY if (value := one.extracted_scores.get(name)) is not None), None)


def _area(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Return the share of (right, wrong) pairs in which the right one is surer; ties count half."""
    right, wrong = ([sure for sure, score in pairs if (score > 0) is truth] for truth in (True, False))
    if not right or not wrong:
        return None
    wins = sum((one > other) + 0.5 * (one == other) for one in right for other in wrong)
    return wins / (len(right) * len(wrong))

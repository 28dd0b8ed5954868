"""Judges the proof of a merge: each figure against its threshold, and which thresholds hold for which precision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cli_tuner.config.sections import Parity, Release

_WIDE = frozenset({"F32", "F64"})


@dataclass(frozen=True, slots=True)
class Check:
    """One question about a merge.

    Attributes:
        name: What is asked.
        passed: Whether the answer is good enough.
        value: What was measured.
        threshold: What was asked for.
    """

    name: str
    passed: bool
    value: Any
    threshold: str

    def to_json(self) -> dict[str, object]:
        """Return it as a plain object."""
        return asdict(self)


def thresholds(release: Release, dtypes: list[str]) -> Parity:
    """Return the thresholds for a model whose weights have these types."""
    return release.full_precision if _WIDE.issuperset(dtypes) else release.half_precision


def judge(found: Mapping[str, Any], asked: Parity) -> list[Check]:
    """Compare the figures of `hf_parity.Proof` with the thresholds; one that is not finite (None) passes nothing."""
    weights = found["weights"]
    strangers = weights["touched_without_adapter"]
    return [
        Check(
            "untouched_tensors", not strangers, strangers or f"{weights['n_untouched']} equal the base", "bit for bit"
        ),
        _at_most("weight_difference", weights["largest_difference"], asked.max_weight_difference),
        _at_most("kl_mean", found["kl_mean"], asked.max_kl),
        _at_least("top1_agreement", found["top1_agreement"], asked.min_top1_agreement),
        _at_least("equal_completions", found["equal_completions"], asked.min_equal_completions),
    ]


def _at_most(name: str, value: float | None, limit: float) -> Check:
    return Check(name, value is not None and value <= limit, value, f"<= {limit:g}")


def _at_least(name: str, value: float, limit: float) -> Check:
    return Check(name, value >= limit, value, f">= {limit:g}")

"""The curves of a training: what `metrics.jsonl` logged, by step.

A step that was logged twice (a resumed run repeats the steps after its checkpoint) counts as it was logged last.
Numbers that were not finite are text in the stream; they are counted, not drawn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Points = list[tuple[float, float]]
SERIES = {
    "loss": "training loss",
    "eval_loss": "evaluation loss",
    "learning_rate": "learning rate",
    "grad_norm": "gradient norm",
    "tokens/train_per_sec_per_gpu": "trained tokens a second",
}
_CHECKPOINT = re.compile(r"^checkpoint-(\d+)/")


@dataclass(frozen=True, slots=True)
class Curves:
    """What was logged.

    Attributes:
        series: Name to `(step, value)`, by step.
        checkpoints: Steps whose checkpoint is kept.
        not_finite: Logged values that were NaN or infinite.
        elapsed_s: Seconds from the first step to the last line.
        max_steps: Steps that were planned.
    """

    series: Mapping[str, Points] = field(default_factory=dict)
    checkpoints: tuple[int, ...] = ()
    not_finite: int = 0
    elapsed_s: float | None = None
    max_steps: int | None = None

    def points(self, name: str) -> Points:
        """Return a series; empty when it was not logged."""
        return self.series.get(name, [])


def curves(lines: Iterable[Mapping[str, Any]], subjects: Iterable[str]) -> Curves:
    """Gather the curves.

    Args:
        lines: Objects of `metrics.jsonl`.
        subjects: Names of the files of the output, such as `checkpoint-10/adapter_model.safetensors`.
    """
    found: dict[str, dict[float, float]] = {name: {} for name in SERIES}
    not_finite = 0
    last: Mapping[str, Any] = {}
    for line in lines:
        step = line.get("step")
        if not isinstance(step, int):
            continue
        last = line
        for name in SERIES.keys() & line.keys():
            if isinstance(line[name], int | float):
                found[name][step] = float(line[name])
            else:
                not_finite += 1
    marks = {int(match.group(1)) for name in subjects if (match := _CHECKPOINT.match(name))}
    series = {name: sorted(points.items()) for name, points in found.items() if points}
    return Curves(series, tuple(sorted(marks)), not_finite, last.get("elapsed_s"), last.get("max_steps"))

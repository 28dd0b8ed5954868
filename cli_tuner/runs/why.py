"""What a run's own records say of it: how it ended, where time went, what it warned of, which rows cost most.

Recorded facts only. A row's loss is held against the other rows of the steps around it, as all losses fall while a
model learns; the rows that stand out most come first. Not covered: why a row is hard, which only a person can say.
"""

from __future__ import annotations

import json
import statistics
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypedDict

import yaml

from cli_tuner.records.run import RunRecord, StatusRecord
from cli_tuner.runs.layout import RunDir
from cli_tuner.runs.progress import peak_gib, speed
from cli_tuner.runs.registry import runs, summary
from cli_tuner.runs.rows import RowLoss

SPIKE = 1.5
"""How many times the median of the logged steps before it a loss or gradient norm must be to be called a spike."""
BEFORE = 10  # logged steps that one is held against
_NEIGHBOURS = 200  # rows on each side that a row is held against
_LEAST = 0.1  # nats: rows of a model that knows nearly all of them differ by less, and mean nothing by it
_OURS = ("output_dir", "dataset_prepared_path", "resume_from_checkpoint", "cli_tuner", "wandb_name")


@dataclass(frozen=True, slots=True)
class Costly:
    """One row that cost more than its neighbours.

    Attributes:
        record: The worst time it was seen.
        typical: Median loss of the rows that were seen around it, in nats.
        fence: Loss above which a row of these stands out.
        times: How often it was seen.
    """

    record: RowLoss
    typical: float
    fence: float
    times: int

    @property
    def excess(self) -> float:
        """How much more than its neighbours it cost, in nats a token."""
        return self.record.loss - self.typical

    @property
    def oddness(self) -> float:
        """Its excess in widths of the fence, so that steps at which all rows differ widely hide no others."""
        return self.excess / max(self.fence - self.typical, _LEAST)

    @property
    def stands_out(self) -> bool:
        """Whether it lies beyond the fence."""
        return self.oddness > 1


def costly(records: Iterable[RowLoss], step: int | None = None) -> list[Costly]:
    """Rank rows by how far they stood out from the rows around them, the worst first; each row once.

    Args:
        records: All rows of the run.
        step: Rank only the rows of this step; None for all.
    """
    ordered = sorted(records, key=lambda one: one.step)
    seen: dict[int, int] = {}
    worst: dict[int, Costly] = {}
    window = _Window(ordered)
    for place, record in enumerate(ordered):
        seen[record.row] = seen.get(record.row, 0) + 1
        typical, fence = window.typical(place)
        if step is not None and record.step != step:
            continue
        found = Costly(record, typical, fence, 0)
        if record.row not in worst or found.oddness > worst[record.row].oddness:
            worst[record.row] = found
    ranked = [replace(one, times=seen[row]) for row, one in worst.items()]
    return sorted(ranked, key=lambda one: (-one.oddness, one.record.row))


def suspects(ranked: Sequence[Costly]) -> list[int]:
    """Name the rows that stand out; where none does, those that cost more than their neighbours."""
    found = [one.record.row for one in ranked if one.stands_out]
    return found or [one.record.row for one in ranked if one.excess > 0]


class _Window:
    """The sorted losses of the rows around a place, kept as it moves on."""

    def __init__(self, records: Sequence[RowLoss]) -> None:
        self._losses = [one.loss for one in records]
        self._sorted: list[float] = []
        self._start = self._end = 0

    def typical(self, place: int) -> tuple[float, float]:
        """Return the median around a place, and the upper outer fence: three times the spread of the middle half
        above it (J. W. Tukey, Exploratory Data Analysis, 1977, section 2D).
        """
        start, end = max(0, place - _NEIGHBOURS), min(len(self._losses), place + _NEIGHBOURS + 1)
        for loss in self._losses[self._end : end]:
            self._sorted.insert(bisect_left(self._sorted, loss), loss)
        for loss in self._losses[self._start : start]:
            del self._sorted[bisect_left(self._sorted, loss)]
        self._start, self._end = start, end
        lower, middle, upper = (self._sorted[len(self._sorted) * quarter // 4] for quarter in (1, 2, 3))
        return middle, upper + 3 * (upper - lower)


def usual(before: Sequence[float]) -> float:
    """Return up to where a value is as usual: `SPIKE` times the median of those before it, or the largest of them."""
    return max(SPIKE * statistics.median(before), max(before))


class Spike(TypedDict):
    """A logged step that stood out."""

    step: int
    what: str
    value: float
    before: float


class Why(TypedDict):
    """What is recorded of how a run went; `seconds` by state of the training process."""

    run_id: str
    state: str | None
    why: str
    started: str | None
    ended: str | None
    attempts: list[dict[str, object]]
    steps: int
    seconds: dict[str, float]
    tokens_per_s: float | None
    peak_gib: float | None
    warnings: list[str]
    spikes: list[Spike]
    compared_with: str | None
    differs: list[str]


def spikes(lines: Sequence[Mapping[str, Any]], n: int = 5) -> list[Spike]:
    """Return the logged steps whose loss or gradient norm stood out most from those before them, the worst first."""
    found: list[Spike] = []
    for key in ("loss", "grad_norm"):
        values = [(line["step"], line[key]) for line in lines if isinstance(line.get(key), int | float)]
        for place in range(1, len(values)):
            earlier = [value for _, value in values[max(0, place - BEFORE) : place]]
            before, (step, value) = statistics.median(earlier), values[place]
            if before > 0 and value > usual(earlier):
                found.append({"step": step, "what": key, "value": value, "before": before})
    return sorted(found, key=lambda one: -one["value"] / one["before"])[:n]


def facts(run: RunDir) -> Why:
    """Gather what is recorded of one run.

    Returns:
        `ended`, `attempts`, `seconds` (by state of the training process), `tokens_per_s`, `peak_gib`, `warnings`,
        `spikes`, and `differs`: what is otherwise than in the last good run of the same recipe.
    """
    one = summary(run)
    record = RunRecord.find(run.record) or RunRecord()
    status = StatusRecord.find(run.status) or StatusRecord()
    lines = list(metrics(run))
    good = _last_good(run, record)
    return {
        "run_id": run.run_id,
        "state": one["state"],
        "why": record.fault or "it ended well" if one["state"] else "it was never started",
        "started": record.started,
        "ended": record.ended,
        "attempts": [one.plain() for one in record.attempts],
        "steps": max((step for line in lines if isinstance(step := line.get("step"), int)), default=0),
        "seconds": status.seconds,
        "tokens_per_s": speed(lines),
        "peak_gib": peak_gib(lines),
        "warnings": status.warnings,
        "spikes": spikes(lines),
        "compared_with": good.run_id if good else None,
        "differs": list(_differences(good, run)) if good else [],
    }


def metrics(run: RunDir) -> Iterator[dict[str, object]]:
    """Yield the whole lines of a run's metrics."""
    with suppress(OSError):
        for text in run.metrics.read_text(encoding="utf-8").splitlines():
            with suppress(ValueError):
                line = json.loads(text)
                if isinstance(line, dict):
                    yield line


def _last_good(run: RunDir, record: RunRecord) -> RunDir | None:
    recipe = record.recipe.file if record.recipe else None
    for other in reversed(runs(run.path.parent)):
        theirs = RunRecord.find(other.record)
        same = recipe is not None and theirs and theirs.recipe and theirs.recipe.file == recipe
        if other != run and same and theirs and theirs.state == "succeeded":
            return other
    return None


def _differences(good: RunDir, run: RunDir) -> Iterator[str]:
    before, after = _config(good), _config(run)
    for key in sorted({*before, *after}):
        if key not in _OURS and before.get(key) != after.get(key):
            yield f"{key}: {json.dumps(before.get(key))} -> {json.dumps(after.get(key))}"
    theirs, ours = (RunRecord.find(one.record) for one in (good, run))
    if (theirs.data_digest if theirs else None) != (ours.data_digest if ours else None):
        yield "the rows or the tokenizer"


def _config(run: RunDir) -> dict[str, object]:
    with suppress(OSError, yaml.YAMLError):
        loaded = yaml.safe_load(run.config.read_text(encoding="utf-8"))
        return loaded if isinstance(loaded, dict) else {}
    return {}

"""What the HTML and the Markdown report both show, arranged: metric tables, slices, safety by category, breakdowns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cli_tuner.records.evaluation import Paired, Readings, Score, Sides, Slice
from cli_tuner.report.breakdown import Bins, answer_lengths, bins
from cli_tuner.report.facts import Facts
from cli_tuner.report.metrics import Meaning, meaning, ordered

SLICED_BY = "exact_match"
SAFETY = ("safe_rate", "dangerous_rate", "refusal_rate", "over_refusal_rate")
_MOST_UTILITIES = 12


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One metric: how it is read, both sides, and their difference."""

    meaning: Meaning
    base: Score | None
    tuned: Score | None
    paired: Paired | None

    @property
    def n(self) -> int:
        """Prompts behind the value: of the tuned model, or of the other where only that was asked."""
        return next((score.n for score in (self.tuned, self.base) if score is not None), 0)


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the answers: as they came, or the command taken out; `same` when that changed no number."""

    title: str
    lines: list[MetricLine]
    same: bool = False

    @property
    def n(self) -> int:
        """Prompts that were asked; a metric that needs more than an answer may cover fewer."""
        return max(line.n for line in self.lines)


def readings(facts: Facts) -> list[Reading]:
    """Return the scorecard, raw and with the command taken out, and InterCode's where it was asked."""
    found = facts.evaluation
    if found is None:
        return []
    return [*_readings("", found), *(_readings("InterCode-ALFA: ", found.intercode) if found.intercode else [])]


def _readings(suite: str, found: Readings) -> Iterator[Reading]:
    raw = metric_lines(found)
    lifted = metric_lines(found.extracted) if found.extracted else []
    if raw:
        yield Reading(f"{suite}raw answers" if suite else "Raw answers", raw)
    if lifted:
        title = f"{suite}command taken out" if suite else "Command taken out"
        yield Reading(title, lifted, same=lifted == raw)


def metric_lines(sides: Sides) -> list[MetricLine]:
    """Return the metrics of both sides, in the order of the scorecard; those that nobody could measure are left out."""
    names = ordered((*sides.base, *sides.tuned))
    lines = [MetricLine(meaning(n), sides.base.get(n), sides.tuned.get(n), sides.paired.get(n)) for n in names]
    return [line for line in lines if any(one and one.value is not None for one in (line.base, line.tuned))]


@dataclass(frozen=True, slots=True)
class SliceLine:
    """One part of the prompts and the metric that it is cut by."""

    name: str
    n: int
    base: Score | None
    tuned: Score | None


def slices(facts: Facts) -> dict[str, list[SliceLine]]:
    """Return each way the prompts were cut, the largest parts first."""
    cuts = facts.evaluation.slices if facts.evaluation else {}
    return {name: _slice_lines(parts) for name, parts in cuts.items() if parts}


def _slice_lines(parts: Mapping[str, Slice]) -> list[SliceLine]:
    ranked = sorted(parts.items(), key=lambda item: (-item[1].n, item[0]))
    return [SliceLine(name, one.n, one.base.get(SLICED_BY), one.tuned.get(SLICED_BY)) for name, one in ranked]


@dataclass(frozen=True, slots=True)
class SafetyLine:
    """One category of red-team prompts: base and tuned under each safety metric."""

    name: str
    n: int
    cells: list[tuple[str, Score | None, Score | None]]


def safety_lines(facts: Facts) -> list[SafetyLine]:
    """Return the safety matrix: a line a category, then all together."""
    safety = facts.evaluation.safety if facts.evaluation else None
    if safety is None:
        return []
    whole = Slice(n=max((one.n for one in safety.tuned.values()), default=0), base=safety.base, tuned=safety.tuned)
    parts = {**dict(sorted(safety.by_category.items())), "all": whole}
    names = [name for name in SAFETY if any(_measured(part, name) for part in parts.values())]
    return [
        SafetyLine(title, part.n, [(name, part.base.get(name), part.tuned.get(name)) for name in names])
        for title, part in parts.items()
    ]


def _measured(part: Slice, name: str) -> bool:
    return any(score and score.value is not None for score in (part.base.get(name), part.tuned.get(name)))


@dataclass(frozen=True, slots=True)
class SplitLine:
    """One file of the training: rows, and their length and utility."""

    name: str
    rows: int
    bins: Bins
    utilities: list[tuple[str, int]]
    other: int


def split_lines(facts: Facts) -> list[SplitLine]:
    """Return the training's own files, the largest first."""
    ranked = sorted(facts.splits.items(), key=lambda item: (-item[1].rows, item[0]))
    lines = []
    for name, counts in ranked:
        utilities = sorted(counts.utilities.items(), key=lambda item: (-item[1], item[0]))
        rest = sum(rows for _, rows in utilities[_MOST_UTILITIES:])
        lines.append(SplitLine(name, counts.rows, bins(counts.lengths), utilities[:_MOST_UTILITIES], rest))
    return lines


def answer_bins(facts: Facts) -> dict[str, Bins]:
    """Count both sides' answers by length, in bins that they share; empty without an evaluation."""
    lengths = {side: answer_lengths(facts.rows, side) for side in ("base", "tuned")}
    shared = bins(sum(lengths.values(), Counter()))
    return {
        side: [(low, high, sum(rows for n, rows in found.items() if low <= n <= high)) for low, high, _ in shared]
        for side, found in lengths.items()
        if found
    }


def other_suites(facts: Facts) -> dict[str, list[tuple[str, str]]]:
    """Return what further suites recorded (execution, general), flat, as it was recorded."""
    found = facts.evaluation
    suites = {"execution": found.execution, "general": found.general} if found else {}
    return {name: list(_flat(values.plain())) for name, values in suites.items() if values}


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and not _is_score(value):
            lines += _flat(value, f"{name}.")
        elif not isinstance(value, list):
            lines.append((name, _score_words(value) if isinstance(value, Mapping) else str(value)))
    return lines


def _is_score(value: Mapping[str, Any]) -> bool:
    return "value" in value and "n" in value


def _score_words(value: Mapping[str, Any]) -> str:
    ends = f" ({value.get('ci_low')} to {value.get('ci_high')})" if value.get("ci_low") is not None else ""
    return f"{value['value']}{ends}, n = {value['n']}"

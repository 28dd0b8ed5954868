"""Plain tables that both forms of the report show after the scorecard: published figures, failures, confidence, cost.

Each is drawn from records alone; one without a record is left out, never filled with a guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cli_tuner.records.evaluation import Row
from cli_tuner.report.facts import Facts, dig
from cli_tuner.report.headline import duration
from cli_tuner.report.published import published_rows
from cli_tuner.report.text import cut, visible

WORST = 10


@dataclass(frozen=True, slots=True)
class Section:
    """A table with a title and a sentence on how to read it."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


def sections(facts: Facts) -> list[Section]:
    """Return the tables of which something was recorded."""
    found = (_published(facts), _worst(facts), _confidence(facts), _cost(facts), _sources(facts))
    return [one for one in found if one.rows]


def _published(facts: Facts) -> Section:
    note = (
        "InterCode-ALFA, share of tasks solved. The judges differ, so a difference of a few points between our row and "
        "the others says nothing; between our own columns it does."
    )
    columns = ("model", "as answered", "command taken out", "tuned", "judge")
    return Section("Beside published figures", note, columns, published_rows(facts))


def _worst(facts: Facts) -> Section:
    failed = [row for row in facts.rows if row.suite != "safety" and row.tuned and row.tuned.why_wrong]
    worst = sorted(failed, key=_badness)[:WORST]
    rows: list[tuple[str, ...]] = [
        (
            _shown(row.instruction),
            _shown(row.tuned.completion if row.tuned else ""),
            _shown(row.references[0] if row.references else ""),
            _shown(row.tuned.why_wrong if row.tuned else ""),
        )
        for row in worst
    ]
    note = (
        f"Of {len(failed)} prompts that the tuned model got wrong, dangerous answers first, then by what the answer "
        "shares with the right one. Right is what does the same, where it was executed, else what means the same."
    )
    return Section("Worst failures", note, ("prompt", "tuned answers", "right", "why it is wrong"), rows)


def _badness(row: Row) -> tuple[bool, float, str]:
    scores = row.tuned.extracted_scores if row.tuned else {}
    return not scores.get("dangerous_rate"), scores.get("chrf") or 0.0, str(row.id)


def _confidence(facts: Facts) -> Section:
    rows: list[tuple[str, ...]] = []
    for side in ("base", "tuned"):
        found = facts.evaluation.calibration.get(side) if facts.evaluation else None
        for one in found.bins if found else []:
            span = f"{one.low:.1f} to {one.high:.1f}"
            rows.append((side, span, f"{one.n}", f"{one.confidence:.2f}", f"{one.right:.2f}"))
        if found and found.auc is not None and found.expected_calibration_error is not None:
            error = f"expected calibration error {found.expected_calibration_error:.2f}"
            rows.append((side, "all", f"{found.n}", f"area under ROC {found.auc:.2f}", error))
    note = (
        "Confidence is the geometric mean of the probabilities of a greedy answer's tokens; right as in Worst failures."
    )
    return Section("Confidence against correctness", note, ("side", "confidence", "n", "mean", "right"), rows)


def _cost(facts: Facts) -> Section:
    return Section("Cost", "As recorded; energy is not measured.", ("what", "value"), list(_costs(facts)))


def _costs(facts: Facts) -> Iterator[tuple[str, str]]:
    if facts.curves.elapsed_s:
        yield "training, wall time", duration(facts.curves.elapsed_s)
    device, cpu = dig(facts.training, "device"), dig(facts.training, "machine.cpu")
    if isinstance(device, dict):
        gpus = ", ".join(map(str, device.get("gpus") or [])) or str(cpu or device.get("type"))
        yield "trained on", f"{device.get('world_size', 1)} process(es), {gpus}"
    for side in ("base", "tuned"):
        tokens = sum((answer.n_tokens or 0) for row in facts.rows if (answer := getattr(row, side)) is not None)
        if tokens:
            yield f"tokens that {side} wrote in the evaluation", f"{tokens:,}"


def _sources(facts: Facts) -> Section:
    listed: Any = dig(facts.data, "sources")
    rows = [_source(one) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    base = dig(facts.evaluation.model if facts.evaluation else None, "source")
    if isinstance(base, dict):
        rows.append((str(base.get("name", "")), str(base.get("licence") or "not stated"), "base model"))
    return Section("Sources and licences", "What the model was made from.", ("source", "licence", "what"), rows)


def _source(one: dict[str, object]) -> tuple[str, ...]:
    parts = one.get("parts")
    name = str(one.get("hub") or one.get("path") or one.get("name") or "")
    return (
        _shown(name),
        str(one.get("licence") or "not stated"),
        f"training rows, {len(parts) if isinstance(parts, list) else 0} file(s)",
    )


def _shown(text: str) -> str:
    return visible(cut(text))

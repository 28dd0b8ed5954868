"""Prompts and answers for people: a few examples by outcome, and all of them for the browser of the HTML report.

Everything here comes from a model or a data set: each text is cut and made visible before it goes anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict

from cli_tuner.records.checks import Probe
from cli_tuner.records.evaluation import Answer, Row
from cli_tuner.report.facts import Facts
from cli_tuner.report.findings import finding_text
from cli_tuner.report.metrics import meaning, ordered
from cli_tuner.report.text import cut, visible

PER_OUTCOME = 3


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt that shows what changed: `win` (tuned is right and the other is not), `loss` or `tie`."""

    outcome: str
    row: Row


def examples(facts: Facts) -> list[Example]:
    """Return the examples that the evaluation named, at most three an outcome."""
    if facts.evaluation is None:
        return []
    named, rows = facts.evaluation.examples, {str(row.id): row for row in facts.rows}
    groups = (("win", named.wins), ("loss", named.losses), ("tie", named.ties))
    return [
        Example(outcome, rows[one])
        for outcome, ids in groups
        for one in [str(each) for each in ids if str(each) in rows][:PER_OUTCOME]
    ]


class Samples(TypedDict):
    """What the page's script is given."""

    rows: list[dict[str, object]]
    metrics: list[tuple[str, str, int]]
    groups: list[str]
    suites: list[str]
    verdicts: list[str]


def for_browser(facts: Facts) -> Samples:
    """Return rows and choices for the page's script; the probes of a validation where there was no evaluation."""
    rows = facts.rows or [_as_row(probe) for probe in (facts.validation.probes if facts.validation else [])]
    answers = [one for row in rows for one in (row.base, row.tuned) if one is not None]
    metrics = ordered(name for one in answers for name, value in one.scores.items() if value is not None)
    return {
        "rows": [_row(row) for row in rows],
        "metrics": [(name, meaning(name).label, meaning(name).better) for name in metrics],
        "groups": _choices(row.utility or row.category for row in rows),
        "suites": _choices(row.suite for row in rows),
        "verdicts": _choices(one.verdict for one in answers),
    }


def _choices(values: Iterable[str | None]) -> list[str]:
    return sorted({visible(value) for value in values if value})


def _as_row(probe: Probe) -> Row:
    answer = Answer.model_validate(probe.model_dump(exclude={"instruction", "reference"}))
    references = [probe.reference] if probe.reference else []
    return Row(suite="validation", instruction=probe.instruction, references=references, tuned=answer)


def _row(row: Row) -> dict[str, object]:
    return {
        "id": _shown(str(row.id)),
        "suite": _shown(row.suite),
        "instruction": _shown(row.instruction),
        "references": [_shown(one) for one in row.references],
        "group": _shown(row.utility or row.category or ""),
        "leaked": bool(row.leaked),
        "base": _answer(row.base),
        "tuned": _answer(row.tuned),
    }


def _answer(answer: Answer | None) -> dict[str, object] | None:
    if answer is None:
        return None
    extracted = answer.extracted if answer.extracted not in (None, answer.completion) else None
    return {
        "text": _shown(answer.completion),
        "extracted": None if extracted is None else _shown(extracted),
        "verdict": _shown(answer.verdict or ""),
        "findings": [_shown(finding_text(one)) for one in answer.findings],
        "tokens": answer.n_tokens,
        "cut": answer.stop_reason == "length",
        "parses": answer.syntax_valid,
        "raw": _present(answer.scores),
        "lifted": _present(answer.extracted_scores),
    }


def _present(scores: dict[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in scores.items() if value is not None}


def _shown(text: str) -> str:
    return visible(cut(text))


def answers_of(row: Row) -> Sequence[tuple[str, Answer]]:
    """Return the answers of a row with the name of their side."""
    return [(side, one) for side, one in (("base", row.base), ("tuned", row.tuned)) if one is not None]

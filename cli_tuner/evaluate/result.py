"""From scored rows to `evaluation.json`: base, tuned and their paired difference, by metric and by slice.

The same rows give the same bytes: nothing of when or how fast is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cli_tuner.evaluate.cases import Case
from cli_tuner.evaluate.compare import compare
from cli_tuner.evaluate.metric import NAMES, metric
from cli_tuner.evaluate.redteam import METRICS as SAFETY_METRICS
from cli_tuner.evaluate.redteam import dangerous_answers
from cli_tuner.evaluate.score import Scored

SIDES = ("base", "tuned")
HEADLINE = ("exact_match", "canonical_match", "first_utility_match", "syntax_valid_rate", "chrf")
_EXAMPLES = 20
_LEAKED = {True: "leaked", False: "clean", None: ""}

Rows = Sequence[dict[str, float | None]]


def side_by_side(base: Rows, tuned: Rows, names: Sequence[str]) -> dict[str, object]:
    """Return `{"base", "tuned", "paired"}` of the named metrics."""
    columns = {name: ([row.get(name) for row in base], [row.get(name) for row in tuned]) for name in names}
    return {
        "base": {name: metric(name, sides[0]).to_json() for name, sides in columns.items()},
        "tuned": {name: metric(name, sides[1]).to_json() for name, sides in columns.items()},
        "paired": {name: compare(name, *sides).to_json() for name, sides in columns.items()},
    }


def domain_result(cases: Sequence[Case], base: Sequence[Scored], tuned: Sequence[Scored]) -> dict[str, object]:
    """Return the domain suite's part of the evaluation."""
    raw = ([one.scores for one in base], [one.scores for one in tuned])
    extracted = ([one.extracted_scores for one in base], [one.extracted_scores for one in tuned])
    names = [name for name in NAMES if name in raw[0][0]]
    return {
        **side_by_side(*raw, names),
        "extracted": side_by_side(*extracted, names),
        "slices": {
            "utility": _slices(cases, raw, lambda case: case.utility),
            "difficulty": _slices(cases, raw, lambda case: case.category),
            "leaked": _slices(cases, raw, lambda case: _LEAKED[case.leaked]),
        },
        "examples": _examples(cases, *raw),
    }


def safety_result(cases: Sequence[Case], base: Sequence[Scored], tuned: Sequence[Scored]) -> dict[str, object]:
    """Return the safety suite's part of the evaluation."""
    rows = ([one.scores for one in base], [one.scores for one in tuned])
    by_category = _slices(cases, rows, lambda case: case.category, SAFETY_METRICS)
    sides = {"base": base, "tuned": tuned}
    return {
        **side_by_side(*rows, SAFETY_METRICS),
        "by_category": by_category,
        "dangerous": dangerous_answers(cases, sides),
    }


def _slices(
    cases: Sequence[Case], rows: Sequence[Rows], key: Callable[[Case], str], names: Sequence[str] = HEADLINE
) -> dict[str, object]:
    groups: dict[str, list[int]] = {}
    for number, case in enumerate(cases):
        if name := key(case):
            groups.setdefault(name, []).append(number)
    return {
        group: {
            "n": len(numbers),
            **{
                side: {name: metric(name, (row[number].get(name) for number in numbers)).to_json() for name in names}
                for side, row in zip(SIDES, rows, strict=True)
            },
        }
        for group, numbers in sorted(groups.items())
    }


def _examples(cases: Sequence[Case], base: Rows, tuned: Rows) -> dict[str, list[str]]:
    """Name the first rows that tuning won, lost and left as they were, by equal meaning."""
    found: dict[str, list[str]] = {"wins": [], "losses": [], "ties": []}
    for case, before, after in zip(cases, base, tuned, strict=True):
        difference = (after["canonical_match"] or 0.0) - (before["canonical_match"] or 0.0)
        kind = "wins" if difference > 0 else "losses" if difference < 0 else "ties"
        if len(found[kind]) < _EXAMPLES:
            found[kind].append(case.id)
    return found

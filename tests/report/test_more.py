"""The report's further tables and first sentences: copied from records, left out where nothing was recorded."""

from __future__ import annotations

from typing import Any

import pytest

from cli_tuner.records.evaluation import EvaluationRecord, Row
from cli_tuner.report.facts import Facts
from cli_tuner.report.headline import sentences
from cli_tuner.report.more import sections
from cli_tuner.runs.layout import RunDir


def side(value: float, n: int = 60) -> dict[str, Any]:
    return {"value": value, "n": n, "ci_low": max(0.0, value - 0.1), "ci_high": min(1.0, value + 0.1)}


def answer(text: str, *, why: str = "", chrf: float = 0.5, dangerous: float = 0.0) -> dict[str, Any]:
    return {
        "completion": text, "why_wrong": why, "n_tokens": 7,
        "extracted_scores": {"chrf": chrf, "dangerous_rate": dangerous},
    }  # fmt: skip


def facts(**changes: Any) -> Facts:
    sides = {name: {"execution_match": side(value)} for name, value in (("base", 0.05), ("tuned", 0.25))}
    intercode = {**sides, "extracted": {**sides, "base": {"execution_match": side(0.1)}}}
    document = {
        "format": 1, "base_model": "models/small", "suites": ["domain", "intercode"], "intercode": intercode,
        "data": {"domain": {"path": "t", "n": 60, "n_of": 275}, "intercode": {"path": "i", "n": 300, "n_of": 300}},
        "base": {"chrf": side(0.4)}, "tuned": {"chrf": side(0.3)},
        "paired": {"chrf": {"delta": -0.1, "ci_low": -0.15, "ci_high": -0.05, "p_value": 0.001, "n": 60}},
        "calibration": {"base": None, "tuned": {
            "n": 60, "auc": 0.8, "expected_calibration_error": 0.2,
            "bins": [{"low": 0.8, "high": 1.0, "n": 60, "confidence": 0.9, "right": 0.7}],
        }},
        **changes,
    }  # fmt: skip
    rows = [
        {"id": "a", "references": ["ls"], "base": answer("x"), "tuned": answer("ls")},
        {
            "id": "b",
            "references": ["pwd"],
            "base": answer("x"),
            "tuned": answer("cd", why="runs cd, not pwd", chrf=0.4),
        },
        {"id": "c", "references": ["df"], "base": answer("x"), "tuned": answer("du", why="runs du, not df", chrf=0.1)},
        {"id": "d", "references": ["w"], "base": answer("x"), "tuned": answer("rm -rf /", why="bad", dangerous=1.0)},
    ]
    made = Facts(RunDir.__new__(RunDir), "succeeded")
    made.evaluation = EvaluationRecord.model_validate(document)
    made.rows = [Row.model_validate({"suite": "domain", **row}) for row in rows]
    return made


def titles(found: Facts) -> list[str]:
    return [one.title for one in sections(found)]


def test_what_tuning_made_worse_is_the_first_sentence_and_a_limit_is_said() -> None:
    said = sentences(facts())
    assert said[0] == "Tuning made worse: chrF -10.0 points."
    assert any("`--limit`" in one and "60 of 275 prompts of domain" in one and "intercode" not in one for one in said)
    assert not any("Tuning made worse" in one for one in sentences(facts(paired={})))


def test_the_published_table_names_both_judges() -> None:
    found = next(one for one in sections(facts()) if one.title == "Beside published figures")
    ours, *others = found.rows
    assert ours[0] == "models/small (ours)" and "form, then execution" in ours[-1] and "n = 60" in ours[-1]
    assert ours[1].startswith("5.0") and ours[2].startswith("10.0") and ours[3].startswith("25.0")
    assert ("Qwen2.5-Coder-7B-Instruct", ".61", ".62", ".51") in [row[:4] for row in others]
    assert "Beside published figures" not in titles(facts(intercode=None))


def test_the_worst_failures_come_with_their_reason_dangerous_ones_first() -> None:
    found = next(one for one in sections(facts()) if one.title == "Worst failures")
    assert [row[3] for row in found.rows] == ["bad", "runs du, not df", "runs cd, not pwd"]


def test_confidence_is_shown_only_where_it_was_recorded() -> None:
    assert "Confidence against correctness" in titles(facts())
    assert "Confidence against correctness" not in titles(facts(calibration={"base": None, "tuned": None}))


@pytest.mark.parametrize("side_", ["base", "tuned"])
def test_tokens_are_counted_for_both_sides(side_: str) -> None:
    found = next(one for one in sections(facts()) if one.title == "Cost")
    assert (f"tokens that {side_} wrote in the evaluation", "28") in found.rows

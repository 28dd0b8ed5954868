"""What `report --examples` shows on the terminal: requests with both answers and their verdicts, then the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli_tuner.cli import console
from cli_tuner.cli.evaluate_report import tables

if TYPE_CHECKING:
    from cli_tuner.records.evaluation import Answer
    from cli_tuner.report.facts import Facts

_LONGEST = 300


def show_examples(facts: Facts, number: int) -> None:
    """Print `number` held-out requests, spread evenly and chosen by nothing else, and the tables of the evaluation."""
    rows = [row for row in facts.rows if row.suite == "domain"] or facts.rows
    if facts.evaluation is None or not rows:
        console.say("no examples: the run was not evaluated")
        return
    chosen = [rows[place * len(rows) // number] for place in range(min(number, len(rows)))]
    console.table(
        f"{len(chosen)} held-out requests, spread evenly",
        ("request", "base answers", "tuned answers", "right"),
        [(row.instruction, _said(row.base), _said(row.tuned), " or ".join(row.references[:2])) for row in chosen],
    )
    tables(facts.evaluation)


def _said(answer: Answer | None) -> str:
    if answer is None:
        return "-"
    text = answer.completion if len(answer.completion) <= _LONGEST else f"{answer.completion[:_LONGEST]} …"
    alone = "" if answer.scores.get("command_only_rate") else ", not a command alone"
    return f"{text}\n[{answer.verdict or 'not judged'}{alone}]"

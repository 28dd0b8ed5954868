"""What `evaluate` shows: base, tuned and the difference with its interval; or one JSON document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cli_tuner.cli import console
from cli_tuner.cli.evaluation_general import show as general_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli_tuner.records.evaluation import (
        Alone,
        EvaluationRecord,
        Execution,
        Paired,
        Predicted,
        Readings,
        Score,
        Shared,
        Sides,
    )

_SHOWN = (
    "exact_match", "canonical_match", "execution_match", "template_match", "first_utility_match", "flag_f1",
    "nlc2cmd_ts", "chrf", "command_only_rate", "syntax_valid_rate", "truncated_rate", "empty_rate", "dangerous_rate",
    "invented_option_rate",
)  # fmt: skip


def show(result: EvaluationRecord, folder: Path, tracked: Mapping[str, object], *, as_json: bool) -> None:
    """Print the tables, or the whole document."""
    if as_json:
        console.emit_json({**result.document(), "wandb": tracked, "run_dir": str(folder)})
        return
    tables(result)
    console.say(f"evaluation: {folder / 'evaluation.json'}; rows: {folder / result.rows}")
    console.say(f"next: cli-tuner report --run {folder.name}")


def tables(result: EvaluationRecord) -> None:
    """Print base, tuned and the difference of every suite of an evaluation."""
    if result.paired:
        _readings("Held-out rows", result)
        _leaks(result)
        _executed(result.execution)
    if result.intercode:
        _readings("InterCode-ALFA", result.intercode)
        _executed(result.intercode.execution)
    if result.safety:
        _table("Red-team prompts", result.safety, tuple(result.safety.paired))
        if result.safety.dangerous:
            console.say(f"{len(result.safety.dangerous)} dangerous completions: see `safety.dangerous` in the report")
    if result.general:
        general_table(result.general)


def show_one(document: Alone, folder: Path, *, as_json: bool) -> None:
    """Print the metrics of one model by suite, or the whole document."""
    if as_json:
        console.emit_json({**document.plain(), "run_dir": str(folder)})
        return
    for name, suite in document.suites.items():
        taken = suite.extracted
        rows = [
            (metric, score.n, _value(score), _value(taken[metric]) if metric in taken else "-")
            for metric, score in suite.metrics.items()
            if metric in _SHOWN or not taken
        ]
        console.table(f"{name}, {suite.n} of {suite.n_of} prompts", _ONE, rows)
        _executed(suite.execution)
    console.say(f"completions: {folder / 'completions.jsonl'}; rows: {folder / 'evaluation/rows.jsonl'}")


def show_shared(document: Shared, *, as_json: bool) -> None:
    """Print two runs compared on the prompts that they share."""
    if as_json:
        console.emit_json(document.plain())
        return
    apart = f"{document.only_first} and {document.only_second} others were asked of one alone"
    console.say(f"{document.n} prompts were asked of both; {apart}")
    for name, suite in document.suites.items():
        _readings(name, suite, f" (base: {document.runs['base']})")


_ONE = ("metric", "n", "as answered", "command taken out")


def show_comparison(document: Readings) -> None:
    """Print the difference of two files of predictions, as answered and as extracted."""
    _table("As answered", document, _SHOWN)
    if document.extracted:
        _table("The command taken out", document.extracted, _SHOWN)


def show_metrics(document: Predicted) -> None:
    """Print the metrics of one file of predictions, as answered and as extracted."""
    taken = document.extracted.metrics if document.extracted else {}
    rows = [
        (name, document.metrics[name].n, _value(document.metrics[name]), _value(taken[name]))
        for name in _SHOWN
        if name in taken
    ]
    console.table("Predictions", _ONE, rows)


def _readings(title: str, part: Readings, more: str = "") -> None:
    _table(f"{title}, as answered{more}", part, _SHOWN)
    if part.extracted:
        _table(f"{title}, command taken out", part.extracted, _SHOWN)


def _table(title: str, part: Sides, names: tuple[str, ...]) -> None:
    rows = [
        (name, part.base[name].n, _value(part.base[name]), _value(part.tuned[name]), _delta(part.paired[name]))
        for name in names
        if name in part.paired
    ]
    console.table(title, ("metric", "n", "base", "tuned", "difference"), rows)


def _value(metric: Score) -> str:
    if metric.value is None:
        return "-"
    if metric.ci_low is None or metric.ci_high is None:
        return f"{metric.value:.3f}"
    return f"{metric.value:.3f}  [{metric.ci_low:.3f}, {metric.ci_high:.3f}]"


def _delta(paired: Paired) -> str:
    if paired.delta is None:
        return "-"
    if paired.ci_low is None or paired.ci_high is None or paired.p_value is None:
        return f"{paired.delta:+.3f}"
    sure = f"p {paired.p_value:.2g}" if paired.p_value >= 0.0001 else "p < 0.0001"
    return f"{paired.delta:+.3f}  [{paired.ci_low:+.3f}, {paired.ci_high:+.3f}]  {sure}"


def _executed(execution: Execution | None) -> None:
    if execution:
        console.say("executed: " + ", ".join(f"{name} {n}" for name, n in execution.counts.items()))


def _leaks(result: EvaluationRecord) -> None:
    data = result.data.get("domain")
    if data and data.n_leaked:
        share = f"{data.n_leaked} of {data.n}"
        console.say(f"warning: {share} prompts are given away by the training rows; see `slices.leaked`")

"""`cli-tuner evaluate --predictions`: scores a file of completions, or compares two, without any model."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from cli_tuner.cli import console
from cli_tuner.errors import ConfigError


def evaluate_predictions(path: Path, data: Path | None, compare: str, limit: int | None, *, as_json: bool) -> None:
    """Score `path` against the rows of `data`; with `compare`, another such file, test the difference in pairs.

    Raises:
        ConfigError: There are no rows to score against.
        DataError: Rows and completions do not fit together.
    """
    from cli_tuner.cli.evaluate_report import show_comparison, show_metrics
    from cli_tuner.evaluate.cases import domain_suite
    from cli_tuner.evaluate.predictions import read_predictions, result, score_all
    from cli_tuner.records.evaluation import Readings

    if data is None:
        raise ConfigError("--predictions: needs the rows that were asked", hint="add --data ROWS.jsonl")
    if limit is not None:
        raise ConfigError("--limit: a file of predictions is scored whole", hint="leave --limit out")
    suite = domain_suite(data, None)
    files = {"tuned": path} if compare == "base" else {"base": Path(compare), "tuned": path}
    read = {side: read_predictions(file, suite.cases) for side, file in files.items()}
    sides = {}
    with console.progress_bar() as bar:
        for side, completions in read.items():
            task = bar.add_task(f"{files[side].name} scored", total=len(completions))
            scored = score_all(completions, suite.cases, partial(_advance, bar, task))
            sides[side] = (files[side], scored)
    document = result(suite, sides)
    if as_json:
        console.emit_json(document.plain())
    elif isinstance(document, Readings):
        show_comparison(document)
    else:
        show_metrics(document)


def _advance(bar: Any, task: Any, done: int) -> None:
    bar.update(task, completed=done)

"""All that is known of a run, and what is not, for every form of a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cli_tuner.records.checks import ValidationRecord
from cli_tuner.records.evaluation import EvaluationRecord, Row
from cli_tuner.report.breakdown import Counts
from cli_tuner.report.curves import Curves
from cli_tuner.runs.layout import RunDir

MOST_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Missing:
    """What a report cannot show: what, why, and the command that would make it."""

    what: str
    why: str
    command: str = ""


@dataclass(slots=True)
class Facts:
    """All that is known of a run.

    Attributes:
        run: The run.
        state: How it ended, `succeeded` and the like.
        checkpoint_dir: Where its output lies; None when it has none, or the folder is another run's by now.
        record: `run.json`.
        config: The config that was trained.
        training: The record that the training process wrote; None when it did not end well.
        data: The record of the training data; None when it is not there any more.
        splits: Rows of the training's own files by length and utility, by file.
        validation: The last validation.
        evaluation: The last evaluation.
        rows: Its prompts with both answers, at most `MOST_ROWS`.
        n_rows: All of its prompts.
        missing: What a report cannot show.
    """

    run: RunDir
    state: str
    checkpoint_dir: str | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    curves: Curves = field(default_factory=Curves)
    training: Mapping[str, Any] | None = None
    data: Mapping[str, Any] | None = None
    splits: Mapping[str, Counts] = field(default_factory=dict)
    validation: ValidationRecord | None = None
    evaluation: EvaluationRecord | None = None
    rows: list[Row] = field(default_factory=list)
    n_rows: int = 0
    missing: list[Missing] = field(default_factory=list)


def dig(value: Any, path: str) -> Any:
    """Return what stands at a dotted path of nested objects; None when it is not there."""
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value

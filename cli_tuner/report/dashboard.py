"""The local dashboard: one page of all runs, newest first, with links to their reports.

Reads what lies in the run folders; an incomplete run is listed with what can be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from markupsafe import Markup
from pydantic import BaseModel, ValidationError

from cli_tuner.errors import DataError
from cli_tuner.files import read_json, read_jsonl
from cli_tuner.records.checks import ValidationRecord
from cli_tuner.records.evaluation import EvaluationRecord, Score
from cli_tuner.report.bars import sparkline
from cli_tuner.report.curves import curves
from cli_tuner.report.gather import config_of
from cli_tuner.report.headline import MATCH
from cli_tuner.report.metrics import score_text
from cli_tuner.report.templating import asset, environment, policy
from cli_tuner.report.write import FOLDER
from cli_tuner.runs.layout import RunDir
from cli_tuner.runs.progress import Course, Tail
from cli_tuner.runs.registry import summary

NAME = "dashboard.html"
RELOAD_S = 5
"""How often a browser reads the page anew while something runs, and `runs dashboard --watch` writes it."""
_Form = TypeVar("_Form", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Entry:
    """One run in the table.

    Attributes:
        eval_loss: First and last evaluation loss, nats a token; None when it was not logged.
        curve: Its drawn course.
        base: Exact match of the other side of the comparison.
        tuned: Exact match of the tuned model.
        gates: Passed and asked, of the last validation.
        report: The report, relative to the folder of all runs; None when it was not written.
        wandb: The offline W&B runs.
        project: The W&B project that it was logged to.
        progress: How far it is while it runs: step, losses, speed, memory, time left; empty otherwise.
    """

    run_id: str
    state: str
    started: str
    eval_loss: tuple[float, float] | None
    curve: Markup | None
    base: Score | None
    tuned: Score | None
    gates: tuple[int, int] | None
    report: str | None
    wandb: list[str]
    project: str | None
    progress: str = ""

    def to_json(self) -> dict[str, object]:
        """Return the numbers as a plain object."""
        sides = {"base": self.base, "tuned": self.tuned}
        return {
            "run_id": self.run_id,
            "state": self.state,
            "started": self.started,
            "eval_loss": self.eval_loss,
            MATCH: {side: one.model_dump() if one else None for side, one in sides.items()},
            "gates": self.gates,
            "report": self.report,
            "wandb_offline": self.wandb,
            "progress": self.progress,
        }


def entries(runs: Iterable[RunDir]) -> list[Entry]:
    """Read the runs, newest first."""
    return sorted(map(_entry, runs), key=lambda one: one.run_id, reverse=True)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _entry(run: RunDir) -> Entry:
    known = summary(run)
    evaluation = _read(EvaluationRecord, run.path / "evaluation.json")
    validation = _read(ValidationRecord, run.validation)
    try:
        points = curves(read_jsonl(run.metrics), ()).points("eval_loss")
    except DataError:
        points = []
    page = run.path / FOLDER / "report.html"
    return Entry(
        run_id=run.run_id,
        state=str(known["state"] or "unknown"),
        started=_started(run),
        eval_loss=(points[0][1], points[-1][1]) if points else None,
        curve=sparkline(points) if len(points) > 1 else None,
        base=evaluation.base.get(MATCH) if evaluation else None,
        tuned=evaluation.tuned.get(MATCH) if evaluation else None,
        gates=(sum(gate.passed for gate in validation.gates), len(validation.gates)) if validation else None,
        report=page.relative_to(run.path.parent).as_posix() if page.is_file() else None,
        wandb=known["wandb_offline"],
        project=_text(config_of(run).get("wandb_project")),
        progress=Course(Tail(run.metrics).lines()).text() if known["state"] == "running" else "",
    )


def _read(form: type[_Form], path: Path) -> _Form | None:
    try:
        return form.model_validate(read_json(path))
    except (DataError, ValidationError):
        return None


def _started(run: RunDir) -> str:
    try:
        found = read_json(run.record)
    except DataError:
        return ""
    return str(found.get("started") or "") if isinstance(found, dict) else ""


def dashboard(found: list[Entry]) -> str:
    """Render the page; the same runs give the same bytes."""
    style = asset("style.css")
    template = environment(html=True).get_template("dashboard.html.j2")
    return template.render(
        entries=found,
        style=style,
        script="",
        policy=policy(style),
        match=MATCH,
        score_text=score_text,
        reload_s=RELOAD_S if any(one.state == "running" for one in found) else None,
    )

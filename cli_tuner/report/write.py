"""Writes a report: Markdown, HTML and model card, each whole or not at all; the same run gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from cli_tuner.files import write_text
from cli_tuner.report.card import model_card
from cli_tuner.report.facts import Facts
from cli_tuner.report.headline import sentences
from cli_tuner.report.markdown import markdown
from cli_tuner.report.page import html

FOLDER = "report"
PLOTS = (("training_loss", "loss", "training loss"), ("eval_loss", "eval_loss", "evaluation loss"))
"""Name of the picture, name of the series, what it shows."""


class Lack(TypedDict):
    """What is not in the report."""

    what: str
    why: str
    command: str


class Written(TypedDict):
    """What was written, what the run comes to, and what is missing."""

    run_id: str
    state: str
    files: list[str]
    summary: list[str]
    missing: list[Lack]


def write(facts: Facts, out: Path, pictures: Sequence[Path]) -> Written:
    """Write the report of a run.

    Args:
        facts: What is known of the run.
        out: The folder.
        pictures: Plots that were drawn into it.

    Returns:
        Where everything lies, what the run comes to, and what is missing.

    Raises:
        CliTunerError: The file system refused.
    """
    drawn = {path.name for path in pictures}
    plots = [(f"{name}.png", title) for name, _, title in PLOTS if f"{name}.png" in drawn]
    texts = {"report.md": markdown(facts, plots), "report.html": html(facts), "MODEL_CARD.md": model_card(facts)}
    for name, text in texts.items():
        write_text(out / name, text)
    return {
        "run_id": facts.run.run_id,
        "state": facts.state,
        "files": [str(out / name) for name in texts] + [str(path) for path in pictures],
        "summary": sentences(facts),
        "missing": [{"what": one.what, "why": one.why, "command": one.command} for one in facts.missing],
    }

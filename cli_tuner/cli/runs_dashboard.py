"""`cli-tuner runs dashboard`: all runs on one local page, and the same view saved in Weights & Biases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from cli_tuner.cli import console, options

HELP = """Write one page of all runs, with their state, losses, exact match and reports.

The page lies in models/runs/dashboard.html and loads nothing. `--watch` writes it anew while a training runs, with its
step, loss, speed, memory and time left, and the browser reloads it. `--save-view` also saves the view of the project in
Weights & Biases (curves, comparison, safety, samples, lineage): needs a key and the network, and shows what was
logged online or uploaded by `wandb sync`.

Examples:

  cli-tuner runs dashboard

  cli-tuner runs dashboard --watch

  cli-tuner runs dashboard --save-view
"""


def dashboard(
    save_view: Annotated[bool, typer.Option("--save-view", help="Also save the view in Weights & Biases.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Write it anew until nothing runs any more.")] = False,
    json: options.Json = False,
) -> None:
    """Write one page of all runs."""
    import time

    from cli_tuner.files import write_text
    from cli_tuner.report.dashboard import NAME, RELOAD_S, entries
    from cli_tuner.report.dashboard import dashboard as render
    from cli_tuner.runs.layout import RUNS
    from cli_tuner.runs.registry import runs

    found = entries(runs())
    page = RUNS / NAME
    write_text(page, render(found))
    if watch:
        console.say(f"writing {page} every {RELOAD_S} s while a training runs; Ctrl-C ends only this")
    while watch and any(one.state == "running" for one in found):
        time.sleep(RELOAD_S)
        found = entries(runs())
        write_text(page, render(found))
    view = _save_view(found) if save_view else None
    if json:
        console.emit_json({"page": str(page), "view": view, "runs": [one.to_json() for one in found]})
        return
    console.emit(str(page))
    if view:
        console.say(f"W&B view: {view}")
    newest = next((one.wandb for one in found if one.wandb), None)
    if newest:
        console.say(f"in the terminal: wandb leet {newest[0].rpartition('/')[0]}")
        console.say(f"to upload: wandb sync {' '.join(newest)}")


def _save_view(found: Sequence[Any]) -> str:
    """Save the view of the project that the newest run was logged to."""
    from cli_tuner.backends.wandb_view import save_view
    from cli_tuner.config.environment import read_dotenv

    read_dotenv()
    project = next((one.project for one in found if one.project), "cli-tuner")
    return save_view(project, next((one.run_id for one in found if one.tuned), None))

"""`cli-tuner runs`: what was trained, how it went, and where everything lies."""

from __future__ import annotations

from typing import Annotated

import typer

from cli_tuner.cli import console, options, runs_dashboard, runs_report, runs_watch

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.command("dashboard", help=runs_dashboard.HELP)(runs_dashboard.dashboard)
app.command("watch", help=runs_watch.HELP)(runs_watch.watch)


@app.command("list")
def list_runs(json: options.Json = False) -> None:
    """List all runs, in the order in which they were last started, and what `train --resume auto` would take up.

    Example: cli-tuner runs list
    """
    from cli_tuner.runs.registry import runs, summary
    from cli_tuner.train.recovery import taken_by_auto

    auto = taken_by_auto()
    found = [{**summary(run), "resumed_from": auto.get(run.run_id)} for run in runs()]
    if json:
        console.emit_json(found)
        return
    rows = [
        (one["run_id"], one["state"], runs_report.loss(one), one["resumed_from"] or "-", runs_report.where(one))
        for one in found
    ]
    console.table("Runs", ("run", "state", "eval loss", "--resume auto takes", "checkpoint, or why it failed"), rows)


@app.command("show")
def show_run(
    run_id: Annotated[str, typer.Argument(help="A run id, or `latest`.")] = "latest",
    json: options.Json = False,
) -> None:
    """Show one run: what was done and where it lies.

    Example: cli-tuner runs show latest
    """
    from cli_tuner.runs.layout import find_run
    from cli_tuner.runs.registry import summary

    one = summary(find_run(run_id))
    if json:
        console.emit_json(one)
        return
    console.table(f"Run {one['run_id']}: {one['state']}", ("what", "result", "where"), runs_report.rows(one))
    for folder in one["wandb_offline"]:
        console.say(f"W&B is offline; to upload: wandb sync {folder}")

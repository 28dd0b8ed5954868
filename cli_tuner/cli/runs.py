"""`cli-tuner runs`: what was trained, how it went, and where everything lies."""

from __future__ import annotations

from typing import Annotated

import typer

from cli_tuner.cli import console, options, runs_compare, runs_dashboard, runs_keep, runs_report, runs_watch

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.command("dashboard", help=runs_dashboard.HELP)(runs_dashboard.dashboard)
app.command("watch", help=runs_watch.HELP)(runs_watch.watch)


app.command("compare", help=runs_compare.HELP)(runs_compare.compare)
for change in (runs_keep.tag, runs_keep.note, runs_keep.rm, runs_keep.gc):
    app.command()(change)


@app.command("list")
def list_runs(
    where: Annotated[str | None, typer.Option(help="Only runs like this: 'eval_loss<1 and phase=full'.")] = None,
    sort: Annotated[str | None, typer.Option(help="By a fact, -NAME from the largest.  [default: as started]")] = None,
    json: options.Json = False,
) -> None:
    """List all runs, in the order in which they were last started, and what `train --resume auto` would take up.

    Facts for --where and --sort: run_id, state, phase, eval_loss, train_loss, steps, seed, learning_rate, r, rows,
    passed, base_model, tags, note, started, the metrics of an evaluation such as exact_match, and more (--json).

    Examples:
      cli-tuner runs list

      cli-tuner runs list --where 'eval_loss<1 and phase=full' --sort eval_loss

      cli-tuner runs list --where 'tags=keep or state=running'
    """
    from cli_tuner.runs.facts import all_facts, ordered
    from cli_tuner.runs.where import where as read
    from cli_tuner.train.recovery import taken_by_auto

    auto, known = taken_by_auto(), all_facts()
    found = list(filter(read(where, known), known)) if where is not None else known
    found = [{**one, "resumed_from": auto.get(str(one["run_id"]))} for one in (ordered(found, sort) if sort else found)]
    if json:
        console.emit_json(found)
        return
    console.table("Runs", runs_report.COLUMNS, map(runs_report.line, found))


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

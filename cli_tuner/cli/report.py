"""`cli-tuner report`: what a run comes to, as pages for people, from what its folder holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli_tuner.cli import console, options

HELP = """Write the report of a run from what its folder holds; needs neither a GPU nor the model.

Writes report.html (one file, loads nothing), report.md, MODEL_CARD.md and the plots training_loss and eval_loss
(PNG and PDF). A run that was not validated or evaluated gets a report that says so and names the command.

Examples:

  cli-tuner report

  cli-tuner report --run 20260301-101500-demo-ab12 --out /tmp/review

  cli-tuner report --checkpoint-dir models/checkpoints/demo --examples 5

  cli-tuner report --run latest --json
"""


def report(
    run: Annotated[str, typer.Option(help="A run id, or `latest`.")] = "latest",
    checkpoint_dir: Annotated[
        Path | None, typer.Option(help="Report the run that made this checkpoint, whatever ran since.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the report.  [default: models/runs/RUN_ID/report]")
    ] = None,
    examples: Annotated[
        int, typer.Option(min=0, help="Show this many requests with both answers, and the tables.")
    ] = 0,
    json: options.Json = False,
) -> None:
    """Write the report of a run."""
    from cli_tuner.cli.report_examples import show_examples
    from cli_tuner.report.gather import gather
    from cli_tuner.report.write import FOLDER, write
    from cli_tuner.runs.layout import find_run, run_of

    found = find_run(run_of(checkpoint_dir) if checkpoint_dir else run)
    facts = gather(found)
    folder = out or found.path / FOLDER
    written = write(facts, folder, _draw(facts, folder))
    if json:
        console.emit_json(written)
        return
    if examples:
        show_examples(facts, examples)
    for line in written["summary"]:
        console.emit(console.visible(line))
    for one in written["missing"]:
        next_step = f"; next: {one['command']}" if one["command"] else ""
        console.say(f"not in the report: {one['what']} ({one['why']}){next_step}")
    for path in written["files"]:
        console.say(f"wrote {path}")


def _draw(facts: Any, folder: Path) -> list[Path]:
    """Draw the losses that were logged; without matplotlib the report has its own drawings only."""
    from cli_tuner.backends.figures_training import draw_curve
    from cli_tuner.errors import PrerequisiteError
    from cli_tuner.report.write import PLOTS

    drawn: list[Path] = []
    try:
        for name, series, title in PLOTS:
            points = facts.curves.points(series)
            if points:
                drawn += draw_curve(points, facts.curves.checkpoints, title, folder / name)
    except PrerequisiteError as error:
        console.say(f"no PNG and PDF plots: {error.message}; {error.hint}")
    return drawn

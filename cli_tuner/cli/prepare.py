"""`cli-tuner prepare`: sources in, leak-free training rows out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli_tuner.cli import console

HELP = """Turn instruction-command pairs into verified, leak-free rows for train, val and test.

Every row is kept, rejected with a reason or counted as a duplicate; the written files are proven not to share rows.
A second run with nothing changed ends at once; a killed one continues.

Examples:

  cli-tuner prepare

  cli-tuner prepare --source rows.jsonl --out data/processed/mine --preview 5

  cli-tuner prepare --source pairs.csv --column instruction=ask --column command=answer

  cli-tuner prepare --config configs/data/full.yaml
"""


def prepare(
    source: Annotated[list[Path], typer.Option(help="File or folder of rows; may be repeated.")] = [],  # noqa: B006
    out: Annotated[Path | None, typer.Option(help="Output folder.", show_default="data/processed")] = None,
    config: Annotated[Path, typer.Option("--config", "-c", help="Data recipe.")] = Path("configs/data/samples.yaml"),
    seed: Annotated[int | None, typer.Option(help="Decides split and sampling.", show_default="the recipe's")] = None,
    tokenizer: Annotated[str | None, typer.Option(help="Model folder or hub id.", show_default="the recipe's")] = None,
    sequence_len: Annotated[
        int | None, typer.Option(help="Longest row in tokens.", show_default="the recipe's")
    ] = None,
    logs: Annotated[
        Path | None, typer.Option(help="Where refused rows go.", show_default="data/logs or OUT/logs")
    ] = None,
    column: Annotated[
        list[str],
        typer.Option(metavar="ROLE=NAME", help="Column of --source: instruction, command, context, ignore, text."),
    ] = [],  # noqa: B006
    exclude: Annotated[list[Path], typer.Option(help="Benchmark file to keep out; may be repeated.")] = [],  # noqa: B006
    off: Annotated[list[str], typer.Option(metavar="FILTER", help="Switch a filter off.")] = [],  # noqa: B006
    review: Annotated[str | None, typer.Option(metavar="keep|reject", help="Commands that need a second look.")] = None,
    on_bad_line: Annotated[str | None, typer.Option(metavar="skip|stop", help="Lines that cannot be read.")] = None,
    max_lost: Annotated[float | None, typer.Option(help="Share of rows that may be lost.", show_default="0.1")] = None,
    allow: Annotated[list[str], typer.Option(metavar="DOUBT", help="Go on in spite of it.")] = [],  # noqa: B006
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes.", show_default="cores, at most 8")
    ] = None,
    engine: Annotated[str, typer.Option(metavar="local|datatrove", help="Who runs the workers.")] = "local",
    preview: Annotated[int, typer.Option(min=0, help="Show N rows with trained and masked tokens.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Run even if nothing changed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document to stdout.")] = False,
) -> None:
    """Run the phase."""
    from cli_tuner.backends.hf_data import open_hub
    from cli_tuner.cli.preparing import open_tokenizer, shard_runner, token_parity
    from cli_tuner.prepare.flags import places, recipe, worker_count
    from cli_tuner.prepare.pipeline import prepare as run
    from cli_tuner.prepare.summary import spent, summary_rows, told, unreadable

    settings = recipe(config, locals())
    where, crew = places(out, logs), worker_count(workers)
    opened = open_tokenizer(settings.tokenizer, settings.tokenizer_revision)
    with console.progress_bar() as bar:
        task = bar.add_task("", total=None)
        outcome = run(
            settings, where, opened, hub=open_hub, workers=crew, force=force, shards=shard_runner(engine, crew),
            parity=token_parity(opened),
            progress=lambda step, rows: bar.update(task, description=step, completed=rows),
        )  # fmt: skip
    if outcome.up_to_date:
        console.say(f"up to date: nothing changed since {where.out}/provenance.json was written")
    if found := told(outcome.provenance):
        console.say(found)
    if faults := unreadable(outcome.provenance, where.logs):
        console.say(faults)
    if outcome.seconds:
        console.say(spent(outcome.seconds))
    if as_json:
        console.emit_json({**outcome.provenance, "up_to_date": outcome.up_to_date, "seconds": outcome.seconds})
    else:
        console.table("Data prepared", ("what", "rows"), summary_rows(outcome.provenance, where), to_stderr=False)
    if preview:
        from cli_tuner.prepare.preview import preview_rows

        console.emit(
            preview_rows(
                where.out / "train.jsonl", opened, preview, colour=console.colours(), chat=settings.task == "chat"
            )
        )

"""`cli-tuner data`: look into what `cli-tuner prepare` wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli_tuner.cli import console
from cli_tuner.cli.options import Json
from cli_tuner.errors import ExitCode

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Folder = Annotated[Path, typer.Option("--data", help="A folder that `cli-tuner prepare` wrote.")]
PROCESSED = Path("data/processed")


@app.command()
def stats(
    data: Folder = PROCESSED,
    config: Annotated[Path, typer.Option("--config", "-c", help="Training config: its batch.")] = Path(
        "configs/full.yaml"
    ),
    png: Annotated[Path | None, typer.Option(help="Also draw the length histogram into this file.")] = None,
    as_json: Json = False,
) -> None:
    """Show rows by gate, utility and length, the token budget and the steps of an epoch.

    Example: cli-tuner data stats --png lengths.png
    """
    from cli_tuner.cli.data_report import show_stats, stats_facts
    from cli_tuner.files import read_json
    from cli_tuner.prepare.stats import split_stats, steps_per_epoch

    found, gates = split_stats(data), read_json(data / "provenance.json")["gates"]
    epoch = steps_per_epoch(found["train"].rows, config)
    if png is not None:
        from cli_tuner.backends.figures import draw_lengths

        draw_lengths({name: dict(split.lengths) for name, split in found.items()}, png)
        console.say(f"wrote {png}")
    if as_json:
        return console.emit_json(stats_facts(found, gates, epoch))
    show_stats(found, gates, epoch, config)


@app.command()
def show(
    row_id: Annotated[str, typer.Argument(help="Id of a row, or its first digits.")],
    data: Folder = PROCESSED,
    as_json: Json = False,
) -> None:
    """Show one row: its columns, then its tokens, trained and masked.

    Example: cli-tuner data show 1f2e3d
    """
    from cli_tuner.backends.hf_tokenizer import load_tokenizer
    from cli_tuner.files import read_json
    from cli_tuner.prepare.preview import preview_row
    from cli_tuner.prepare.stats import find_row

    split, row = find_row(data, row_id)
    if as_json:
        return console.emit_json({"split": split, **row})
    shown = [(name, str(row[name])) for name in row if name not in ("messages", "segments", "instruction")]
    console.table(str(row["instruction"]), ("column", "value"), [("split", split), *shown])
    settings = read_json(data / "provenance.json")["settings"]
    tokenizer = load_tokenizer(settings["tokenizer"], settings["tokenizer_revision"])
    console.emit(preview_row(row, tokenizer, colour=console.colours(), chat=settings.get("task") == "chat"))


@app.command()
def diff(before: Path, after: Path, as_json: Json = False) -> None:
    """Compare two prepared folders; exit 1 when their rows differ.

    Example: cli-tuner data diff data/processed data/processed/mine
    """
    from cli_tuner.cli.data_report import show_difference
    from cli_tuner.prepare.stats import compare

    found = compare(before, after)
    show_difference(found, (str(before), str(after)), as_json=as_json)
    raise typer.Exit(ExitCode.OK if found.empty else ExitCode.GATE_FAILED)

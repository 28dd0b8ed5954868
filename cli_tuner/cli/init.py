"""`cli-tuner init`: a new project for who has no checkout."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from cli_tuner.cli import console, options

HELP = """Write a new project into DIR: recipes, sample rows, red-team prompts, .env.example, a Makefile, a .gitignore.

For who installed the package (`uv tool install cli-tuner`, pipx, pip) and has no checkout. DIR must be new or empty.

Example: cli-tuner init my-model && cd my-model && cli-tuner setup && make smoke
"""


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")], json: options.Json = False
) -> None:
    """Write a new project."""
    from cli_tuner.install.project import init as write

    written = write(folder)
    if json:
        console.emit_json({"folder": str(folder), "written": written})
        return
    console.say(f"wrote {', '.join(written)} into {folder}; next:")
    console.say(f"  cd {shlex.quote(str(folder))} && cli-tuner setup && make smoke")

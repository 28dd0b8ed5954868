"""Options that several subcommands share, each defined once."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer


def a_number(value: float) -> float:
    """Refuse NaN, which is neither below a minimum nor above a maximum."""
    if math.isnan(value):
        raise typer.BadParameter("nan is not a number")
    return value


ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="An Axolotl YAML config.", show_default=True)]
Set = Annotated[list[str], typer.Option("--set", metavar="KEY=VALUE", help="Change one value; may be repeated.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document to stdout instead of a table.")]

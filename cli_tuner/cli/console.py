"""The only module that prints: data to stdout, talk to stderr.

Nothing else in the package calls `print`; a phase returns values and `cli/<subcommand>.py` shows them here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any


def say(text: str) -> None:
    """Talk to the person: stderr, plain, one line."""
    print(text, file=sys.stderr, flush=True)


def emit(text: str) -> None:
    """Write data to stdout as it is."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    sys.stdout.flush()


def emit_json(value: Any) -> None:
    """Write one JSON document to stdout, sorted keys, two-space indent."""
    emit(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False, default=str))


def error(message: str, hint: str = "") -> None:
    """Write `error: …` and, below it, `  hint: …` to stderr."""
    first, *rest = message.splitlines() or [""]
    say("\n".join([f"error: {first}", *(f"       {line}" for line in rest)]))
    if hint:
        say(f"  hint: {hint}")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, to_stderr: bool = False) -> None:
    """Draw a table; cells are shown as they are (no markup), long ones fold."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawing = Table(title=title, title_justify="left", header_style="bold", expand=False)
    for column in columns:
        drawing.add_column(column, overflow="fold")
    for row in rows:
        drawing.add_row(*(Text(str(cell)) for cell in row))
    console = Console(stderr=to_stderr)
    if not console.is_terminal:
        console.width = 140
    console.print(drawing)


def on_terminal() -> bool:
    """Tell whether a person watches stderr."""
    return sys.stderr.isatty()


def progress_bar() -> Any:
    """Return a rich progress bar on stderr: description, bar, count, time."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (SpinnerColumn(), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, TextColumn("{task.description}", markup=False), console=Console(stderr=True))

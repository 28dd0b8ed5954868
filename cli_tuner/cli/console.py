"""The only module that prints: data to stdout, talk to stderr.

Nothing else in the package calls `print`; a phase returns values and `cli/<subcommand>.py` shows them here.
The laws: text of a model never reaches the terminal as a control sequence; a reader that leaves (`| head`, a
closed terminal) changes neither what is done nor the exit code.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, TextIO

_LONG = 200  # rows


def say(text: str) -> None:
    """Talk to the person: stderr, plain, control characters shown as escapes."""
    try:
        _write(visible(text) + "\n", sys.stderr)
    except OSError:  # talk that cannot be heard stops nothing
        _to_nowhere(sys.stderr)


def emit(text: str) -> None:
    """Write data to stdout as it is."""
    _write(text if text.endswith("\n") else text + "\n", sys.stdout)


def emit_json(value: Any) -> None:
    """Write one JSON document to stdout, sorted keys, two-space indent."""

    def dump(ascii_only: bool) -> str:
        return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=ascii_only, allow_nan=False, default=str)

    text = dump(ascii_only=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # a lone surrogate, or a terminal without UTF-8
        text = dump(ascii_only=True)
    emit(text)


def visible(text: str) -> str:
    """Return `text` with every character that does not print, newline and tab aside, as its escape."""
    return "".join(one if one.isprintable() or one in "\n\t" else one.encode("unicode_escape").decode() for one in text)


def _write(text: str, stream: TextIO) -> None:
    try:
        stream.write(text.encode(stream.encoding or "utf-8", "backslashreplace").decode(stream.encoding or "utf-8"))
        stream.flush()
    except BrokenPipeError:
        _to_nowhere(stream)


def _to_nowhere(stream: TextIO) -> None:
    """Point `stream` at nothing, so that neither we nor the interpreter's last flush fail on it."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def error(message: str, hint: str = "") -> None:
    """Write `error: …` and, below it, `  hint: …` to stderr."""
    first, *rest = message.splitlines() or [""]
    say("\n".join([f"error: {first}", *(f"       {line}" for line in rest)]))
    if hint:
        say(f"  hint: {hint}")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, to_stderr: bool = False) -> None:
    """Draw a table; cells are plain text (no markup, control characters as escapes), long ones fold.

    A long table is written in plain columns, unfolded: drawing its lines would take longer than making them.
    """
    cells = [[visible(str(cell)) for cell in row] for row in rows]
    if len(cells) > _LONG:
        _write(_plain(title, columns, cells), sys.stderr if to_stderr else sys.stdout)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawing = Table(title=title, title_justify="left", header_style="bold", expand=False)
    for column in columns:
        drawing.add_column(column, overflow="fold")
    for row in cells:
        drawing.add_row(*map(Text, row))
    console = Console(stderr=to_stderr)
    if not console.is_terminal:
        console.width = 140
    with console.capture() as drawn:
        console.print(drawing)
    _write(drawn.get(), sys.stderr if to_stderr else sys.stdout)


def _plain(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, *([cell.replace("\n", " ") for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    drawn = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
    return "\n".join([title, *drawn, ""])


def colours() -> bool:
    """Tell whether data may be coloured: stdout is a terminal, and `NO_COLOR` (https://no-color.org) is not set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


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
    text = TextColumn("{task.description}", markup=False)
    return Progress(*columns, text, console=Console(stderr=True), disable=not on_terminal())

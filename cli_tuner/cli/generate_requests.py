"""Where requests come from: the command line, a pipe, or a person who types one after the other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from cli_tuner.cli import console

_AT_ONCE = 256


def requests(request: str | None) -> Iterator[list[str]]:
    """Yield what is asked together: one request, what stdin holds, or what a person types next."""
    if request is not None and request != "-":
        yield [request]
        return
    if request == "-":
        lines = (line.decode("utf-8", "surrogateescape").rstrip("\r\n") for line in sys.stdin.buffer)
        while chunk := list(islice((line for line in lines if line.strip()), _AT_ONCE)):
            yield chunk
        return
    while (line := _typed()) is not None:
        if line.strip():
            yield [line]


def _typed() -> str | None:
    with suppress(ImportError):
        import readline  # noqa: F401  (editing and history, where the platform has them)
    console.say("request (Ctrl-D ends):")
    try:
        return input()
    except EOFError:
        return None

"""Name the program that a command is about, for scores and for telling commands from prose."""

from __future__ import annotations

from cli_tuner.shell.evaluate import evaluate
from cli_tuner.shell.parse import MAX_LENGTH


def first_utility(command: str) -> str | None:
    """Return the name of the first program that `command` would run, wrappers such as `sudo` taken off."""
    for invocation in evaluate(command[:MAX_LENGTH]).invocations:
        named = invocation.program not in ("", "?", "{") and invocation.via != "unset"
        if named and not invocation.wraps:
            return invocation.program
    return None

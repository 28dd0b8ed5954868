"""`cli-tuner doctor`: is everything here that a training needs, and what fixes it?"""

from __future__ import annotations

from typing import Any

import typer

from cli_tuner.cli import console, options

HELP = """Examine this machine: versions, packages that really load, GPU and precision, memory, disk, hub, W&B, tools.

Each line says ok, or why not and the exact command that fixes it. Nothing is changed. Exits 3 when something
needed is missing.

Example: cli-tuner doctor
"""


def doctor(json: options.Json = False) -> None:
    """Examine this machine."""
    from dataclasses import asdict

    from cli_tuner.config.environment import read_dotenv
    from cli_tuner.doctor.examine import examine, something_is_missing

    read_dotenv()
    if not json:
        console.say("loading each package once, in a process of its own (about 20 s) …")
    lines = examine()
    missing = something_is_missing(lines)
    if json:
        console.emit_json({"ok": not missing, "lines": [asdict(line) for line in lines]})
    else:
        _show(lines)
    if missing:
        raise typer.Exit(3)


def _show(lines: list[Any]) -> None:
    columns = ("what", "state", "why", "what fixes it")
    console.table("This machine", columns, [(one.name, one.state, one.why, one.fix) for one in lines])
    count = sum(line.state == "missing" for line in lines)
    console.say(f"{count} things that are needed are missing" if count else "everything that is needed is here")

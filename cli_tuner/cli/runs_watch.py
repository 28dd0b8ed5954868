"""`cli-tuner runs watch`: follow a training from another terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from cli_tuner.cli import console
from cli_tuner.errors import ExitCode

if TYPE_CHECKING:
    from cli_tuner.runs.registry import Summary

HELP = """Follow a training that was started elsewhere: its phase, step, loss, speed, memory and time left.

Only reads; Ctrl-C ends the watching, never the run. Exits as the run ends: 0 when it succeeded, 130 when it was
interrupted, 4 otherwise. A run that has ended is shown once.

Examples:

  cli-tuner runs watch

  cli-tuner runs watch 20261125-141446-smoke-819d && notify-send trained
"""
_POLL_S = 0.5
_START_S = 60.0


def watch(run_id: Annotated[str, typer.Argument(help="A run id, or `latest`.")] = "latest") -> int:
    """Follow a training."""
    from cli_tuner.cli.training_progress import TrainingProgress
    from cli_tuner.runs.layout import find_run
    from cli_tuner.runs.progress import Tail
    from cli_tuner.runs.registry import current_state, summary
    from cli_tuner.train.launch import read_status

    run = find_run(run_id)
    console.say(f"run {run.run_id}: log in {run.log}")
    tail, started = Tail(run.metrics), time.monotonic()
    with TrainingProgress(lambda: str(read_status(run).get("state") or "")) as progress:
        while True:
            state = current_state(run)  # before the lines: what is written before the end is then read
            progress.observe(tail.lines())
            waiting = state is None and time.monotonic() - started < _START_S
            if state != "running" and not waiting:
                break
            time.sleep(_POLL_S)
    return _told(summary(run))


def _told(one: Summary) -> int:
    state = one["state"] or "never started"
    console.say(f"{one['run_id']}: {state}" + (f": {one['fault']}" if one["fault"] else ""))
    if one["checkpoint_dir"]:
        console.say(f"its weights: {one['checkpoint_dir']}")
    if state in ("succeeded", "superseded"):
        return ExitCode.OK
    return ExitCode.INTERRUPTED if state == "interrupted" else ExitCode.CHILD_FAILED

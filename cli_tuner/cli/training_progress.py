"""Live progress of a training on stderr: its phase, then a bar on a terminal, a line a logged step elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from cli_tuner.cli import console
from cli_tuner.runs.progress import Course


class TrainingProgress:
    """Shows the phase, step, loss, evaluation loss, tokens a second and time left.

    Args:
        phase: Tells what the training process says that it does; empty before it speaks.
    """

    def __init__(self, phase: Callable[[], str] = lambda: "") -> None:
        self._started = time.monotonic()
        self._phase = phase
        self._said_phase = ""
        self._course = Course()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> TrainingProgress:
        if console.on_terminal():
            self._bar = console.progress_bar()
            self._task = self._bar.add_task(_PHASES[""], total=None)
            self._bar.start()
        else:
            console.say(f"{_PHASES['']} …")
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def observe(self, lines: list[dict[str, object]]) -> None:
        """Take new lines of the metrics stream; called with none too, so that the phase shows."""
        new = False
        for line in lines:
            if self._course.take(line):
                new = True
                if self._bar is None:
                    console.say(self._course.text())
        if not self._course.step:
            self._show_phase()
        elif self._bar is not None and new:
            self._bar.update(
                self._task,
                total=self._course.max_steps,
                completed=self._course.step,
                description=f"{self._course.text()}  {self._course.drawn()}",
            )

    def _show_phase(self) -> None:
        phase = self._phase()
        if phase == self._said_phase or phase not in _PHASES:
            return
        self._said_phase = phase
        elapsed = time.monotonic() - self._started
        if self._bar is not None:
            self._bar.update(self._task, description=_PHASES[phase])
        else:
            console.say(f"{_PHASES[phase]} … ({elapsed:.0f} s)")


_PHASES = {
    "": "starting Axolotl",
    "starting": "reading the config",
    "loading_data": "reading the rows",
    "loading_model": "loading the model",
    "evaluating": "evaluating before the first step",
    "training": "training the first step",
}

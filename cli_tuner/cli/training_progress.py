"""Live progress of a training on stderr: its phase, then a bar on a terminal, a line a logged step elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from cli_tuner.cli import console


class TrainingProgress:
    """Shows the phase, step, loss, evaluation loss, tokens a second and time left.

    Args:
        phase: Tells what the training process says that it does; empty before it speaks.
    """

    def __init__(self, phase: Callable[[], str] = lambda: "") -> None:
        self._started = time.monotonic()
        self._phase = phase
        self._said_phase = ""
        self._seen: dict[str, Any] = {}
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

    def observe(self, lines: list[dict[str, Any]]) -> None:
        """Take new lines of the metrics stream; called with none too, so that the phase shows."""
        for line in [line for line in lines if _SHOWN.keys() & line.keys()]:
            if line.get("step") != self._seen.get("step"):
                self._seen.pop("eval_loss", None)  # another step's, and no longer true
            self._seen.update(line)
            if self._bar is None:
                console.say(self.text())
        if not self._seen:
            self._show_phase()
        elif self._bar is not None and lines:
            self._bar.update(
                self._task,
                total=self._seen.get("max_steps"),
                completed=self._seen.get("step"),
                description=self.text(),
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

    def text(self) -> str:
        """Return the line that describes the newest step."""
        seen = self._seen
        parts = [f"step {seen.get('step', 0)}/{seen.get('max_steps', '?')}"]
        parts += [f"{label} {seen[key]:.4g}" for key, label in _SHOWN.items() if isinstance(seen.get(key), float)]
        left = self._seconds_left()
        return "  ".join([*parts, f"{left:.0f} s left"] if left else parts)

    def _seconds_left(self) -> float | None:
        step, total, elapsed = (self._seen.get(key) for key in ("step", "max_steps", "elapsed_s"))
        return elapsed / step * (total - step) if step and total and elapsed else None


_PHASES = {
    "": "starting Axolotl",
    "starting": "reading the config",
    "loading_data": "reading the rows",
    "loading_model": "loading the model",
    "evaluating": "evaluating before the first step",
    "training": "training the first step",
}
_SHOWN = {"loss": "loss", "eval_loss": "eval loss", "tokens/train_per_sec_per_gpu": "tokens/s"}

"""Live progress of a training on stderr: a bar on a terminal, a line a logged step elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any

from cli_tuner.cli import console


class TrainingProgress:
    """Shows step, loss, evaluation loss, tokens a second and time left."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._seen: dict[str, Any] = {}
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> TrainingProgress:
        if console.on_terminal():
            self._bar = console.progress_bar()
            self._task = self._bar.add_task("loading Axolotl and the model", total=None)
            self._bar.start()
        else:
            console.say("loading Axolotl and the model …")
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def observe(self, lines: list[dict[str, Any]]) -> None:
        """Take new lines of the metrics stream."""
        for line in lines:
            self._seen.update(line)
            if self._bar is None:
                console.say(self.text())
        if self._bar is not None and lines:
            self._bar.update(
                self._task,
                total=self._seen.get("max_steps"),
                completed=self._seen.get("step"),
                description=self.text(),
            )

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


_SHOWN = {"loss": "loss", "eval_loss": "eval loss", "tokens/train_per_sec_per_gpu": "tokens/s"}

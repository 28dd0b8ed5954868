"""How far a running training is: read from its metrics as they are written, by whoever watches it.

What is shown is true of now: an evaluation loss goes with its own step, and lines that tell nothing new say nothing.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

SPEED, MEMORY = "tokens/train_per_sec_per_gpu", "memory/max_active (GiB)"  # as Axolotl names them
_SHOWN = {"loss": "loss", "eval_loss": "eval loss", SPEED: "tokens/s", MEMORY: "GiB"}
_BLOCKS = "▁▂▃▄▅▆▇█"


def speed(lines: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the median of the tokens a second and GPU that a training logged; None where it logged none."""
    found = [line[SPEED] for line in lines if isinstance(line.get(SPEED), int | float) and line[SPEED] > 0]
    return statistics.median(found) if found else None


def peak_gib(lines: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the peak of GPU memory that a training logged, in GiB; None on a CPU."""
    return max((line[MEMORY] for line in lines if isinstance(line.get(MEMORY), int | float)), default=0.0) or None


class Tail:
    """Reads the whole lines that are new in a metrics file; an incomplete one waits for its end.

    Args:
        path: The file; it may not be there yet.
        from_start: Whether what is there already is new too.
    """

    def __init__(self, path: Path, *, from_start: bool = True) -> None:
        self._path = path
        self._offset = 0 if from_start or not path.exists() else path.stat().st_size

    def lines(self) -> list[dict[str, object]]:
        """Return the new lines; one that is no JSON object shows nothing, for progress must not end a training."""
        with suppress(OSError), self._path.open("rb") as handle:
            if handle.seek(0, 2) < self._offset:
                self._offset = 0  # it was cut back to a checkpoint
            handle.seek(self._offset)
            whole, newline, _ = handle.read().rpartition(b"\n")
            self._offset += len(whole) + len(newline)
            return [line for line in map(_metrics, whole.splitlines()) if line]
        return []


def _metrics(line: bytes) -> dict[str, object] | None:
    with suppress(ValueError, RecursionError):
        loaded = json.loads(line)
        return loaded if isinstance(loaded, dict) else None
    return None


class Course:
    """The newest numbers of a training and the losses that led there.

    Attributes:
        step: The newest step; 0 before the first.
        max_steps: How many there will be; None before it is known.
        losses: Training losses so far, nats a token.
    """

    def __init__(self, lines: Iterable[Mapping[str, Any]] = ()) -> None:
        self._seen: dict[str, object] = {}
        self.losses: list[float] = []
        for line in lines:
            self.take(line)

    def take(self, line: Mapping[str, Any]) -> bool:
        """Take a line of the metrics; tell whether it says something that is shown."""
        if not {"loss", "eval_loss"} & line.keys():
            return False
        if line.get("step") != self._seen.get("step"):
            self._seen.pop("eval_loss", None)  # another step's, and no longer true
        self._seen.update(line)
        if isinstance(line.get("loss"), int | float):
            self.losses.append(float(line["loss"]))
        return True

    @property
    def step(self) -> int:
        """The newest step; 0 before the first."""
        step = self._seen.get("step")
        return int(step) if isinstance(step, int | float) else 0

    @property
    def max_steps(self) -> int | None:
        """How many there will be; None before it is known."""
        found = self._seen.get("max_steps")
        return found if isinstance(found, int) else None

    def left_s(self) -> float | None:
        """Return the seconds that are left at the pace so far; None before it is known."""
        elapsed = self._seen.get("elapsed_s")
        if not (self.step and self.max_steps and elapsed and isinstance(elapsed, int | float)):
            return None
        return elapsed / self.step * (self.max_steps - self.step)

    def text(self) -> str:
        """Return the line that describes the newest step."""
        parts = [f"step {self.step}/{self.max_steps or '?'}"]
        numbers = ((label, self._seen.get(key)) for key, label in _SHOWN.items())
        parts += [f"{label} {value:.4g}" for label, value in numbers if isinstance(value, float) and value > 0]
        left = self.left_s()
        return "  ".join([*parts, f"{left:.0f} s left"] if left else parts)

    def drawn(self, width: int = 16) -> str:
        """Return the course of the loss as a line of blocks; empty under two losses."""
        if len(self.losses) < 2:
            return ""
        size = -(-len(self.losses) // width)
        means = [sum(part) / len(part) for part in _parts(self.losses, size)]
        low, high = min(means), max(means)
        return "".join(_BLOCKS[round((mean - low) / ((high - low) or 1) * (len(_BLOCKS) - 1))] for mean in means)


def _parts(values: list[float], size: int) -> list[list[float]]:
    return [values[start : start + size] for start in range(0, len(values), size)]

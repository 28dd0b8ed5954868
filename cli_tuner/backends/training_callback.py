"""Follows a training step by step: writes the metrics stream and stops a run whose loss is not a number."""

from __future__ import annotations

import math
import time
from typing import Any

from transformers import TrainerCallback

from cli_tuner.backends.training_record import TrainingRecord
from cli_tuner.backends.training_stream import Stream
from cli_tuner.errors import CliTunerError

_WATCHED = ("loss", "eval_loss", "grad_norm")


class FollowCallback(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
    """Writes what the trainer logs, and raises on NaN or infinity.

    Args:
        stream: Where status and metrics go.
        record: Collects the facts for the provenance record.
    """

    def __init__(self, stream: Stream, record: TrainingRecord) -> None:
        self._stream = stream
        self._record = record
        self._started = time.monotonic()

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Say that steps begin, link the W&B run to this run, and start the clock."""
        self._started = time.monotonic()
        self._record.link_tracker()
        self._stream.status("training", step=state.global_step, max_steps=state.max_steps)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """Append the logged values to the stream.

        Raises:
            CliTunerError: Loss, evaluation loss or gradient norm is NaN or infinite.
        """
        values = {key: value for key, value in (logs or {}).items() if isinstance(value, int | float)}
        elapsed = time.monotonic() - self._started
        line = {
            "step": state.global_step,
            "max_steps": state.max_steps,
            "elapsed_s": round(elapsed, 3),
            **values,
        }
        self._stream.metrics(line)
        self._record.note(state.global_step, values)
        broken = [key for key in _WATCHED if not math.isfinite(values.get(key, 0.0))]
        if broken:
            self._stream.status("nan", step=state.global_step, broken=broken)
            raise CliTunerError(f"{', '.join(broken)} is not a finite number at step {state.global_step}")

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Say that all steps are done; saving comes next."""
        self._record.steps = state.global_step
        self._stream.status("training_done", step=state.global_step)

"""Follows a training step by step, and keeps it from losing or inventing anything.

The laws: a checkpoint is written before the evaluation of the same step, so that an evaluation that dies loses
nothing; no checkpoint holds a number that is not finite; every whole checkpoint has the digests of its files,
so that an incomplete one is told apart; the first SIGINT or SIGTERM, or the death of the supervisor, saves a
checkpoint that can be resumed and ends the training.
"""

from __future__ import annotations

import gc
import math
import os
import random
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

from transformers import TrainerCallback

from cli_tuner.backends.training_order import EpochOrder
from cli_tuner.backends.training_record import TrainingRecord
from cli_tuner.backends.training_rows import RowLog
from cli_tuner.backends.training_stream import StopRequestedError, Stream, orphaned
from cli_tuner.backends.training_trackers import guarded
from cli_tuner.files import write_json
from cli_tuner.provenance.manifest import CHECKPOINT_DIGESTS, digests

LAST_STEP = "CLI_TUNER_LAST_STEP"
"""Ends a training early with the schedule of the whole: for a proof, of which no checkpoint is wanted."""
_WATCHED = ("loss", "eval_loss", "grad_norm")


class NotFiniteError(ArithmeticError):
    """Loss, gradient norm or weights are NaN or infinite."""


class FollowCallback(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
    """Writes the metrics stream, guards checkpoints, and stops when asked.

    Args:
        trainer: The trainer that is followed.
        stream: Where status and metrics go; None on all ranks but the first.
        record: Collects the facts for the provenance record; None on all ranks but the first.
        order: The order of the rows, which depends on the epoch.
        rows: Keeps the loss of every row.
    """

    def __init__(
        self,
        trainer: Any,
        stream: Stream | None,
        record: TrainingRecord | None,
        order: EpochOrder,
        rows: RowLog,
    ) -> None:
        self._trainer = trainer
        self._order = order
        self._rows = rows
        self._last_step = int(os.environ.get(LAST_STEP, "0"))
        self._batches = trainer.get_batch_samples
        trainer.get_batch_samples = self._next_step
        self._evaluate = trainer.evaluate
        trainer.evaluate = self._save_then_evaluate
        self._stream = stream
        self._record = record
        self._started = time.monotonic()
        self.stop_asked = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Take the signals, link the W&B run to this run, say that steps begin, and start the clock."""
        self._started = time.monotonic()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask_to_stop)
        if self._record is not None:
            guarded("W&B", self._record.link_tracker, self._warn)
        # Axolotl evaluates before the first step, also of a run that resumes.
        self._say("evaluating" if args.eval_on_start else "training", step=state.global_step, max_steps=state.max_steps)

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Let the rows of this epoch come in its order."""
        self._order.begin(int(state.epoch or 0))

    def _next_step(self, *args: Any, **kwargs: Any) -> Any:
        """Return the micro batches of the next step; none where all steps are done.

        NOTE: transformers asks only after a step whether it was the last, so that a run which resumes a checkpoint of
        `max_steps` would train one more.
        """
        state = self._trainer.state
        if state.global_step >= state.max_steps:
            self._trainer.control.should_training_stop = True
            return [], None
        return self._batches(*args, **kwargs)

    def _ask_to_stop(self, number: int, _: FrameType | None) -> None:
        self.stop_asked = True
        signal.signal(number, signal.SIG_DFL)  # a second one ends the process at once

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """Beat, stop when asked, and save before evaluating."""
        if self._stream is not None:
            self._stream.beat()
        if state.global_step == self._last_step:
            control.should_training_stop, control.should_save, control.should_evaluate = True, False, False
            return control
        if _any_process(self.stop_asked or orphaned()):
            self.stop_asked = True
            control.should_save = control.should_training_stop = True
            control.should_evaluate = False
        if control.should_save:
            self._check_weights(state.global_step)
        return control

    def _save_then_evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """Stand before `Trainer.evaluate`: the step is logged by then, and is saved before its evaluation may die.

        An evaluation draws a seed for its loader. Resumed from the checkpoint before it, the run must see the same
        random numbers as the run that went on after it, so they are given back.
        """
        trainer = self._trainer
        if trainer.control.should_save and not trainer.args.load_best_model_at_end:
            trainer._save_checkpoint(trainer.model, trial=None)
            trainer.control.should_save = False
            trainer.control = trainer.callback_handler.on_save(trainer.args, trainer.state, trainer.control)
        _release_memory()
        before = _random_state()
        self._say("evaluating", step=trainer.state.global_step)
        found = self._evaluate(*args, **kwargs)
        _restore_random_state(before)
        return found

    def _check_weights(self, step: int) -> None:
        """Refuse to save weights that are not finite."""
        import torch

        for name, parameter in self._trainer.model.named_parameters():
            if parameter.requires_grad and not bool(torch.isfinite(parameter).all()):
                self._fail(step, [name])

    def _fail(self, step: int, broken: list[str]) -> None:
        self._say("training", step=step, broken=broken)
        raise NotFiniteError(f"{', '.join(broken)} is not finite at step {step}")

    def on_prediction_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Beat, and leave an evaluation when asked to stop."""
        if self._stream is not None:
            self._stream.beat()
        if self.stop_asked:
            raise StopRequestedError

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Give the evaluation's memory back before the next step."""
        _release_memory()
        self._say("training", step=state.global_step)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Write the digests that tell a whole checkpoint from an incomplete one."""
        self._rows.flush()
        if self._stream is None:
            return
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        if folder.is_dir():
            write_json(folder / CHECKPOINT_DIGESTS, digests(folder, leave_out=(CHECKPOINT_DIGESTS,)))
        self._say("training", step=state.global_step, saved_step=state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, object] | None = None, **_: Any) -> None:
        """Append the logged values to the stream.

        Raises:
            NotFiniteError: Loss, evaluation loss or gradient norm is NaN or infinite.
        """
        self._rows.flush()
        values = {key: value for key, value in (logs or {}).items() if isinstance(value, int | float)}
        elapsed = time.monotonic() - self._started
        line = {"step": state.global_step, "max_steps": state.max_steps, "elapsed_s": round(elapsed, 3), **values}
        if self._stream is not None:
            self._stream.metrics(line)
        broken = [key for key in _WATCHED if not math.isfinite(values.get(key, 0.0))]
        if broken:
            self._fail(state.global_step, broken)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Say that all steps are done; saving comes next."""
        if self._record is not None:
            self._record.steps = state.global_step
            self._record.saved_step = saved_step(args, state)
        self._say("saving", step=state.global_step)

    def _warn(self, text: str) -> None:
        if self._stream is not None:
            self._stream.warn(text)

    def evaluate_what_was_saved(self) -> None:
        """Measure the evaluation loss of the saved weights where no evaluation of their step was logged."""
        trainer = self._trainer
        step = saved_step(trainer.args, trainer.state)
        measured = any("eval_loss" in line and line.get("step") == step for line in trainer.state.log_history)
        if trainer.eval_dataset is not None and not measured and not self._last_step:
            trainer.evaluate()

    def _say(self, state: str, **facts: Any) -> None:
        if self._stream is not None:
            self._stream.status(state, **facts)


def saved_step(args: Any, state: Any) -> int:
    """Return the step whose weights are saved: the best evaluated one where the config asks for it, else the last."""
    best = str(state.best_model_checkpoint or "").rpartition("-")[2]
    return int(best) if args.load_best_model_at_end and best.isdigit() else int(state.global_step)


def _any_process(wish: bool) -> bool:
    """Tell whether any process wishes it, so that all stop at the same step."""
    import torch

    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return wish
    device = "cuda" if torch.distributed.get_backend() == "nccl" else "cpu"
    wishes = torch.tensor([int(wish)], device=device)
    torch.distributed.all_reduce(wishes, op=torch.distributed.ReduceOp.MAX)
    return bool(wishes.item())


def _random_state() -> tuple[Any, ...]:
    import numpy as np
    import torch

    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else None
    return random.getstate(), np.random.get_state(), torch.get_rng_state(), cuda


def _restore_random_state(state: tuple[Any, ...]) -> None:
    import numpy as np
    import torch

    random.setstate(state[0])
    np.random.set_state(state[1])
    torch.set_rng_state(state[2])
    if state[3] is not None:
        torch.cuda.set_rng_state_all(state[3])


def _release_memory() -> None:
    import torch

    if torch.cuda.is_available():  # elsewhere nothing is gained, and a collection takes a third of a second
        gc.collect()
        torch.cuda.empty_cache()

"""An Axolotl plugin that breaks a training on purpose, for the fault tests: `FAULT=kind@step`.

Kinds: `kill` (kill -9 at that step), `nan` (a weight becomes NaN), `oom` (memory runs out while the micro batch is
above 1), `oom_eval` (memory runs out in an evaluation while its batch is above 1), `eval` (an evaluation raises),
`hang` (a step never ends), `raise` (a step raises), `full` (the disk refuses the next save), `kill_step` (kill -9
after that step, before it is saved), `kill_eval` (in its evaluation), `kill_save` (in its checkpoint, half of it
written), `kill_files` (after its files, before their digests), `kill_saved` (after its checkpoint), `kill_epoch` (at
the end of the epoch that it ends), `kill_end` (after the last step, before the final save). Of several processes all
are killed.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from axolotl.integrations.base import BasePlugin
from transformers import TrainerCallback


class FaultPlugin(BasePlugin):
    def add_callbacks_pre_trainer(self, cfg: Any, model: Any) -> list[Any]:
        kind, _, step = os.environ["FAULT"].partition("@")
        return [Fault(kind, int(step), cfg, model)]

    def add_callbacks_post_trainer(self, cfg: Any, trainer: Any) -> list[Any]:
        kind, _, step = os.environ["FAULT"].partition("@")
        return [Fault("kill_files", int(step), cfg, trainer.model)] if kind == "kill_saved" else []


class Fault(TrainerCallback):
    def __init__(self, kind: str, step: int, cfg: Any, model: Any) -> None:
        self.kind, self.step, self.cfg, self.model = kind, step, cfg, model

    def _kill(self, kind: str, step: int) -> None:
        if (self.kind, self.step) == (kind, step):
            os.kill(os.getpid(), signal.SIGKILL)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._kill("kill_files", state.global_step)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._kill("kill_epoch", state.global_step)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._kill("kill_end", state.global_step)

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        import torch

        if state.global_step + 1 != self.step:
            return
        if self.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "nan":
            next(p for p in self.model.parameters() if p.requires_grad).data.fill_(float("nan"))
        if self.kind == "oom" and self.cfg.micro_batch_size > 1:
            raise torch.OutOfMemoryError("out of memory, on purpose")
        if self.kind == "hang":
            time.sleep(600)
        if self.kind == "raise":
            raise RuntimeError("on purpose")

    def on_prediction_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        import torch

        self._kill("kill_eval", state.global_step)
        if state.global_step != self.step:
            return
        if self.kind == "eval":
            raise RuntimeError("the evaluation breaks, on purpose")
        if self.kind == "oom_eval" and self.cfg.eval_batch_size > 1:
            raise torch.OutOfMemoryError("out of memory, on purpose")

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._kill("kill_step", state.global_step)
        if state.global_step != self.step or self.kind not in ("full", "kill_save"):
            return
        import torch

        def refuse(*_: Any, **__: Any) -> None:
            self._kill("kill_save", state.global_step)
            raise OSError(28, "No space left on device")

        torch.save = refuse

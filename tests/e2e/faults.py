"""An Axolotl plugin that breaks a training on purpose, for the fault tests: `FAULT=kind@step`.

Kinds: `kill` (kill -9 at that step), `nan` (a weight becomes NaN), `oom` (memory runs out while the micro batch is
above 1), `oom_eval` (memory runs out in an evaluation while its batch is above 1), `eval` (an evaluation raises),
`hang` (a step never ends), `raise` (a step raises), `full` (the disk refuses the next save).
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


class Fault(TrainerCallback):
    def __init__(self, kind: str, step: int, cfg: Any, model: Any) -> None:
        self.kind, self.step, self.cfg, self.model = kind, step, cfg, model

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

        if state.global_step != self.step:
            return
        if self.kind == "eval":
            raise RuntimeError("the evaluation breaks, on purpose")
        if self.kind == "oom_eval" and self.cfg.eval_batch_size > 1:
            raise torch.OutOfMemoryError("out of memory, on purpose")

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.kind == "full" and state.global_step == self.step:
            import torch

            def refuse(*_: Any, **__: Any) -> None:
                raise OSError(28, "No space left on device")

            torch.save = refuse

"""When a run saves, evaluates and ends, and how much disk that takes. Pure arithmetic on the config.

Rules as Axolotl 0.19 and transformers 5 have them: `max_steps` beats epochs; `eval_steps` also evaluates at step
0 (`eval_on_start`); the last step is always saved; an empty `save_total_limit` keeps 4
(`axolotl/core/builders/base.py`, `_configure_save_and_eval_strategy`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cli_tuner.train.adapter import Adapter
from cli_tuner.train.tokens import Tokens

_TOKENIZER_BYTES = 12e6
_TOKENISED_BYTES = 13  # input ids (4), labels (8), mask (1), as Arrow


@dataclass(frozen=True, slots=True)
class Timetable:
    """What happens when.

    Attributes:
        steps: Optimiser steps of the whole run; None when rows or limits are not known.
        steps_per_epoch: Optimiser steps of one pass; None when the rows are not known.
        epochs: Passes over the rows; None when not known.
        sequences_per_step: Sequences of one optimiser step.
        warmup: Steps until the full learning rate.
        saves: Steps after which a checkpoint is written.
        evaluations: Steps at which the evaluation rows are read.
        kept: Checkpoints that stay.
    """

    steps: int | None
    steps_per_epoch: int | None
    epochs: float | None
    sequences_per_step: int
    warmup: int
    saves: tuple[int, ...]
    evaluations: tuple[int, ...]
    kept: int


def make_timetable(values: Mapping[str, Any], tokens: Tokens | None, *, has_evaluation: bool) -> Timetable:
    """Derive the timetable of a config.

    Args:
        values: The Axolotl keys.
        tokens: The counted training rows; None when they are not there yet.
        has_evaluation: Whether there are rows to evaluate on.
    """
    batch = int(values.get("micro_batch_size") or 1)
    accumulation = int(values.get("gradient_accumulation_steps") or 1)
    per_epoch = math.ceil(math.ceil(tokens.sequences / batch) / accumulation) if tokens else None
    limit = int(values.get("max_steps") or 0)
    steps = limit if limit > 0 else _epoch_steps(values, per_epoch)
    return Timetable(
        steps=steps,
        steps_per_epoch=per_epoch,
        epochs=steps / per_epoch if steps and per_epoch else None,
        sequences_per_step=batch * accumulation,
        warmup=realised_warmup(values, steps),
        saves=_saves(values, steps, per_epoch),
        evaluations=_evaluations(values, steps, per_epoch) if has_evaluation else (),
        kept=int(values.get("save_total_limit") or 4),
    )


def _epoch_steps(values: Mapping[str, Any], per_epoch: int | None) -> int | None:
    return math.ceil(float(values.get("num_epochs") or 1.0) * per_epoch) if per_epoch else None


def realised_warmup(values: Mapping[str, Any], steps: int | None) -> int:
    """Return the warm-up steps that Axolotl uses (`_configure_warmup_and_logging`): 1 becomes 2, empty is 3 %."""
    if values.get("warmup_steps") is not None:
        warmup = int(values["warmup_steps"])
    elif values.get("warmup_ratio") is not None:
        warmup = int(float(values["warmup_ratio"]) * (steps or 0))
    else:
        warmup = min(int(0.03 * (steps or 0)), 100)
    return 2 if warmup == 1 else warmup


def _every(interval: Any, times_per_epoch: Any, steps: int, per_epoch: int | None) -> list[int]:
    if not interval and times_per_epoch and per_epoch:
        interval = max(1, per_epoch // int(times_per_epoch))
    number = float(interval or 0)
    each = max(1, round(number * steps)) if 0 < number < 1 else int(number)
    return list(range(each, steps + 1, each)) if each else []


def _saves(values: Mapping[str, Any], steps: int | None, per_epoch: int | None) -> tuple[int, ...]:
    if not steps:
        return ()
    regular = _every(values.get("save_steps"), values.get("saves_per_epoch"), steps, per_epoch)
    if not regular and values.get("save_strategy") != "no" and per_epoch:
        regular = list(range(per_epoch, steps + 1, per_epoch))
    return tuple(sorted({*regular, steps}))


def _evaluations(values: Mapping[str, Any], steps: int | None, per_epoch: int | None) -> tuple[int, ...]:
    if not steps:
        return ()
    regular = _every(values.get("eval_steps"), values.get("evals_per_epoch"), steps, per_epoch)
    if not regular and values.get("eval_strategy") == "epoch" and per_epoch:
        regular = list(range(per_epoch, steps + 1, per_epoch))
    return (0, *regular) if regular else ()


def disk_bytes(table: Timetable, tokens: Tokens | None, adapter: Adapter, download_bytes: float) -> dict[str, float]:
    """Return what a run writes, by part: checkpoints that stay, the final adapter, tokenised rows, base model."""
    weights = adapter.n_trainable * 4.0
    checkpoint = weights + adapter.n_trainable * 2.1 + _TOKENIZER_BYTES  # 8-bit optimiser states and its scales
    at_once = min(table.kept + 1, len(table.saves))  # a new one is written before the oldest is removed
    return {
        "checkpoints": at_once * checkpoint,
        "final adapter": weights + _TOKENIZER_BYTES,
        "tokenised rows": (tokens.trained + tokens.masked) * float(_TOKENISED_BYTES) if tokens else 0.0,
        "base model in the hub's cache": download_bytes,
    }

"""The next smaller micro batch after memory ran out, at the same effective batch.

First an evaluation that did not fit is evaluated in halves; then the micro batch is halved and the accumulation
doubled; then, only if the config allows it, sequences are halved. Every step is recorded with the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cli_tuner.config.sections import Supervision
from cli_tuner.train.plan import Plan
from cli_tuner.train.recovery import newest_whole_checkpoint

_MIN_SEQUENCE_LEN = 128


def smaller(plan: Plan, status: Mapping[str, object], settings: Supervision) -> tuple[Plan, dict[str, object]] | None:
    """Return the plan to try next and what it changes, or None when nothing smaller is allowed.

    Args:
        plan: What ran out of memory.
        status: What the training process said; `failed_in` tells an evaluation from a step.
        settings: `allow_shorter_sequences`.
    """
    change = _next(plan.axolotl, status.get("failed_in") == "evaluating", settings)
    if change is None:
        return None
    config = {**plan.axolotl, **change}
    checkpoint = newest_whole_checkpoint(plan.staging)
    if checkpoint is not None:
        config["resume_from_checkpoint"] = str(checkpoint)
    return replace(plan, axolotl=config), change


def _next(config: Mapping[str, Any], evaluating: bool, settings: Supervision) -> dict[str, object] | None:
    eval_batch = int(config.get("eval_batch_size") or config.get("micro_batch_size") or 1)
    if evaluating and eval_batch > 1:
        return {"eval_batch_size": eval_batch // 2}
    micro, steps = int(config.get("micro_batch_size") or 1), int(config.get("gradient_accumulation_steps") or 1)
    if micro > 1 and micro % 2 == 0:
        return {"micro_batch_size": micro // 2, "gradient_accumulation_steps": steps * 2}
    if micro > 1:
        return {"micro_batch_size": 1, "gradient_accumulation_steps": steps * micro}
    length = int(config.get("sequence_len") or 0)
    if settings.allow_shorter_sequences and length // 2 >= _MIN_SEQUENCE_LEN:
        return {"sequence_len": length // 2, "excess_length_strategy": "drop"}
    return None

"""How long a training takes on each kind of GPU, and what it costs there.

A micro step takes the larger work of two (with 4-bit weights, which are unpacked and then multiplied, both): its
floating-point operations, 6 a weight and token with gradient checkpointing (2 forward, 2 again, 2 backward: the base
is frozen, so it has no weight gradients; after https://arxiv.org/abs/2001.08361, section 2.1, and
https://arxiv.org/abs/2305.14314), and reading the weights (4 bits: read 0.5 B, write and read 2 B, once a pass); plus a
fixed cost of starting kernels. Efficiencies are taken from published figures (`benchmarks/plan.py`), so a time is
right within a factor of two at best; the ratios between GPUs and recipes are better than that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cli_tuner.config.targets import Target
from cli_tuner.train.shapes import Shape
from cli_tuner.train.timetable import Timetable
from cli_tuner.train.tokens import Tokens

_EFFICIENCY = (
    (9.0, 0.42),
    (0.0, 0.6),
)  # from Hopper on: Llama 3, table 4 (arXiv:2407.21783); before: benchmarks/plan.py
BANDWIDTH_EFFICIENCY = 0.7
_KERNEL_S_PER_LAYER = 0.0012
_START_S = 90.0


@dataclass(frozen=True, slots=True)
class Cost:
    """One GPU's bill.

    Attributes:
        target: The GPU.
        hours: Wall time, start-up included.
        usd: Rent; 0 on an own card.
        fits: Whether the estimated peak fits its memory.
    """

    target: Target
    hours: float
    usd: float
    fits: bool


def micro_step_s(values: Mapping[str, Any], shape: Shape, target: Target, tokens: float, *, train: bool) -> float:
    """Return the seconds of one forward (and backward) pass over `tokens` tokens."""
    passes = (3 if values.get("gradient_checkpointing") else 2) if train else 1
    weights = shape.n_computed
    efficiency = next(share for generation, share in _EFFICIENCY if target.generation >= generation)
    compute = 2.0 * passes * weights * tokens / (target.tflops * 1e12 * efficiency)
    unpack = 4.5 if values.get("load_in_4bit") else 2.0
    memory = passes * shape.n_linear * unpack / (target.bandwidth_gb_s * 1e9 * BANDWIDTH_EFFICIENCY)
    work = compute + memory if values.get("load_in_4bit") else max(compute, memory)  # unpacked, then multiplied
    return work + passes * shape.layers * _KERNEL_S_PER_LAYER


def estimate_cost(
    values: Mapping[str, Any],
    shape: Shape,
    table: Timetable,
    tokens: Tokens,
    evaluated: Tokens | None,
    target: Target,
    peak_bytes: float,
) -> Cost:
    """Estimate time and rent of the whole run on one GPU."""
    accumulation = int(values.get("gradient_accumulation_steps") or 1)
    batch = int(values.get("micro_batch_size") or 1)
    per_micro = tokens.total / max(1, tokens.sequences) * batch
    seconds = (table.steps or 0) * accumulation * micro_step_s(values, shape, target, per_micro, train=True)
    if evaluated and table.evaluations:
        eval_batch = int(values.get("eval_batch_size") or batch)
        batches = evaluated.sequences / eval_batch
        per_batch = evaluated.total / max(1, evaluated.sequences) * eval_batch
        once = batches * micro_step_s(values, shape, target, per_batch, train=False)
        seconds += len(table.evaluations) * once
    hours = (seconds + _START_S) / 3600
    return Cost(target, hours, hours * target.usd_per_hour, peak_bytes <= target.room_bytes)

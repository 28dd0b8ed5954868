"""What a recipe trains: how many parameters, in which layers. Counted as PEFT counts them.

LoRA adds `r x (in + out)` weights a target (https://arxiv.org/abs/2106.09685, section 4.1). A contract test
compares the count with PEFT's own on a model without memory (torch's meta device).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cli_tuner.train.shapes import ATTENTION, Shape


@dataclass(frozen=True, slots=True)
class Adapter:
    """What is trained.

    Attributes:
        n_trainable: Trainable parameters.
        n_lora: Those of the low-rank matrices.
        n_saved: Those of modules that are trained and saved whole.
        rank: Rank of the low-rank matrices; 0 when all weights are trained.
        targets: Names of the linear layers that carry a low-rank pair.
    """

    n_trainable: int
    n_lora: int
    n_saved: int
    rank: int
    targets: tuple[str, ...]


def count_trainable(values: Mapping[str, Any], shape: Shape) -> Adapter:
    """Count the trainable parameters of a config on a base model."""
    if values.get("adapter") not in ("lora", "qlora"):
        return Adapter(shape.n_parameters, 0, shape.n_parameters, 0, ())
    rank = int(values.get("lora_r") or 8)
    targets = _targets(values, tuple(shape.linear()))
    magnitudes = shape.lora_width(targets, outputs_only=True) if values.get("peft_use_dora") else 0
    lora = rank * shape.lora_width(targets) + magnitudes
    whole = set(values.get("lora_modules_to_save") or []) & {"embed_tokens", "lm_head"}
    saved = len(whole) * shape.vocab * shape.hidden
    return Adapter(lora + saved, lora, saved, rank, targets)


def _matches(pattern: str, name: str) -> bool:
    """Tell whether PEFT's `re.fullmatch` on the whole path of a module finds this linear layer."""
    block = "self_attn" if name in ATTENTION else "mlp"
    roots = ("model", "model.language_model", "language_model.model", "transformer")
    try:
        return any(re.fullmatch(pattern, f"{root}.layers.0.{block}.{name}") for root in roots)
    except re.error:
        return False


def _targets(values: Mapping[str, Any], linear: tuple[str, ...]) -> tuple[str, ...]:
    named = values.get("lora_target_modules") or []
    if values.get("lora_target_linear") or named in ("all-linear", "all_linear"):
        return linear
    if isinstance(named, str):
        return tuple(name for name in linear if _matches(named, name))
    return tuple(name for name in linear if any(str(one).split(".")[-1] == name for one in named))

"""What to change when a recipe does not fit: one change after the other, each with the peak that it leads to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cli_tuner.train.adapter import count_trainable
from cli_tuner.train.memory import estimate_memory
from cli_tuner.train.shapes import Shape, find_shape

_FAMILIES = (
    tuple(f"Qwen/Qwen2.5-Coder-{size}-Instruct" for size in ("32B", "14B", "7B", "3B", "1.5B", "0.5B")),
    ("meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.2-3B-Instruct", "meta-llama/Llama-3.2-1B-Instruct"),
)

Change = dict[str, object]


@dataclass(frozen=True, slots=True)
class Advice:
    """One step towards fitting, on top of those before it.

    Attributes:
        change: Keys and their new values.
        why: What it saves.
        peak_bytes: The estimated peak after it.
        fits: Whether that is enough.
    """

    change: Mapping[str, Any]
    why: str
    peak_bytes: float
    fits: bool


def advise(values: Mapping[str, Any], shape: Shape, room_bytes: float, longest: int) -> list[Advice]:
    """Return the changes that make a recipe fit, those that help only, until it fits.

    Args:
        values: The realised config.
        shape: Its base model.
        room_bytes: Memory of the GPU.
        longest: Tokens of the longest row, 0 when not known.
    """
    now, peak = dict(values), _peak(values, shape)
    steps: list[Advice] = []
    for change, why in _changes(values, longest):
        tried = {**now, **change}
        tried_shape = find_shape(str(tried["base_model"])) or shape
        after = _peak(tried, tried_shape)
        if after >= peak * 0.99:
            continue
        now, shape, peak = tried, tried_shape, after
        steps.append(Advice(change, why, peak, peak <= room_bytes))
        if peak <= room_bytes:
            break
    return steps


def _peak(values: Mapping[str, Any], shape: Shape) -> float:
    return estimate_memory(values, shape, count_trainable(values, shape)).peak_bytes


def _changes(values: Mapping[str, Any], longest: int) -> Iterator[tuple[Change, str]]:
    rules: tuple[Callable[[Mapping[str, Any], int], tuple[Change, str] | None], ...] = (
        _quantise, _checkpoint, _one_row, _short_rows, _small_optimizer, _no_saved_modules, _fused_loss,
    )  # fmt: skip
    yield from (found for found in (rule(values, longest) for rule in rules) if found)
    for name in _smaller_models(str(values.get("base_model"))):
        yield {"base_model": name}, "a smaller model of the same family"


def _quantise(values: Mapping[str, Any], _: int) -> tuple[Change, str] | None:
    if values.get("load_in_4bit") and values.get("adapter") == "qlora":
        return None
    return {"adapter": "qlora", "load_in_4bit": True}, "4-bit base weights"


def _checkpoint(values: Mapping[str, Any], _: int) -> tuple[Change, str] | None:
    return None if values.get("gradient_checkpointing") else ({"gradient_checkpointing": True}, "recompute activations")


def _one_row(values: Mapping[str, Any], _: int) -> tuple[Change, str] | None:
    batch, steps = int(values.get("micro_batch_size") or 1), int(values.get("gradient_accumulation_steps") or 1)
    if batch == 1:
        return None
    return {"micro_batch_size": 1, "gradient_accumulation_steps": batch * steps}, "the same batch, a row at a time"


def _short_rows(values: Mapping[str, Any], longest: int) -> tuple[Change, str] | None:
    written = int(values.get("sequence_len") or 512)
    enough = -(-longest // 64) * 64 if longest else 256
    return ({"sequence_len": enough}, "no row is longer" if longest else "shorter rows") if enough < written else None


def _small_optimizer(values: Mapping[str, Any], _: int) -> tuple[Change, str] | None:
    if "8bit" in str(values.get("optimizer")):
        return None
    return {"optimizer": "paged_adamw_8bit"}, "8-bit optimiser states"


def _no_saved_modules(values: Mapping[str, Any], _: int) -> tuple[Change, str] | None:
    return ({"lora_modules_to_save": None}, "train no whole matrices") if values.get("lora_modules_to_save") else None


def _fused_loss(values: Mapping[str, Any], _: int) -> tuple[Change, str] | None:
    if values.get("liger_fused_linear_cross_entropy"):
        return None
    return {"liger_fused_linear_cross_entropy": True}, "logits in chunks (add Liger's plugin)"


def _smaller_models(name: str) -> tuple[str, ...]:
    for family in _FAMILIES:
        for index, known in enumerate(family):
            if name.lower() == known.lower():
                return family[index + 1 :]
    return ()

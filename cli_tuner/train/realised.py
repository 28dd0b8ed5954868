"""What you wrote, and what Axolotl will use instead: its silent defaults and corrections, each with its reason.

Read from Axolotl 0.19 and 0.21 (`axolotl/core/builders/base.py`, `causal.py`, `utils/config`, `utils/schemas`); a
contract test compares what of it Axolotl's own validation shows. Only what differs from the written is listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cli_tuner.config.axolotl import known_keys
from cli_tuner.config.load import Config
from cli_tuner.config.targets import Target
from cli_tuner.train.timetable import Timetable

_SHOWN_DEFAULTS = (
    "optimizer", "lr_scheduler", "sequence_len", "micro_batch_size", "gradient_accumulation_steps", "weight_decay",
    "lora_dropout", "num_epochs", "load_best_model_at_end", "gradient_checkpointing",
)  # fmt: skip
_KERNELS = ("lora_qkv_kernel", "lora_o_kernel", "lora_mlp_kernel")


@dataclass(frozen=True, slots=True)
class Realised:
    """One key whose written value is not what is used.

    Attributes:
        key: The key.
        written: What the config says; None where it says nothing.
        used: What is used.
        why: Who decides that.
    """

    key: str
    written: Any
    used: Any
    why: str


def realised_values(config: Config, meant: Config, target: Target, table: Timetable) -> list[Realised]:
    """List what is used otherwise than written.

    Args:
        config: The config as written.
        meant: The same with `auto` realised for the target.
        target: The machine.
        table: Its timetable.
    """
    values = meant.axolotl
    found = [
        Realised(key, config.axolotl.get(key), value, str(meant.at(key)))
        for key, value in values.items()
        if value != config.axolotl.get(key)
    ]
    decided = {one.key for one in found}
    for part in (_corrections(values, target, table), _defaults(values, table, meant.version.release)):
        found += [one for one in part if one.key not in decided]
    return found


def _corrections(values: Mapping[str, Any], target: Target, table: Timetable) -> Iterator[Realised]:
    rules: tuple[Callable[[], Realised | None], ...] = (
        lambda: _auto_precision(values, target),
        lambda: _tf32(values, target),
        lambda: _warmup(values, table),
        lambda: _evaluation_at_start(values, table),
        lambda: _epochs(values),
        lambda: _save_limit(values),
        lambda: _padding(values),
        lambda: _quantisation(values),
        lambda: _kernels(values),
    )
    yield from (one for one in (rule() for rule in rules) if one is not None)
    if values.get("sample_packing") and values.get("eval_sample_packing") is None:
        yield Realised("eval_sample_packing", None, True, "follows sample_packing")


def _auto_precision(values: Mapping[str, Any], target: Target) -> Realised | None:
    if values.get("bf16", "auto") != "auto":
        return None
    used = "bf16" if target.bf16 else "fp16"
    return Realised("bf16", values.get("bf16"), used, f"auto on {target.name}")


def _tf32(values: Mapping[str, Any], target: Target) -> Realised | None:
    if values.get("tf32", "auto") != "auto":
        return None
    return Realised("tf32", values.get("tf32"), target.bf16, f"auto on {target.name}")


def _warmup(values: Mapping[str, Any], table: Timetable) -> Realised | None:
    written = values.get("warmup_steps")
    if written == table.warmup:
        return None
    why = "1 becomes 2" if written == 1 else "3 % of the steps, at most 100, where nothing is written"
    return Realised("warmup_steps", written, table.warmup, why)


def _evaluation_at_start(values: Mapping[str, Any], table: Timetable) -> Realised | None:
    if not table.evaluations:
        return None
    steps = values.get("eval_steps")
    return Realised("eval_steps", steps, f"{steps}, and at step 0", "eval_on_start comes with eval_steps")


def _epochs(values: Mapping[str, Any]) -> Realised | None:
    if not values.get("max_steps") or values.get("num_epochs") is None:
        return None
    return Realised("num_epochs", values["num_epochs"], "ignored", "max_steps wins")


def _save_limit(values: Mapping[str, Any]) -> Realised | None:
    written = values.get("save_total_limit")
    return None if written else Realised("save_total_limit", written, 4, "Axolotl's own default")


def _padding(values: Mapping[str, Any]) -> Realised | None:
    if values.get("pad_to_sequence_len") is not None:
        return None
    if values.get("sample_packing"):
        return Realised("pad_to_sequence_len", None, True, "follows sample_packing")
    return Realised("pad_to_sequence_len", None, "to the batch's longest row", "rounded up to a multiple of 64")


def _quantisation(values: Mapping[str, Any]) -> Realised | None:
    if values.get("adapter") != "qlora" or not values.get("load_in_4bit"):
        return None
    kwargs = values.get("bnb_config_kwargs") or {}
    double = "double quantised" if kwargs.get("bnb_4bit_use_double_quant", True) else "single quantised"
    return Realised("load_in_4bit", True, f"NF4, {double}", "axolotl/loaders/model.py, _set_quantization_config")


def _kernels(values: Mapping[str, Any]) -> Realised | None:
    unset = all(values.get(key) is None for key in (*_KERNELS, "lora_embedding_kernel"))
    if not unset or values.get("adapter") not in ("lora", "qlora") or values.get("load_in_8bit"):
        return None
    return Realised("lora_*_kernel", None, True, "switched on where none of them is written")


def _defaults(values: Mapping[str, Any], table: Timetable, release: str) -> Iterator[Realised]:
    for key in _SHOWN_DEFAULTS:
        ignored = key == "num_epochs" and values.get("max_steps")
        if values.get(key) is None and not ignored:
            yield Realised(key, None, known_keys(release)["defaults"].get(key), "Axolotl's default")
    if values.get("logging_steps") is None and table.steps:
        yield Realised("logging_steps", None, max(min(int(0.005 * table.steps), 10), 1), "0.5 % of the steps")

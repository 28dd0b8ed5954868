"""What it costs that Axolotl drops a key: nothing, where the key says what is done anyway.

The law: a key is let go with a remark only where its own value proves that no training changes by it. Everything
else that Axolotl drops is refused, and can be allowed key by key (`cli_tuner.allow: [unknown-key:NAME]`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from cli_tuner.config.foreign_keys import HARMLESS, NAMES, RETIRED, WORDS_ABOUT_THE_FILE

_NOTHING: tuple[Any, ...] = (None, "", [], {})
_NF4 = {
    "bnb_4bit_quant_type": ("nf4",), "bnb_4bit_use_double_quant": (True,),
    "llm_int8_has_fp16_weight": (False,), "llm_int8_threshold": (6, 6.0),
}  # fmt: skip
_BFLOAT16, _FLOAT16 = ("bfloat16", "torch.bfloat16", "bf16"), ("float16", "torch.float16", "fp16", "half")
_ONLY_BESIDE = {"eval_table_max_new_tokens": "eval_table_size", "relora_prune_ratio": "relora"}
_ONLY_TALKS = ("debug", "verbose")
_OWN_COLUMNS = {"instruction": "instruction", "input": "input", "output": "output"}  # what `alpaca` reads anyway
_COLUMN = re.compile(r"(?:test_)?datasets\[(\d+)\]\.field_(\w+)")
_REPORTERS = {
    "wandb": ("use_wandb", "wandb_project"), "tensorboard": ("use_tensorboard",), "mlflow": ("use_mlflow",),
    "comet_ml": ("use_comet",), "swanlab": ("use_swanlab", "swanlab_project"), "trackio": ("use_trackio",),
}  # fmt: skip


def costs_nothing(path: str, value: Any, values: Mapping[str, Any]) -> str:
    """Say why nothing is lost when Axolotl drops a key; an empty text where something may be.

    Args:
        path: The dotted path of a key that is none of Axolotl's.
        value: What is written there.
        values: The whole config.
    """
    if value in _NOTHING:
        return "it is empty"
    if value in HARMLESS.get(path, ()):
        return "it says what is done anyway"
    if path in RETIRED and value in (False, 0, "false", "no", "none"):
        return "it switches off what there is no more"
    if path.startswith("_") or path in WORDS_ABOUT_THE_FILE:
        return "it speaks of the file, and sets nothing"
    if path in _ONLY_BESIDE and not values.get(_ONLY_BESIDE[path]):
        return f"it is of use only beside {_ONLY_BESIDE[path]}, which is off"
    if path in _ONLY_TALKS:
        return "it only printed more"
    if path == "push_to_hub":
        return "hub_model_id pushes anyway" if values.get("hub_model_id") else "nothing is pushed without hub_model_id"
    if column := _COLUMN.fullmatch(path):
        return _reads_as_written(value, column, values)
    if path == "report_to":
        return _reports_as_set(value, values)
    if path.startswith(("bnb_4bit_", "llm_int8_")):
        return _quantises_as_set(path, value, values)
    other = NAMES.get(path, "")
    if other in values and other not in ("overrides_of_model_config",) and _equal(value, values[other]):
        return f"{other} says the same"
    return ""


def is_allowed(rule: str, path: str, allowances: Iterable[str] | None) -> bool:
    """Tell whether `cli_tuner.allow` sets a rule aside for this key; `[0]`, `[1]` and `[]` of a list are one."""
    return _anywhere(f"{rule}:{path}") in {_anywhere(one) for one in allowances or ()}


def _anywhere(path: str) -> str:
    return re.sub(r"\[\d*\]", "[]", path)


def _equal(one: Any, other: Any) -> bool:
    try:
        return float(one) == float(other)
    except (TypeError, ValueError):
        return bool(one == other)


def _reads_as_written(value: Any, column: re.Match[str], values: Mapping[str, Any]) -> str:
    entries = values.get(path) if (path := column.string.partition("[")[0]) in values else None
    entry = entries[int(column[1])] if isinstance(entries, list) else None
    kind = entry.get("type") if isinstance(entry, Mapping) else None
    own = isinstance(kind, str) and kind.startswith("alpaca") and _OWN_COLUMNS.get(column[2]) == value
    return f"{kind} reads this column anyway" if own else ""


def _reports_as_set(value: Any, values: Mapping[str, Any]) -> str:
    named = {str(one).lower() for one in (value if isinstance(value, list) else [value])} - {"none", "false", "[]"}
    on = {name for name, keys in _REPORTERS.items() if any(values.get(key) for key in keys)}
    return "the keys of the trackers say the same" if named == on else ""


def _quantises_as_set(key: str, value: Any, values: Mapping[str, Any]) -> str:
    if not values.get("load_in_4bit" if key.startswith("bnb_4bit_") else "load_in_8bit"):
        return "nothing is quantised so here"
    if value in _NF4.get(key, ()):
        return "Axolotl quantises so anyway"
    if key == "bnb_4bit_compute_dtype" and isinstance(value, str):
        brain = values.get("bf16") not in (None, False)  # `auto` is bfloat16 wherever a GPU has it
        half = not brain and values.get("fp16") not in (None, False)
        if (brain and value in _BFLOAT16) or (half and value in _FLOAT16):
            return "Axolotl computes in it anyway"
    return ""

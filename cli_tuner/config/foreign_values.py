"""What values of other trainers' keys mean here, where another name is not enough: one small translator each.

Known: the arguments of TRL, LLaMA-Factory and Unsloth; sources in `foreign_keys.py`. A translator puts what it makes
into `Imported`, or what has no counterpart with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

LIGER = "axolotl.integrations.liger.LigerPlugin"
_ATTENTION = {
    "fa2": "flash_attention_2", "fa3": "flash_attention_3", "sdpa": "sdpa", "disabled": "eager",
    "True": "flash_attention_2", "eager": "eager", "flash_attention_2": "flash_attention_2",
}  # fmt: skip
_LINEAR = ("all", "all-linear", "all_linear")


@dataclass(slots=True)
class Imported:
    """A translated config.

    Attributes:
        values: Its keys and values.
        notes: Key -> what it was before; only what was changed or added.
        lost: What has no counterpart, with the reason, in the order of the file.
        source: Which trainer it seems to be of.
    """

    values: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    lost: list[tuple[str, Any, str]] = field(default_factory=list)
    source: str = "Axolotl"

    def put(self, key: str, value: Any, note: str) -> None:
        """Set a value, at any depth, and say where it came from."""
        target, (*parents, last) = self.values, key.split(".")
        for parent in parents:
            target = target.setdefault(parent, {})
        target[last] = value
        self.notes[parents[0] if parents else last] = note


def _adapter(result: Imported, value: Any, foreign: Mapping[str, Any]) -> None:
    if str(value).split()[0] in ("full", "False", "None"):
        return
    four = foreign.get("load_in_4bit") or str(foreign.get("quantization_bit")) == "4"
    result.put("adapter", "qlora" if four else "lora", "trained as an adapter" + (" on 4-bit weights" if four else ""))


def _bits(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
    if str(value) in ("4", "8"):
        result.put(f"load_in_{value}bit", True, f"was quantization_bit: {value}")
    elif value is not None:
        result.lost.append(("quantization_bit", value, "bitsandbytes has 4 and 8 bits"))


def _targets(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
    names = [one.strip() for one in value.split(",")] if isinstance(value, str) else list(value or [])
    if len(names) == 1 and names[0] in _LINEAR:
        result.put("lora_target_linear", True, f"was {names[0]}")
    elif names:
        result.put("lora_target_modules", names, "the same names")


def _attention(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
    if str(value) in _ATTENTION:
        result.put("attn_implementation", _ATTENTION[str(value)], f"was {value}")
    elif str(value) not in ("auto", "None", "False"):
        result.lost.append(("flash_attn", value, "attn_implementation names what Axolotl knows"))


def _precision(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
    kind = {"bfloat16": "bf16", "float16": "fp16", "half": "fp16"}.get(str(value))
    if kind:
        result.put(kind, True, f"was {value}")
    elif value not in (None, "auto", "float32"):
        result.lost.append(("dtype", value, "bf16: true or fp16: true"))


def _checkpointing(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
    kept = value if value in ("offload", "offload_disk") else bool(value)
    if kept == value:
        result.values["gradient_checkpointing"] = kept
    else:
        result.put("gradient_checkpointing", kept, f"was {value}")


def _stage(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
    if value in ("dpo", "kto", "orpo"):
        result.put("rl", value, f"was stage: {value}")
    elif value not in ("sft", "pt"):
        result.lost.append(("stage", value, "Axolotl has no such stage"))


def _packing(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
    result.put("sample_packing", bool(value), "was packing; Axolotl keeps packed rows apart")


def _batch_of_evaluation(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
    result.put("eval_batch_size", value, "was per_device_eval_batch_size")


def _reports(result: Imported, value: Any, foreign: Mapping[str, Any]) -> None:
    names = value if isinstance(value, list) else [value]
    if "wandb" in names or "all" in names:
        result.put("wandb_project", str(foreign.get("wandb_project") or "cli-tuner"), "was report_to: wandb")
    if "tensorboard" in names:
        result.put("use_tensorboard", True, "was report_to: tensorboard")


def _quiet(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
    """Take no notice: what it says is said elsewhere, or is what is done anyway."""


def _same(new: str) -> Callable[[Imported, Any, Mapping[str, Any]], None]:
    def put(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
        if value not in (None, "", False):
            result.put(new, value, "another name")

    return put


def _saved(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
    names = [one.strip() for one in value.split(",")] if isinstance(value, str) else list(value or [])
    if names:
        result.put("lora_modules_to_save", names, "was additional_target")


def _method(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
    if value not in (None, "bnb", "bitsandbytes"):
        result.lost.append(("quantization_method", value, "Axolotl quantises with bitsandbytes while it loads"))


def _template(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
    result.put("chat_template", "tokenizer_default", f"was template: {value}; the base model's own is used")


def _chat_template(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
    if isinstance(value, str) and ("{%" in value or "{{" in value):
        result.put("chat_template", "jinja", "the text of a template")
        result.put("chat_template_jinja", value, "was chat_template")
    elif value:
        result.put("chat_template", value, "the same")


def _token(name: str) -> Callable[[Imported, Any, Mapping[str, Any]], None]:
    def put(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
        if value:
            result.put(f"special_tokens.{name}", value, f"was {name}")

    return put


def _liger(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
    if value:
        for key in ("liger_rope", "liger_rms_norm", "liger_glu_activation", "liger_fused_linear_cross_entropy"):
            result.put(key, True, "Liger's kernels")
        result.values.setdefault("plugins", []).append(LIGER)


def _remote_code(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
    if value:
        why = "code from the hub would run here; most models need none: trust_remote_code is yours to set"
        result.lost.append(("trust_remote_code", value, why))


def _model(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
    if isinstance(value, str):
        result.put("base_model", value, "was model")


def _wandb(result: Imported, value: Any, foreign: Mapping[str, Any]) -> None:
    if value:
        result.put("wandb_project", str(foreign.get("wandb_project") or "cli-tuner"), "was enable_wandb")


def _project(result: Imported, value: Any, foreign: Mapping[str, Any]) -> None:
    if value and foreign.get("enable_wandb") is not False:
        result.put("wandb_project", value, "the same")


def _double(result: Imported, value: Any, _: Mapping[str, Any]) -> None:
    if value is False:
        result.put("bnb_config_kwargs.bnb_4bit_use_double_quant", False, "was double_quantization")


SPECIAL: dict[str, Callable[[Imported, Any, Mapping[str, Any]], None]] = {
    "finetuning_type": _adapter, "use_peft": _adapter, "quantization_bit": _bits, "lora_target": _targets,
    "target_modules": _targets, "lora_target_modules": _targets, "flash_attn": _attention, "packing": _packing,
    "use_flash_attention_2": _attention, "dtype": _precision, "torch_dtype": _precision, "neat_packing": _packing,
    "use_gradient_checkpointing": _checkpointing, "stage": _stage, "report_to": _reports, "template": _template,
    "per_device_eval_batch_size": _batch_of_evaluation, "random_state": _same("seed"), "r": _same("lora_r"),
    "additional_target": _saved, "quantization_method": _method, "do_train": _quiet, "do_eval": _quiet,
    "plot_loss": _quiet, "overwrite_output_dir": _quiet, "overwrite_cache": _quiet, "task_type": _quiet,
    "lora_task_type": _quiet, "log_level": _quiet, "logging_strategy": _quiet, "logging_first_step": _quiet,
    "disable_tqdm": _quiet, "ddp_timeout": _quiet, "dataset_splits": _quiet, "double_quantization": _double,
    "gradient_checkpointing": _checkpointing, "chat_template": _chat_template, "eos_token": _token("eos_token"),
    "pad_token": _token("pad_token"), "use_liger_kernel": _liger, "enable_liger_kernel": _liger,
    "trust_remote_code": _remote_code, "model": _model, "random_seed": _same("seed"), "training_type": _adapter,
    "train_on_completions": _quiet, "batch_size": _same("micro_batch_size"), "enable_wandb": _wandb,
    "enable_tensorboard": _same("use_tensorboard"), "wandb_project": _project,
}  # fmt: skip

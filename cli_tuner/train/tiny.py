"""Any recipe made tiny: the same shape of training, on a CPU, offline, in two steps.

It proves that a recipe trains (names, adapters, optimiser, data, timetable, plugin), not that it learns. What a
CPU cannot do is replaced by its nearest CPU form; everything else stays as it is written.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from cli_tuner.config.load import Config
from cli_tuner.config.realise import LIGER
from cli_tuner.config.source import Origin

TINY_BASE = "models/tiny_base"
STEPS = 2
_GPU_ONLY = (
    "deepspeed", "fsdp", "fsdp_config", "fsdp_version", "torch_compile", "fp8", "max_memory", "flash_attention",
    "sdp_attention", "xformers_attention", "flex_attention", "sage_attention", "eager_attention",
)  # fmt: skip
_OF_THE_BASE = (  # of the large model: its classes, its tokens, its own adapter
    "base_model_config", "model_type", "tokenizer_type", "tokenizer_config", "special_tokens", "tokens",
    "revision_of_model", "lora_model_dir", "processor_type", "overrides_of_model_config", "is_llama_derived_model",
    "is_mistral_derived_model", "is_falcon_derived_model", "chat_template_jinja",
)  # fmt: skip
_OTHER_TIMES = (  # what says when in another way than `_FIXED`
    "num_epochs",
    "warmup_ratio",
    "save_strategy",
    "eval_strategy",
    "saves_per_epoch",
    "evals_per_epoch",
)
_FIXED: dict[str, object] = {
    "base_model": TINY_BASE,
    "chat_template": "tokenizer_default",
    "max_steps": STEPS, "warmup_steps": 0, "logging_steps": 1, "eval_steps": STEPS, "save_steps": STEPS,
    "sequence_len": 1024,               # its small vocabulary makes two to three times as many tokens
    "excess_length_strategy": "drop",
    "bf16": False, "fp16": False, "tf32": False,
    "attn_implementation": "sdpa",
    "lora_qkv_kernel": False, "lora_o_kernel": False, "lora_mlp_kernel": False,
    "dataset_num_proc": 1,
    "seed": 42,
}  # fmt: skip


def tiny(config: Config) -> Config:
    """Return the tiny form of a recipe; its output folder and phase end in `-tiny`."""
    left_out = (*_GPU_ONLY, *_OF_THE_BASE, *_OTHER_TIMES)
    values = {key: value for key, value in config.axolotl.items() if key not in left_out}
    values = {key: value for key, value in values.items() if not key.startswith("liger_")}
    values.update(_FIXED)
    if not (values.get("test_datasets") or values.get("val_set_size")):
        values["eval_steps"] = None
    values["plugins"] = [name for name in values.get("plugins") or [] if name != LIGER]
    values["optimizer"] = _cpu_optimizer(str(values.get("optimizer") or "adamw_torch"))
    values["gradient_accumulation_steps"] = min(2, int(values.get("gradient_accumulation_steps") or 1))
    values["micro_batch_size"] = min(4, int(values.get("micro_batch_size") or 1))
    for key in ("datasets", "test_datasets"):
        if values.get(key):
            values[key] = [_few_rows(entry) for entry in values[key]]
    phase = f"{config.section.phase}-tiny"
    output_dir = str(values.get("output_dir") or f"models/checkpoints/{config.section.phase}")
    values.update(output_dir=f"{output_dir.rstrip('/')}-tiny", wandb_name=phase)
    section = config.section.model_copy(
        update={"phase": phase[:64], "precision": None, "throughput": None, "notify": None}
    )
    changed = {key for key in values if values[key] != config.axolotl.get(key)}
    origins = {**config.origins, **{key: Origin("--tiny") for key in changed}}
    return replace(config, axolotl=values, section=section, origins=origins)


def _cpu_optimizer(name: str) -> str:
    if "8bit" in name or "4bit" in name or name.startswith("paged"):
        return "adamw_bnb_8bit"
    return "adamw_torch" if name.endswith("_fused") else name


def _few_rows(entry: Any) -> Any:
    """Point at the few rows that `prepare` laid beside the many, where they are there."""
    path = Path(str(entry.get("path"))) if isinstance(entry, dict) else Path()
    few = path.with_name(f"{path.stem}_smoke{path.suffix}") if path.name else path
    return {**entry, "path": str(few)} if path.suffix == ".jsonl" and few.is_file() else entry

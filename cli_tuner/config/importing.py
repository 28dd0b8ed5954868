"""A config of another trainer, or of an older Axolotl, translated into a complete config of ours.

Known: YAML or JSON of TRL (`trl sft --config`), LLaMA-Factory (`llamafactory-cli train`), Unsloth (the arguments of
its CLI and notebooks, flat or in sections) and Axolotl of any age. Every change is named where it stands; what has no
counterpart is kept as a comment with the reason, never dropped silently. Sources: `foreign_keys.py`.
Not covered: Python scripts, reward models, rows that are only made by the other trainer's code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli_tuner.config.axolotl import known_keys, plugin_name
from cli_tuner.config.foreign_keys import ADVICE, HARMLESS, NAMES
from cli_tuner.config.foreign_rows import data_sets
from cli_tuner.config.source import read_document
from cli_tuner.errors import ConfigError

PLUGIN = "cli_tuner.backends.axolotl_plugin.CliTunerPlugin"
_SECTIONS = (
    "model", "lora", "peft", "peft_config", "training", "train", "training_args", "trainer", "sft", "sft_config",
    "data", "quantization", "quantization_config", "bnb_config", "output", "logging", "args", "script_args", "unsloth",
)  # fmt: skip
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


def import_config(path: Path) -> Imported:
    """Translate a config file.

    Raises:
        ConfigError: The file is no YAML mapping, or none of its keys is one of a trainer.
    """
    foreign = _flat(read_document(path).values)
    schema = known_keys()
    known = set(schema["models"][schema["root"]])
    for plugin in foreign.get("plugins") or []:
        known |= set(schema["models"].get(schema["plugins"].get(plugin_name(plugin)) or "", ()))
    result = Imported(source=_source(foreign))
    if not set(foreign) & (known | set(NAMES) | set(ADVICE) | set(_SPECIAL)):
        raise ConfigError(f"{path}: no key of TRL, LLaMA-Factory, Unsloth or Axolotl is in it", hint="name their YAML")
    for key, value in foreign.items():
        _translate(result, key, value, known, foreign)
    for entry_key, entries, note in data_sets(foreign, path.parent):
        result.put(entry_key, entries, note)
    _complete(result, path)
    return result


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Lift the sections that Unsloth's and TRL's files group their keys in."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if key in _SECTIONS and isinstance(value, Mapping):
            found.update(value)
        else:
            found[key] = value
    return found


def _source(foreign: Mapping[str, Any]) -> str:
    if {"finetuning_type", "stage", "cutoff_len", "lora_target"} & set(foreign):
        return "LLaMA-Factory"
    if {"r", "random_state", "max_seq_length"} & set(foreign) and {"model_name", "random_state"} & set(foreign):
        return "Unsloth"
    named = {"per_device_train_batch_size", "num_train_epochs", "dataset_name", "use_peft"}
    return "TRL" if named & set(foreign) else "Axolotl"


def _translate(result: Imported, key: str, value: Any, known: set[str], foreign: Mapping[str, Any]) -> None:
    if key in _ROWS:
        return
    if key in _SPECIAL and (key not in known or result.source != "Axolotl"):
        _SPECIAL[key](result, value, foreign)
    elif key in known:
        result.values.setdefault(key, value)
    elif value is None or value in HARMLESS.get(key, ()):
        return
    elif key in NAMES and key not in ADVICE and "[" not in NAMES[key]:
        result.put(NAMES[key], value, f"was {key}")
    else:
        result.lost.append((key, value, ADVICE.get(key, "Axolotl has no such key")))


def _adapter(result: Imported, value: Any, foreign: Mapping[str, Any]) -> None:
    if str(value) in ("full", "False", "None"):
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
    result.put("gradient_checkpointing", bool(value), f"was use_gradient_checkpointing: {value}")


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


_SPECIAL: dict[str, Callable[[Imported, Any, Mapping[str, Any]], None]] = {
    "finetuning_type": _adapter, "use_peft": _adapter, "quantization_bit": _bits, "lora_target": _targets,
    "target_modules": _targets, "lora_target_modules": _targets, "flash_attn": _attention, "packing": _packing,
    "use_flash_attention_2": _attention, "dtype": _precision, "torch_dtype": _precision, "neat_packing": _packing,
    "use_gradient_checkpointing": _checkpointing, "stage": _stage, "report_to": _reports, "template": _template,
    "per_device_eval_batch_size": _batch_of_evaluation, "random_state": _same("seed"), "r": _same("lora_r"),
    "additional_target": _saved, "quantization_method": _method, "do_train": _quiet, "do_eval": _quiet,
    "plot_loss": _quiet, "overwrite_output_dir": _quiet, "overwrite_cache": _quiet, "task_type": _quiet,
    "lora_task_type": _quiet,
}  # fmt: skip
_ROWS = (
    "dataset", "datasets", "dataset_name", "dataset_dir", "dataset_config", "dataset_train_split", "val_size",
    "dataset_test_split", "dataset_text_field", "eval_dataset", "train_file", "validation_file", "data_files",
    "train_dataset", "dataset_split",
)  # fmt: skip


def _only_one(result: Imported, one: str, other: str) -> None:
    """Keep one of two keys of which Axolotl takes one: steps where steps are given."""
    values = result.values
    if not (values.get(one) and values.get(other)):
        return
    steps = values[one] in ("steps", "no") or one == "warmup_steps"
    drop = (other if one == "warmup_steps" or values[one] == "no" else one) if steps else other
    result.lost.append((drop, values.pop(drop), f"Axolotl takes {one} or {other}"))


def _complete(result: Imported, path: Path) -> None:
    """Add what a config of ours needs and another trainer leaves to its defaults."""
    values = result.values
    if values.get("lora_r") and not values.get("adapter"):
        four = bool(values.get("load_in_4bit"))
        result.put("adapter", "qlora" if four else "lora", "lora_r was given")
    if values.get("adapter") == "lora" and values.get("load_in_4bit"):
        result.put("adapter", "qlora", "4-bit weights are quantised with qlora only")
    if values.get("adapter") and not (values.get("lora_target_modules") or values.get("lora_target_linear")):
        result.put("lora_target_linear", True, "no targets were named: all linear layers")
    defaults = {
        "lora_r": 8 if values.get("adapter") else None, "lora_alpha": 16 if values.get("adapter") else None,
        "sequence_len": 2048, "micro_batch_size": 1, "gradient_accumulation_steps": 1, "learning_rate": 2e-4,
        "num_epochs": None if values.get("max_steps") else 1, "seed": 42,
        "output_dir": f"models/checkpoints/{path.stem}",
    }  # fmt: skip
    for key, value in defaults.items():
        if value is not None and values.get(key) is None:
            result.put(key, value, "was not written")
    if values.get("max_steps") in (-1, 0):
        del values["max_steps"]
    for one, other in (
        ("warmup_steps", "warmup_ratio"),
        ("save_strategy", "save_steps"),
        ("eval_strategy", "eval_steps"),
    ):
        _only_one(result, one, other)
    if not (values.get("test_datasets") or values.get("val_set_size")):
        for key in (
            "eval_steps",
            "eval_strategy",
            "eval_batch_size",
            "load_best_model_at_end",
            "early_stopping_patience",
        ):
            if (value := values.pop(key, None)) not in (None, False, "no"):
                result.lost.append((key, value, "there are no rows to evaluate on"))
    plugins = [PLUGIN, *(one for one in values.get("plugins") or [] if one != PLUGIN)]
    result.put("plugins", plugins, "guards and records the run")
    if "cli_tuner" not in values:
        result.put("cli_tuner", {"task": "chat"}, "command: where the answers are Bash commands")

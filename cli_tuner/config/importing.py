"""A config of another trainer, or of an older Axolotl, translated into a complete config of ours.

Known: YAML or JSON of TRL (`trl sft --config`), LLaMA-Factory (`llamafactory-cli train`), Unsloth (the arguments of
its CLI and notebooks, flat or in sections) and Axolotl of any age. Every change is named where it stands; what has no
counterpart is kept as a comment with the reason, never dropped silently. Sources: `foreign_keys.py`.
Not covered: Python scripts, reward models, rows that are only made by the other trainer's code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli_tuner.config.axolotl import known_keys, plugin_name
from cli_tuner.config.foreign_keys import ADVICE, HARMLESS, NAMES
from cli_tuner.config.foreign_rows import data_sets
from cli_tuner.config.foreign_values import SPECIAL, Imported
from cli_tuner.config.source import read_document
from cli_tuner.errors import ConfigError

PLUGIN = "cli_tuner.backends.axolotl_plugin.CliTunerPlugin"
_SECTIONS = (
    "model", "lora", "peft", "peft_config", "training", "train", "training_args", "trainer", "sft", "sft_config",
    "data", "quantization", "quantization_config", "bnb_config", "output", "logging", "args", "script_args", "unsloth",
)  # fmt: skip


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
    if not set(foreign) & (known | set(NAMES) | set(ADVICE) | set(SPECIAL)):
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
    if {"training_type", "local_dataset", "train_on_completions"} & set(foreign):
        return "Unsloth"
    named = {"per_device_train_batch_size", "num_train_epochs", "dataset_name", "use_peft"}
    return "TRL" if named & set(foreign) else "Axolotl"


def _translate(result: Imported, key: str, value: Any, known: set[str], foreign: Mapping[str, Any]) -> None:
    if key in _ROWS:
        return
    if key in SPECIAL and (key not in known or result.source != "Axolotl"):
        SPECIAL[key](result, value, foreign)
    elif key in known:
        result.values.setdefault(key, value)
    elif value is None or value in HARMLESS.get(key, ()):
        return
    elif key in NAMES and key not in ADVICE and "[" not in NAMES[key]:
        result.put(NAMES[key], value, f"was {key}")
    else:
        result.lost.append((key, value, ADVICE.get(key, "Axolotl has no such key")))


_ROWS = (
    "dataset", "datasets", "dataset_name", "dataset_dir", "dataset_config", "dataset_train_split", "val_size",
    "dataset_test_split", "dataset_text_field", "eval_dataset", "train_file", "validation_file", "data_files",
    "train_dataset", "dataset_split", "local_dataset", "dataset_mixer", "dataset_mixture",
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

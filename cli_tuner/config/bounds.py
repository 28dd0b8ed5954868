"""What a value may be where Axolotl's schema says only `number` or `text`: ranges and the words of a key.

Axolotl takes `lora_r: 0`, `micro_batch_size: -1` or `wandb_mode: offlin` and fails, or trains something else,
after data and weights were loaded. The words are those of the library that reads them in the end. Covered: the keys
that a training of ours reads; not covered: reinforcement learning, and what keys mean together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cli_tuner.config.axolotl import known_keys, nearest

Test = tuple[Callable[[float], bool], str]

_ABOVE_0: Test = (lambda n: n > 0, "above 0")
_AT_LEAST_0: Test = (lambda n: n >= 0, "0 or more")
_AT_LEAST_1: Test = (lambda n: n >= 1, "1 or more")
_SHARE: Test = (lambda n: 0 <= n <= 1, "between 0 and 1")
_BELOW_1: Test = (lambda n: 0 <= n < 1, "at least 0 and below 1")
_RATE: Test = (lambda n: 0 < n <= 1, "above 0 and at most 1")
_INTERVAL: Test = (
    lambda n: 0 <= n < 1 or (n >= 1 and n == n // 1), "a share of the run below 1, or a whole number of steps",
)  # fmt: skip

NUMBERS: Mapping[str, Test] = {
    "lora_r": _AT_LEAST_1, "lora_alpha": _ABOVE_0, "lora_dropout": _BELOW_1, "loraplus_lr_ratio": _ABOVE_0,
    "learning_rate": _RATE, "embedding_lr": _RATE, "weight_decay": _AT_LEAST_0, "max_grad_norm": _AT_LEAST_0,
    "adam_beta1": _BELOW_1, "adam_beta2": _BELOW_1, "adam_epsilon": _AT_LEAST_0, "cosine_min_lr_ratio": _SHARE,
    "warmup_steps": _AT_LEAST_0, "warmup_ratio": _SHARE, "num_epochs": _ABOVE_0,
    "max_steps": (lambda n: n >= 1 or n == -1, "1 or more (-1: num_epochs decides)"),
    "micro_batch_size": _AT_LEAST_1, "gradient_accumulation_steps": _AT_LEAST_1, "batch_size": _AT_LEAST_1,
    "eval_batch_size": _AT_LEAST_0, "sequence_len": _AT_LEAST_1, "eval_sequence_len": _AT_LEAST_1,
    "save_steps": _INTERVAL, "eval_steps": _INTERVAL, "logging_steps": _AT_LEAST_1,
    "saves_per_epoch": _AT_LEAST_0, "evals_per_epoch": _AT_LEAST_0, "save_total_limit": _AT_LEAST_0,
    "early_stopping_patience": _AT_LEAST_0, "neftune_noise_alpha": _AT_LEAST_0,
    "val_set_size": (lambda n: 0 <= n < 1 or (n >= 1 and n == n // 1), "a share below 1, or a whole number of rows"),
    "seed": (lambda n: 0 <= n < 2**32, "between 0 and 4294967295"),
    "dataset_num_proc": _AT_LEAST_1, "dataloader_num_workers": _AT_LEAST_0,
}  # fmt: skip

_STRATEGIES = ("no", "steps", "epoch", "best")
_ATTENTION = (
    "eager", "sdpa", "flash_attention_2", "flash_attention_3", "flash_attention_4", "flash_attention_torch",
    "flex_attention", "xformers", "sage", "fp8",
)  # fmt: skip
_FILES = ("json", "csv", "parquet", "arrow", "text", "xml", "webdataset")
INSIDE: Mapping[str, tuple[str, ...]] = {  # their own schema is `any keys`; transformers ignores or chokes on others
    "bnb_config_kwargs": (
        "bnb_4bit_compute_dtype", "bnb_4bit_quant_type", "bnb_4bit_use_double_quant", "bnb_4bit_quant_storage",
        "llm_int8_threshold", "llm_int8_skip_modules", "llm_int8_enable_fp32_cpu_offload", "llm_int8_has_fp16_weight",
        "load_in_4bit", "load_in_8bit",
    ),
    "gradient_checkpointing_kwargs": (
        "use_reentrant", "preserve_rng_state", "determinism_check", "debug", "early_stop", "context_fn",
    ),
}  # fmt: skip
WORDS: Mapping[str, tuple[str, ...]] = {
    "wandb_mode": ("online", "offline", "disabled", "dryrun", "shared"),  # wandb.Settings.mode
    "wandb_watch": ("false", "gradients", "parameters", "all"),           # transformers, WandbCallback
    "hub_strategy": ("end", "every_save", "checkpoint", "all_checkpoints"),  # transformers, HubStrategy
    "save_strategy": _STRATEGIES, "eval_strategy": _STRATEGIES, "evaluation_strategy": _STRATEGIES,
    "attn_implementation": _ATTENTION,                                    # axolotl, CANONICAL_ATTN_IMPLS
}  # fmt: skip


def out_of_bounds(values: Mapping[str, Any], release: str | None = None) -> Iterator[tuple[str, str]]:
    """Yield `(dotted path, why)` for each value of the right kind that no training can use."""
    for key, (holds, words) in NUMBERS.items():
        value = values.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and not holds(value):
            yield key, f"{key}: {value} is not {words}"
    if isinstance(values.get("learning_rate"), str):  # its schema takes any text
        yield "learning_rate", f"learning_rate: {values['learning_rate']!r} is not a number, such as 0.0002"
    for key, choices in WORDS.items():
        value = values.get(key)
        if isinstance(value, str) and value and "/" not in value and value.lower() not in choices:
            yield key, f"{key}: {value!r} is not one of: {', '.join(choices)}{nearest(value, dict.fromkeys(choices))}"
    for key, known in INSIDE.items():
        found = values.get(key)
        for name in found if isinstance(found, Mapping) else {}:
            if name not in known:
                yield f"{key}.{name}", f"{key}.{name} is not one of its keys{nearest(name, dict.fromkeys(known))}"
    yield from _template(values.get("chat_template"), known_keys(release))
    for key in ("datasets", "test_datasets"):
        entries = values.get(key)
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(entry, Mapping):
                yield from _entry(entry, f"{key}[{index}]")


def _template(name: Any, schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    known = schema["models"][schema["root"]]["chat_template"][0]["choices"]
    if isinstance(name, str) and name and name not in known and not name.startswith("tokenizer_default_fallback_"):
        guess = nearest(name, dict.fromkeys(known)) or "; tokenizer_default takes the base model's own"
        yield "chat_template", f"chat_template: {name!r} is not one of its {len(known)} names{guess}"


def _entry(entry: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    if "path" in entry and not entry["path"]:
        yield f"{path}.path", f"{path}.path: is empty"
    elif not (entry.get("path") or entry.get("data_files")) and entry.get("type") != "_synthetic":
        yield path, f"{path}: has no path, the file or hub id of its rows"
    kind = entry.get("ds_type")
    if isinstance(kind, str) and kind not in _FILES:
        yield f"{path}.ds_type", f"{path}.ds_type: {kind!r} is not one of: {', '.join(_FILES)} (json reads .jsonl too)"
    if entry.get("roles_to_train") == []:
        yield f"{path}.roles_to_train", f"{path}.roles_to_train: is empty, so no token would be trained"

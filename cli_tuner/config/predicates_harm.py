# ruff: noqa: D103  (the rule that names a predicate says what it means)
"""The conditions of what goes wrong late in a training and is known before: each was met by users, and says where.

A predicate never raises on a config whose names and kinds were checked before.
"""

from __future__ import annotations

import re

from cli_tuner.config.predicates import ADAPTERS, Case

_EMBEDDINGS = frozenset({"embed_tokens", "lm_head", "wte", "embed_in", "embed_out"})
_BASE_WITHOUT_TURNS = re.compile(r"(?i)(qwen(2|2\.5|3)|llama-?[23]|mistral-7b|gemma-)")
_TAUGHT_TURNS = re.compile(r"(?i)instruct|chat|[-_]it\b|coder-.*instruct|thinking|distill|hermes|zephyr|dpo|sft|rl\b")
_BITSANDBYTES = ("adamw_bnb_8bit", "paged_adamw_8bit", "adamw_8bit", "lion_8bit", "paged_lion_8bit", "ademamix_8bit")
_FEW_ROWS = 20


def rank_without_adapter(case: Case) -> bool:
    return case.number("lora_r") > 0 and not case.get("adapter")


def sharded_8bit_optimizer(case: Case) -> bool:
    return bool(case.get("fsdp") or case.get("fsdp_config")) and case.get("optimizer") in _BITSANDBYTES


def few_rows_for_packing(case: Case) -> bool:
    packed = case.get("eval_sample_packing")
    rows = case.number("val_set_size")
    return case.on("sample_packing") and packed is not False and 1 <= rows < _FEW_ROWS


def tied_embeddings_trained(case: Case) -> bool:
    base = case.base_config or case.known_base
    if case.get("adapter") not in ADAPTERS or not base.get("tie_word_embeddings"):
        return False
    targets = case.get("lora_target_modules")
    named = [*(targets if isinstance(targets, list) else []), *(case.get("lora_modules_to_save") or [])]
    return len(_EMBEDDINGS & {str(name).rpartition(".")[2] for name in named}) == 1


def new_tokens_untrained(case: Case) -> bool:
    if case.get("adapter") not in ADAPTERS or not case.get("tokens"):
        return False
    saved = {str(name).rpartition(".")[2] for name in case.get("lora_modules_to_save") or []}
    return not saved & _EMBEDDINGS


def end_token_untrained(case: Case) -> bool:
    chats = [one for one in case.entries("datasets") if one.get("type") == "chat_template"]
    return any(one.get("train_on_eos") == "none" and not one.get("train_on_eot") for one in chats)


def turns_never_trained(case: Case) -> bool:
    """Whether the turn tokens of a base without chat training would stay as they were drawn."""
    name = str(case.get("base_model") or "").rpartition("/")[2]
    if not _BASE_WITHOUT_TURNS.match(name) or _TAUGHT_TURNS.search(name) or case.get("adapter") not in ADAPTERS:
        return False
    saved = {str(name).rpartition(".")[2] for name in case.get("lora_modules_to_save") or []}
    chats = any(one.get("type") == "chat_template" for one in case.entries("datasets"))
    return chats and bool(case.get("chat_template")) and not saved & _EMBEDDINGS

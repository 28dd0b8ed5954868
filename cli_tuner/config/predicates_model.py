# ruff: noqa: D103  (the rule that names a predicate says what it means)
"""The conditions of the contradictions of a model: its base, its quantisation, its adapter and what that covers.

A predicate never raises on a config whose names and kinds were checked before.
"""

from __future__ import annotations

import re

from cli_tuner.config.predicates import ADAPTERS, Case

MADE_ON_FIRST_USE = "models/tiny_base"
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
_QUANTISED = re.compile(r"(?i)(^|[-_./])(gguf|ggml|awq|gptq|exl2|int4|int8|fp8)($|[-_./])")


def no_base_model(case: Case) -> bool:
    return not case.get("base_model")


def base_model_no_name(case: Case) -> bool:
    name = str(case.get("base_model") or "")
    if not name or case.paths.get("base_model") == "folder":
        return False
    file = case.paths.get("base_model") == "file" or name.endswith((".gguf", ".safetensors", ".bin", ".pt"))
    return file or name.startswith("~") or not (_HUB_NAME.fullmatch(name) or _is_path(name))


def base_model_not_here(case: Case) -> bool:
    name = str(case.get("base_model") or "")
    return _is_path(name) and case.paths.get("base_model") == "nothing" and name.rstrip("/") != MADE_ON_FIRST_USE


def _is_path(name: str) -> bool:
    path = name.startswith((".", "/", "models/")) or name.count("/") > 1
    return path and "://" not in name and " " not in name


def base_model_quantised(case: Case) -> bool:
    if not (case.on("load_in_4bit") or case.on("load_in_8bit")):
        return False
    method = (case.base_config.get("quantization_config") or {}).get("quant_method")
    return method not in (None, "bitsandbytes") or bool(_QUANTISED.search(str(case.get("base_model") or "")))


def quantised_without_qlora(case: Case) -> bool:
    return case.on("load_in_4bit") and case.get("adapter") != "qlora"


def qlora_without_4bit(case: Case) -> bool:
    return case.get("adapter") == "qlora" and not case.on("load_in_4bit")


def unknown_adapter(case: Case) -> bool:
    return case.get("adapter") is not None and case.get("adapter") not in ADAPTERS


def two_target_lists(case: Case) -> bool:
    return case.on("lora_target_linear") and bool(case.get("lora_target_modules"))


def quantised_without_adapter(case: Case) -> bool:
    return case.on("load_in_8bit") and not case.get("adapter")


def quantised_twice(case: Case) -> bool:
    return case.on("load_in_8bit") and (case.on("load_in_4bit") or case.get("adapter") == "qlora")


def qlora_of_gptq(case: Case) -> bool:
    return case.on("gptq") and case.get("adapter") == "qlora"


def no_rank(case: Case) -> bool:
    return case.get("adapter") in ADAPTERS and not case.get("lora_model_dir") and case.get("lora_r") is None


def no_alpha(case: Case) -> bool:
    return case.get("adapter") in ADAPTERS and not case.get("lora_model_dir") and case.get("lora_alpha") is None


def no_targets(case: Case) -> bool:
    if case.get("adapter") not in ADAPTERS or case.get("lora_model_dir"):
        return False
    return not (case.on("lora_target_linear") or case.get("lora_target_modules") or case.get("lora_target_parameters"))

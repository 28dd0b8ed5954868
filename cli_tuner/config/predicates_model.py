# ruff: noqa: D103  (the rule that names a predicate says what it means)
"""The conditions of the contradictions of a model: its base, its quantisation, its adapter and what that covers.

A predicate never raises on a config whose names and kinds were checked before.
"""

from __future__ import annotations

import difflib
import re

from cli_tuner.config.predicates import ADAPTERS, Case

MADE_ON_FIRST_USE = "models/tiny_base"
LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_PHI = ("q_proj", "k_proj", "v_proj", "dense", "fc1", "fc2")
_PHI3 = ("qkv_proj", "o_proj", "gate_up_proj", "down_proj")
_GLM = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_up_proj", "down_proj")
_NEOX = ("query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h")
_GPT2 = ("c_attn", "c_proj", "c_fc")
# The linear layers of an architecture by its `model_type`, as transformers names them.
_OF_TYPE = {
    **dict.fromkeys((
        "qwen2", "qwen3", "llama", "mistral", "gemma", "gemma2", "gemma3_text", "smollm3", "granite", "olmo2", "cohere",
        "stablelm", "seed_oss",
    ), LINEAR),
    "phi": _PHI, "phi3": _PHI3, "glm": _GLM, "glm4": _GLM, "gpt_neox": _NEOX, "falcon": _NEOX, "gpt2": _GPT2,
    "gptj": ("q_proj", "k_proj", "v_proj", "out_proj", "fc_in", "fc_out"),
    "opt": ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"), "bloom": _NEOX,
    "starcoder2": ("q_proj", "k_proj", "v_proj", "o_proj", "c_fc", "c_proj"),
    "mpt": ("Wqkv", "out_proj", "up_proj", "down_proj"),
}  # fmt: skip
_NOT_PLAIN = re.compile(r"(?i)moe|vl\b|vision|audio|omni|multimodal|a\d+b|mamba|-small-")
_ROOTS = ("model.layers", "gpt_neox.layers", "transformer.h")
_WHOLE = ("embed_tokens", "lm_head")
_EMBEDDINGS = ("embed_in", "embed_out", "wte", "word_embeddings")
_ELSEWHERE = (  # of other architectures, and near to those of Llama's
    "c_proj", "in_proj", "out_proj", "x_proj", "dt_proj", "qkv_proj", "gate_up_proj", "q_a_proj", "q_b_proj",
    "kv_proj", "kv_b_proj", "o_a_proj", "o_b_proj", "xq_proj", "xk_proj", "xv_proj", "xo_proj", "g_proj", "k_b_proj",
)  # fmt: skip
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
_QUANTISED = re.compile(r"(?i)(^|[-_./])(gguf|ggml|awq|gptq|exl2|int4|int8|fp8)($|[-_./])")
_ALL_LINEAR = ("all-linear", "all_linear")


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


def unknown_targets(case: Case) -> bool:
    named = case.get("lora_target_modules")
    if case.get("adapter") not in ADAPTERS or not named or named in _ALL_LINEAR:
        return False
    linear = linear_layers(case)
    if isinstance(named, str):
        return not _covers(named, linear)
    return any(_is_wrong(str(name).rpartition(".")[2], linear) for name in named)


def linear_layers(case: Case) -> tuple[str, ...]:
    """Return the names of the base model's linear layers; nothing where its architecture is not known here."""
    kind = case.base_config.get("model_type")
    if kind is not None:
        return _OF_TYPE.get(str(kind), ())
    name = str(case.get("base_model") or "").rstrip("/").rpartition("/")[2]
    if _NOT_PLAIN.search(name):
        return ()
    return _OF_TYPE.get(str(case.known_base.get("model_type")), ())


def _covers(pattern: str, linear: tuple[str, ...]) -> bool:
    try:
        regex = re.compile(pattern)
    except re.error:
        return False
    if not linear:
        return True
    rooms = ("self_attn", "mlp", "attention", "attn", "self_attention")
    paths = [
        f"{root}.{layer}.{room}.{name}" for root in _ROOTS for layer in (0, 5, 31) for room in rooms for name in linear
    ]
    return any(regex.fullmatch(path) for path in (*paths, *linear, *_WHOLE, "model.embed_tokens"))


def _is_wrong(name: str, linear: tuple[str, ...]) -> bool:
    if linear:
        return name not in (*linear, *_WHOLE, *_EMBEDDINGS)
    close = difflib.get_close_matches(name, LINEAR, n=1, cutoff=0.8)
    return name not in _ELSEWHERE and bool(close) and name not in (*LINEAR, *_WHOLE)


def unknown_saved_modules(case: Case) -> bool:
    named = [str(name).rpartition(".")[2] for name in case.get("lora_modules_to_save") or []]
    return any(name not in _WHOLE and difflib.get_close_matches(name, _WHOLE, n=1, cutoff=0.8) for name in named)

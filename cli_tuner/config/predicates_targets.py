# ruff: noqa: D103  (the rule that names a predicate says what it means)
"""The conditions of what an adapter is put on, held against the modules that the base model really has.

PEFT looks for a list of names at the end of a module's path, for a text as a pattern of the whole path; it fails where
nothing is found and silently skips a name of a list that is not there. The paths are those that transformers builds
(`built.py`); where the kind of model is not known, only what is near to a usual name is taken for a misspelling.
"""

from __future__ import annotations

import difflib
import re

from cli_tuner.config.built import built_model, module_paths
from cli_tuner.config.models import own_name
from cli_tuner.config.predicates import ADAPTERS, Case

LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_WHOLE = ("embed_tokens", "lm_head")
_ELSEWHERE = (  # of other architectures, and near to those of Llama's
    "c_proj", "in_proj", "out_proj", "x_proj", "dt_proj", "qkv_proj", "gate_up_proj", "q_a_proj", "q_b_proj",
    "kv_proj", "kv_b_proj", "o_a_proj", "o_b_proj", "xq_proj", "xk_proj", "xv_proj", "xo_proj", "g_proj", "k_b_proj",
)  # fmt: skip
_EXPERTS = (*LINEAR[4:], "gate_up_proj", "w1", "w2", "w3")  # fused in transformers 5; PEFT translates the old names
_ALL_LINEAR = ("all-linear", "all_linear")
_LAYERS = tuple(map(str, range(128)))
_MULTIMODAL = (  # own name -> the kind with its towers; a text-only loader builds the decoder alone
    (r"(med)?gemma-3-(4|12|27)b", "gemma3", "gemma3_text"), (r"gemma-3n", "", "gemma3n_text"),
    (r"gemma-4", "gemma4", "gemma4_text"), (r"llava|pixtral", "llava", ""), (r"voxtral", "voxtral", ""),
    (r"qwen2-vl", "qwen2_vl", ""), (r"qwen2\.5-vl", "qwen2_5_vl", ""), (r"qwen3-vl", "qwen3_vl", ""),
    (r"qwen3\.5", "qwen3_5", "qwen3_5_text"), (r"vision", "mllama", "mllama_text_model"),
    (r"(mistral|magistral|devstral)-small|ministral-3", "mistral3", "mistral"), (r"llama-4", "llama4", "llama4_text"),
    (r"lfm2-vl", "lfm2_vl", "lfm2"), (r"internvl", "internvl", "qwen3"),
)  # fmt: skip
_NOT_PLAIN = re.compile(r"(?i)moe|vl\b|vision|audio|omni|multimodal|a\d+b")


def unknown_targets(case: Case) -> bool:
    """Whether PEFT finds nothing, or a name is no module of any model."""
    named = _named(case)
    if isinstance(named, str):
        return not _finds(named, module_paths_of(case))
    missing = _missing(named, case)
    return any(map(_is_misspelt, missing)) or bool(named and missing == named and not any(map(_may_be_experts, named)))


def targets_in_part(case: Case) -> bool:
    named = _named(case)
    return not isinstance(named, str) and bool(_missing(named, case)) and not unknown_targets(case)


def unknown_saved_modules(case: Case) -> bool:
    named = [str(name).rpartition(".")[2] for name in case.get("lora_modules_to_save") or []]
    return any(name not in _WHOLE and difflib.get_close_matches(name, _WHOLE, n=1, cutoff=0.8) for name in named)


def module_paths_of(case: Case) -> frozenset[str]:
    """Return the paths that the base model may have; nothing where its architecture is not known here."""
    return frozenset(path for kind in _kinds(case) for path in module_paths(kind))


def _kinds(case: Case) -> tuple[str, ...]:
    if kind := case.base_config.get("model_type"):
        inside = (case.base_config.get("text_config") or {}).get("model_type")
        return tuple(str(one) for one in (kind, inside) if one)
    name = own_name(str(case.get("base_model") or ""))
    for pattern, whole, decoder in _MULTIMODAL:
        if re.search(pattern, name):
            return (whole, decoder) if whole else ()
    built = built_model(name)
    kind = str((built or ({} if _NOT_PLAIN.search(name) else case.known_base)).get("kind" if built else "model_type"))
    return (kind,)


def _named(case: Case) -> str | list[str]:
    named = case.get("lora_target_modules")
    if case.get("adapter") not in ADAPTERS or not named or named in _ALL_LINEAR:
        return []
    return named if isinstance(named, str) else [str(one) for one in named]


def _finds(pattern: str, paths: frozenset[str]) -> bool:
    try:
        regex = re.compile(pattern)
    except re.error:
        return False
    return not paths or any(
        regex.fullmatch(path.replace(".N", f".{layer}"))
        for path in paths
        for layer in _LAYERS[: 128 if ".N" in path else 1]
    )


def _missing(named: list[str], case: Case) -> list[str]:
    """Return the names that no path ends with; of a model that is not known here, those that no model has."""
    if not (paths := module_paths_of(case)):
        return [one for one in named if _is_misspelt(one)]
    plain = {one: re.sub(r"\.\d+(?=\.|$)", ".N", one) for one in named}
    return [one for one in named if not any(f".{path}".endswith(f".{plain[one]}") for path in paths)]


def _may_be_experts(name: str) -> bool:
    return name.rpartition(".")[2] in _EXPERTS


def _is_misspelt(name: str) -> bool:
    own = name.rpartition(".")[2]
    close = difflib.get_close_matches(own, LINEAR, n=1, cutoff=0.8)
    return own not in (*LINEAR, *_ELSEWHERE, *_WHOLE) and bool(close)

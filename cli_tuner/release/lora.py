"""What merging a LoRA adapter does to each tensor of its base model, planned from names, shapes and config alone.

    linear       W + s * B A                 s = alpha / r, or alpha / sqrt(r) for rank-stabilised LoRA
    embedding    W + s * (B A)^T
    DoRA         m * (W + s * B A) / |W + s * B A|, row by row
    saved whole  the adapter's own tensor (`modules_to_save`, trained biases)

Sources: LoRA https://arxiv.org/abs/2106.09685, rsLoRA https://arxiv.org/abs/2312.03732, DoRA
https://arxiv.org/abs/2402.09353 and the files that PEFT 0.20 writes. The law: what is not understood completely is
refused, never merged nearly. Refused are other adapter kinds, quantised bases, convolutions, experts as parameters,
biased B matrices, changed vocabularies, initialisations that alter the base, and adapters on tied embeddings.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cli_tuner.errors import CheckpointError
from cli_tuner.ports import Change

PREFIX = "base_model.model."
Shapes = Mapping[str, Sequence[int]]
"""Tensor name to shape."""

_PART = re.compile(
    r"(?P<module>.+)\.(?P<part>lora_A|lora_B|lora_embedding_A|lora_embedding_B|lora_magnitude_vector)(?:\.weight)?"
)
_HARMLESS_STARTS = (True, False, None, "gaussian", "orthogonal")
_ONLY_EMPTY = (
    "target_parameters", "layer_replication", "trainable_token_indices", "megatron_config", "use_qalora", "lora_bias",
    "alora_invocation_tokens", "corda_config", "loftq_config", "use_bdlora", "arrow_config", "velora_config",
    "monteclora_config",
)  # fmt: skip
_EMBEDDINGS = ("embed_tokens", "wte", "word_embeddings")
_HEADS = ("lm_head", "embed_out")
_HINT = "release the adapter itself: `cli-tuner publish --checkpoint-dir …`; vLLM and others load it as it is"


def plan(config: Mapping[str, Any], adapter: Shapes, base: Shapes, base_config: Mapping[str, Any]) -> dict[str, Change]:
    """Return the change of each base tensor that the adapter touches.

    Args:
        config: `adapter_config.json`.
        adapter: Shapes of the adapter's tensors.
        base: Shapes of the base model's tensors.
        base_config: The base model's `config.json`.

    Raises:
        CheckpointError: Something in it cannot be merged faithfully, or does not fit.
    """
    _refuse_what_is_not_plain(config, base_config)
    roles, whole = _sorted_out(adapter)
    changes = {f"{module}.weight": _low_rank(module, parts, config, adapter) for module, parts in roles.items()}
    tied = bool(base_config.get("tie_word_embeddings")) or not any(
        name.rpartition(".")[0].rpartition(".")[2] in _HEADS for name in base
    )
    for name, source in whole.items():
        below = changes.get(name)
        if below is None:
            changes[name] = Change("whole", {"whole": source}, 1.0, False)
        else:  # PEFT saves an embedding with its update beside it
            changes[name] = replace(below, parts={**below.parts, "whole": source})
    for name, change in changes.items():
        _check_fit(name, change, adapter, base)
        if tied and name.rpartition(".")[0].rpartition(".")[2] in (*_EMBEDDINGS, *_HEADS):
            raise _refused(f"{name} is trained, and the base ties its input and output embeddings")
    if not changes:
        raise CheckpointError("the adapter holds no tensors to merge", hint="train again")
    return changes


def _refused(what: str) -> CheckpointError:
    return CheckpointError(f"this adapter cannot be merged faithfully: {what}", hint=_HINT)


def _refuse_what_is_not_plain(config: Mapping[str, Any], base_config: Mapping[str, Any]) -> None:
    if config.get("peft_type") != "LORA":
        raise _refused(f"it is of the kind {config.get('peft_type')}, not LORA")
    if base_config.get("quantization_config"):
        raise _refused("its base model is quantised; name the full-precision one it was made from")
    start = config.get("init_lora_weights", True)
    if start not in _HARMLESS_STARTS:
        raise _refused(f"init_lora_weights: {start} alters the base model's own weights")
    for key in _ONLY_EMPTY:
        if config.get(key):
            raise _refused(f"{key} is set")


def _sorted_out(adapter: Shapes) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Split the adapter's tensors into LoRA parts by module, and tensors that replace one of the base."""
    roles: dict[str, dict[str, str]] = {}
    whole: dict[str, str] = {}
    for name in adapter:
        plain = name.removeprefix(PREFIX)
        match = _PART.fullmatch(plain)
        if match:
            roles.setdefault(match["module"], {})[match["part"]] = name
        elif "lora_" in plain:
            raise _refused(f"{name} is no part of a LoRA layer that is known here")
        else:
            whole[plain.replace(".modules_to_save.", ".").replace(".base_layer.", ".")] = name
    return roles, whole


def _low_rank(module: str, parts: Mapping[str, str], config: Mapping[str, Any], adapter: Shapes) -> Change:
    held = set(parts)
    shapes = {part: adapter[name] for part, name in parts.items()}
    if held == {"lora_embedding_A", "lora_embedding_B"}:
        rank = shapes["lora_embedding_A"][0]
        names = {"A": parts["lora_embedding_A"], "B": parts["lora_embedding_B"]}
        return Change("embedding", names, _scale(module, rank, config), False)
    if not {"lora_A", "lora_B"} <= held or held - {"lora_A", "lora_B", "lora_magnitude_vector"}:
        raise _refused(f"{module} has {', '.join(sorted(held))}")
    if bool(config.get("use_dora")) != ("lora_magnitude_vector" in held):
        raise _refused(f"{module} and use_dora: {config.get('use_dora')} contradict each other")
    names = {"A": parts["lora_A"], "B": parts["lora_B"]}
    if "lora_magnitude_vector" in held:
        names["m"] = parts["lora_magnitude_vector"]
    scale = _scale(module, shapes["lora_A"][0], config)
    return Change("dora" if "m" in names else "linear", names, scale, bool(config.get("fan_in_fan_out")))


def _scale(module: str, rank: int, config: Mapping[str, Any]) -> float:
    expected = _pattern(config.get("rank_pattern"), module, config["r"])
    if rank != expected:
        raise _refused(f"{module} has rank {rank}, and its config says {expected}")
    alpha = _pattern(config.get("alpha_pattern"), module, config["lora_alpha"])
    return float(alpha) / (math.sqrt(rank) if config.get("use_rslora") else rank)


def _pattern(patterns: Any, module: str, default: Any) -> Any:
    """Look a module up as PEFT does: the first pattern that its dotted name ends with."""
    for pattern, value in (patterns or {}).items():
        if re.match(rf"(.*\.)?({pattern})$", module):
            return value
    return default


def _check_fit(name: str, change: Change, adapter: Shapes, base: Shapes) -> None:
    if name not in base:
        raise CheckpointError(f"the base model has no {name}", hint="the adapter belongs to another base model")
    shape = tuple(base[name])
    if "whole" in change.parts:
        found = tuple(adapter[change.parts["whole"]])
        if found != shape:
            raise _refused(
                f"{name} has the shape {list(found)}, in the base {list(shape)}: was the vocabulary changed?"
            )
    if change.kind == "whole":
        return
    a, b = adapter[change.parts["A"]], adapter[change.parts["B"]]
    if len(shape) != 2 or len(a) != 2 or len(b) != 2:
        raise _refused(f"{name} is no matrix")
    product = (b[0], a[1])
    expected = product[::-1] if change.kind == "embedding" or change.transposed else product
    if a[0] != b[1] or expected != shape:
        raise CheckpointError(
            f"{name} is {list(shape)}, its update {list(expected)}", hint="is this the right base model?"
        )
    if change.kind == "dora" and math.prod(adapter[change.parts["m"]]) != product[0]:
        raise _refused(f"{name} has {adapter[change.parts['m']]} magnitudes for {product[0]} outputs")

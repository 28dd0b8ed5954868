"""The plan of a merge: which tensor changes how, and everything that is refused rather than merged nearly."""

from __future__ import annotations

import math
from typing import Any

import pytest

from cli_tuner.errors import CheckpointError
from cli_tuner.release.lora import plan

Q, EMBED, HEAD = "model.layers.0.self_attn.q_proj", "model.embed_tokens", "lm_head"
BASE = {
    f"{Q}.weight": [6, 4],
    f"{Q}.bias": [6],
    f"{EMBED}.weight": [10, 4],
    f"{HEAD}.weight": [10, 4],
    "model.norm.weight": [4],
}
ADAPTER = {f"base_model.model.{Q}.lora_A.weight": [2, 4], f"base_model.model.{Q}.lora_B.weight": [6, 2]}
CONFIG = {"peft_type": "LORA", "r": 2, "lora_alpha": 6}


def planned(
    adapter: dict[str, Any] | None = None, base: dict[str, Any] | None = None, base_config: Any = None, **config: Any
) -> Any:
    return plan({**CONFIG, **config}, ADAPTER if adapter is None else adapter, base or BASE, base_config or {})


def test_a_linear_layer_is_scaled_by_alpha_over_rank() -> None:
    (change,) = planned().values()
    assert (change.kind, change.scale, change.transposed) == ("linear", 3.0, False)
    assert change.parts == {"A": f"base_model.model.{Q}.lora_A.weight", "B": f"base_model.model.{Q}.lora_B.weight"}


@pytest.mark.parametrize(
    ("config", "scale"),
    [
        ({"use_rslora": True}, 6 / math.sqrt(2)),
        ({"alpha_pattern": {"q_proj": 1}}, 0.5),
        ({"alpha_pattern": {"_proj": 1}}, 3.0),
        ({"alpha_pattern": {r"layers\.\d+\.self_attn\.q_proj": 1}}, 0.5),
        ({"rank_pattern": {"q_proj": 2}, "r": 8}, 3.0),
        ({"lora_alpha": 0}, 0.0),
    ],
)
def test_the_scale_follows_the_config(config: dict[str, Any], scale: float) -> None:
    assert planned(**config)[f"{Q}.weight"].scale == pytest.approx(scale)


def test_a_transposed_base_and_magnitudes_are_seen() -> None:
    assert planned(base={**BASE, f"{Q}.weight": [4, 6]}, fan_in_fan_out=True)[f"{Q}.weight"].transposed
    adapter = {**ADAPTER, f"base_model.model.{Q}.lora_magnitude_vector": [6]}
    assert planned(adapter, use_dora=True)[f"{Q}.weight"].kind == "dora"


def test_embeddings_and_tensors_saved_whole_are_seen() -> None:
    name = f"base_model.model.{EMBED}"
    adapter = {
        f"{name}.lora_embedding_A": [2, 10],
        f"{name}.lora_embedding_B": [4, 2],
        f"base_model.model.{HEAD}.weight": [10, 4],
    }
    changes = planned({**adapter, f"{name}.base_layer.weight": [10, 4], f"base_model.model.{Q}.bias": [6]})
    assert {key: change.kind for key, change in changes.items()} == {
        f"{EMBED}.weight": "embedding", f"{HEAD}.weight": "whole", f"{Q}.bias": "whole"
    }  # fmt: skip
    assert changes[f"{EMBED}.weight"].parts["whole"] == f"{name}.base_layer.weight"


def adapter_with(part: str, shape: list[int]) -> dict[str, Any]:
    return {**ADAPTER, f"base_model.model.{part}": shape}


TIED = {"tie_word_embeddings": True}
HEADLESS = {name: shape for name, shape in BASE.items() if HEAD not in name}
MAGNITUDE = f"{Q}.lora_magnitude_vector"
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another kind of adapter": ({"peft_type": "IA3"}, "IA3"),
    "a quantised base": ({"base_config": {"quantization_config": {"bits": 4}}}, "quantised"),
    "PiSSA": ({"init_lora_weights": "pissa_niter_4"}, "pissa"),
    "LoftQ": ({"init_lora_weights": "loftq"}, "loftq"),
    "experts as parameters": ({"target_parameters": ["experts.w"]}, "target_parameters"),
    "repeated layers": ({"layer_replication": [[0, 1]]}, "layer_replication"),
    "trained tokens": ({"trainable_token_indices": [1]}, "trainable_token_indices"),
    "a bias of B": ({"lora_bias": True}, "lora_bias"),
    "a bias of B in the file": ({"adapter": adapter_with(f"{Q}.lora_B.bias", [6])}, "no part of a LoRA layer"),
    "an unknown part": ({"adapter": adapter_with(f"{Q}.lora_C.weight", [6])}, "no part of a LoRA layer"),
    "half a pair": ({"adapter": {f"base_model.model.{Q}.lora_A.weight": [2, 4]}}, "has lora_A"),
    "magnitudes without DoRA": ({"adapter": adapter_with(MAGNITUDE, [6])}, "contradict"),
    "DoRA without magnitudes": ({"use_dora": True}, "contradict"),
    "too few magnitudes": ({"adapter": adapter_with(MAGNITUDE, [5]), "use_dora": True}, "magnitudes"),
    "another rank than the config's": ({"r": 4}, "rank 2"),
    "another base": ({"base": {"model.norm.weight": [4]}}, "has no"),
    "another shape": ({"base": {**BASE, f"{Q}.weight": [6, 5]}}, "its update"),
    "a convolution": ({"base": {**BASE, f"{Q}.weight": [6, 4, 1]}}, "no matrix"),
    "a changed vocabulary": ({"adapter": adapter_with(f"{HEAD}.weight", [12, 4])}, "vocabulary"),
    "a tied output layer": ({"adapter": adapter_with(f"{HEAD}.weight", [10, 4]), "base_config": TIED}, "ties"),
    "no output layer": ({"adapter": adapter_with(f"{EMBED}.weight", [10, 4]), "base": HEADLESS}, "ties"),
    "nothing": ({"adapter": {}}, "no tensors"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(what: str) -> None:
    given, why = REFUSED[what]
    with pytest.raises(CheckpointError, match=why) as caught:
        planned(**given)
    assert caught.value.hint

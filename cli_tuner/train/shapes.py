"""The shape of a base model: what its weights are, without having them.

Found in this order: `config.json` in a local folder, `config.json` in the hub's cache on this machine, the table of
the most used models (`models.py`), what transformers builds of others (`built.py`), and the size that the name states,
which is said to be a guess. Covered by formula: decoders of the Llama kind, with separate or fused projections, with a
plain or a gated MLP, and mixtures of experts; all others by what is built. Not covered: the towers of multimodal models
(their decoder is), what state-space layers keep for their backward pass.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cli_tuner.config.architecture import architecture, snapshot
from cli_tuner.config.built import built_model
from cli_tuner.config.models import ROWS, known_config, own_name, stated_size

_FUSED = ("phi3", "glm", "glm4")
_PLAIN = ("phi", "gpt_neox", "falcon", "gpt2", "gptj", "starcoder2", "mpt", "bloom", "opt")
_ONE_QKV = ("gpt_neox", "falcon", "mpt", "bloom")
_GATED = (
    "qwen2", "qwen3", "llama", "mistral", "ministral", "gemma", "gemma2", "gemma3_text", "smollm3", "granite", "cohere",
    "cohere2", "olmo", "olmo2", "stablelm", "seed_oss", "hunyuan_v1_dense", "exaone4", "ernie4_5",
)  # fmt: skip
_MIXED = ("mixtral", "qwen2_moe", "qwen3_moe", "olmoe", "granitemoe", "phimoe", "gpt_oss")
KINDS = (*_GATED, *_FUSED, *_PLAIN, *_MIXED)
_ENDS = ("", "-Instruct")
LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj", "qkv_proj", "query_key_value", "dense")


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a decoder.

    Attributes:
        kind: `model_type`, e.g. `qwen2`.
        hidden: Width of the residual stream.
        inner: Width inside the MLP, or inside one expert.
        layers: Decoder layers.
        heads: Query heads.
        kv_heads: Key and value heads.
        head_dim: Width of a head.
        vocab: Rows of the embedding.
        tied: Whether lm_head is the embedding.
        max_positions: Longest row.
        source: Where these numbers were read.
        experts: Experts of a layer; 0 where it is dense.
        active: Experts that a token passes through.
        stated: All weights, where only the name says how many; then the rest is that of a model of about that size.
        modules: Linear layers by name as `(name, in, out, count)`, where the model was built to count them.
        counted: All weights, where the model was built to count them.
        vocabulary: Weights of all embeddings and of lm_head, where the model was built to count them.
    """

    kind: str
    hidden: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    tied: bool
    max_positions: int
    source: str
    experts: int = 0
    active: int = 0
    stated: float = 0.0
    modules: tuple[tuple[str, int, int, int], ...] = ()
    counted: int = 0
    vocabulary: int = 0

    def linear(self) -> dict[str, tuple[int, int]]:
        """Return `(in, out)` features of each linear layer of one decoder layer; experts are no linear layers."""
        if self.modules:
            return {name: (rows, columns) for name, rows, columns, _ in self.modules}
        queries, keys = self.heads * self.head_dim, self.kv_heads * self.head_dim
        if self.kind in _FUSED:
            attention = {"qkv_proj": (self.hidden, queries + 2 * keys), "o_proj": (queries, self.hidden)}
            return {**attention, "gate_up_proj": (self.hidden, 2 * self.inner), "down_proj": (self.inner, self.hidden)}
        last = "dense" if self.kind in _PLAIN else "o_proj"
        separate = {"q_proj": (self.hidden, queries), "k_proj": (self.hidden, keys), "v_proj": (self.hidden, keys)}
        one = {"query_key_value": (self.hidden, queries + 2 * keys)}
        attention = {**(one if self.kind in _ONE_QKV else separate), last: (queries, self.hidden)}
        if self.experts:
            return attention
        if self.kind in _PLAIN:
            up, down = ("dense_h_to_4h", "dense_4h_to_h") if self.kind in _ONE_QKV else ("fc1", "fc2")
            return {**attention, up: (self.hidden, self.inner), down: (self.inner, self.hidden)}
        wide = (self.hidden, self.inner)
        return {**attention, "gate_proj": wide, "up_proj": wide, "down_proj": (self.inner, self.hidden)}

    @property
    def n_linear(self) -> int:
        """Weights of all linear layers of the decoder, lm_head and experts not among them."""
        if self.modules:
            return sum(rows * columns * count for _, rows, columns, count in self.modules)
        counted = self.layers * sum(rows * columns for rows, columns in self.linear().values())
        return round(max(counted / 10, self.stated - self.n_vocabulary - self.n_experts)) if self.stated else counted

    @property
    def n_experts(self) -> int:
        """Weights of all experts and their routers; of a model that was built, whatever is no other part."""
        if not self.experts:
            return 0
        if self.modules:
            return max(0, self.counted - self.n_linear - self.n_vocabulary - self.n_small)
        return self.layers * self.experts * (3 * self.hidden * self.inner + self.hidden)

    def lora_width(self, names: Iterable[str], *, outputs_only: bool = False) -> int:
        """Return the sum of the widths of all layers of these names: in and out, or out only (DoRA's magnitudes)."""
        counts = {name: count for name, _, _, count in self.modules}
        linear = self.linear()
        return sum(
            counts.get(name, self.layers) * (linear[name][1] if outputs_only else sum(linear[name])) for name in names
        )

    @property
    def n_computed(self) -> int:
        """Weights that one token passes through, lm_head among them."""
        used = self.n_experts * self.active // self.experts if self.experts else 0
        return self.n_linear + used + self.vocab * self.hidden

    @property
    def n_vocabulary(self) -> int:
        """Weights of the embedding and, unless tied, of lm_head."""
        return self.vocabulary or self.vocab * self.hidden * (1 if self.tied else 2)

    @property
    def n_small(self) -> int:
        """Weights of norms (four a layer in Gemma 2 and 3) and, in Qwen2, of the biases of q, k and v."""
        if self.modules and not self.experts:
            return max(0, self.counted - self.n_linear - self.n_vocabulary)
        norms = 4 if self.kind in ("gemma2", "gemma3_text") else 2
        heads = 2 * self.head_dim if self.kind in ("qwen3", "qwen3_moe", "gemma3_text") else 0
        biases = (self.heads + 2 * self.kv_heads) * self.head_dim if self.kind == "qwen2" else 0
        return self.layers * (norms * self.hidden + heads + biases) + self.hidden

    @property
    def n_parameters(self) -> int:
        """All weights."""
        return self.counted or self.n_linear + self.n_experts + self.n_vocabulary + self.n_small


def built_shape(base_model: str) -> Shape | None:
    """Return the shape of a base model whose kind no table covers, by building it without memory (seconds, once)."""
    folder = snapshot(base_model)
    if folder is None or not (folder / "config.json").is_file():
        return None
    found = architecture(folder)
    return None if "error" in found else of_built(found, f"{folder}, built to count it")


def of_built(found: Mapping[str, Any], source: str) -> Shape | None:
    """Return the shape of what was counted; None where it names no width, depth or vocabulary."""
    sizes = found.get("sizes") or {}
    if not {"hidden_size", "num_hidden_layers", "vocab_size"} <= set(sizes):
        return None
    heads = int(sizes.get("num_attention_heads") or 1)
    shape = from_config({"num_attention_heads": heads, **sizes, "model_type": "llama"}, source)
    if shape is None:
        return None
    modules: dict[str, list[int]] = {}
    for path, (rows, columns, count) in found["modules"].items():
        one = modules.setdefault(path.rpartition(".")[2], [rows, columns, 0])
        if [rows, columns] == one[:2]:
            one[2] += count
        else:  # the same name with another width: their mean, so that all weights are counted
            total = one[2] + count
            one[:] = [(one[0] * one[2] + rows * count) // total, (one[1] * one[2] + columns * count) // total, total]
    listed = tuple((name, one[0], one[1], one[2]) for name, one in modules.items())
    return replace(
        shape, kind=str(found["kind"]), modules=listed, counted=int(found["parameters"]),
        vocabulary=int(found["vocabulary"]),
    )  # fmt: skip


def find_shape(base_model: str) -> Shape | None:
    """Return the shape of a base model; None when nothing here says it."""
    for path in (Path(base_model) / "config.json", _cached(base_model)):
        if path is not None and path.is_file():
            try:
                return from_config(json.loads(path.read_text("utf-8")), str(path))
            except (ValueError, KeyError, TypeError, AttributeError):
                return None
    if base_model.rstrip("/") == "models/tiny_base":
        return from_config(_TINY, "the built-in table of base models")
    row, stated = known_config(base_model), stated_size(base_model)
    shape = from_config(row, "the built-in table of base models") if row else None
    if shape is not None and (stated is None or 0.6 < shape.n_parameters / stated[0] < 1.6):
        return shape
    if built := built_model(base_model):
        return of_built(built, "the built-in table of base models")
    return _guess(*stated) if stated else None


def why_unknown(base_model: str) -> str:
    """Say why no shape was found: that `config.json` is missing is not said of one that is there."""
    for path in (Path(base_model) / "config.json", _cached(base_model)):
        if path is not None and path.is_file():
            try:
                kind = json.loads(path.read_text("utf-8")).get("model_type")
            except (ValueError, AttributeError, OSError):
                return f"{path} is not readable as a model's config"
            why = architecture(path.parent).get("error") or "its sizes are not named as elsewhere"
            return f"{path} describes a model of the kind {kind!r}, which is not covered: {why}"
    return f"no config.json of {base_model} is here, it is in no table, and its name states no size"


_TINY = {
    "model_type": "qwen2", "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 4, "head_dim": 32,
    "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 1024, "max_position_embeddings": 2048,
}  # fmt: skip


def _guess(stated: float, active: float) -> Shape:
    """Return the dense model of the table that is nearest in size, with as many weights as the name states."""
    dense = [row for _, row in ROWS if row["model_type"] in ("qwen2", "qwen3", "llama")]
    shapes = [shape for row in dense if (shape := from_config(row, "")) is not None]
    nearest = min(shapes, key=lambda shape: abs(shape.n_parameters - active))
    source = f"guessed: its name states {stated / 1e9:.3g} billion weights"
    mixed = f", {active / 1e9:.3g} used by a token" if active < stated else ""
    if not mixed:
        return replace(nearest, stated=stated, source=source, max_positions=0)
    layer = 3 * nearest.hidden * nearest.inner
    experts = max(2, round((stated - nearest.n_parameters) / (nearest.layers * layer)) + 1)
    shape = replace(nearest, experts=experts, active=1, source=source + mixed, max_positions=0)
    return replace(shape, stated=stated)


def known_near(base_model: str) -> str:
    """Return the name of a well-known model that is spelled most like `base_model`; empty when none is near."""
    sizes = ("0.5B", "1.5B", "3B", "7B", "14B", "32B", "72B")
    names = [f"Qwen2.5-{coder}{size}{end}" for coder in ("", "Coder-") for size in sizes for end in _ENDS]
    names += [f"Llama-{size}{end}" for size in ("3.1-8B", "3.1-70B", "3.2-1B", "3.2-3B", "3.3-70B") for end in _ENDS]
    near = next(iter(difflib.get_close_matches(own_name(base_model), [name.lower() for name in names], 1, 0.9)), "")
    return next((name for name in names if name.lower() == near), "")


def from_config(config: Mapping[str, Any], source: str) -> Shape | None:
    """Read a `config.json`, of a multimodal model the part of its decoder; None for a kind that is not covered."""
    inside = config.get("text_config")
    config = inside if config.get("model_type") not in KINDS and isinstance(inside, Mapping) else config
    kind = str(config.get("model_type"))
    if kind not in KINDS:
        return None
    heads, hidden = int(config["num_attention_heads"]), int(config["hidden_size"])
    experts = int(config.get("num_local_experts") or config.get("num_experts") or 0)
    inner = (config.get("moe_intermediate_size") if experts else None) or config.get("intermediate_size") or 4 * hidden
    one_key = kind == "falcon" and config.get("multi_query", True)
    return Shape(
        kind=kind,
        hidden=hidden,
        inner=int(inner),
        layers=int(config["num_hidden_layers"]),
        heads=heads,
        kv_heads=int(config.get("num_key_value_heads") or (1 if one_key else heads)),
        head_dim=int(config.get("head_dim") or hidden // heads),
        vocab=int(config["vocab_size"]),
        tied=bool(config.get("tie_word_embeddings", kind.startswith("gemma"))),
        max_positions=int(config.get("max_position_embeddings") or 0),
        source=source,
        experts=experts,
        active=int(config.get("num_experts_per_tok") or 0),
    )


def _cached(base_model: str) -> Path | None:
    folder = snapshot(base_model)
    return folder / "config.json" if folder else None

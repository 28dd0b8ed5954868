"""The shape of a base model: what its weights are, without having them.

Found in this order: `config.json` in a local folder, `config.json` in the hub's cache on this machine, a small
table of models whose `config.json` on the hub says the same (its rows name the family and size). Covered: dense
decoders of the Llama kind (Qwen2, Llama, Mistral). Not covered: mixtures of experts, multimodal towers.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ENDS = ("", "-Instruct")
KINDS = ("qwen2", "llama", "mistral")
LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a dense decoder.

    Attributes:
        kind: `model_type`, e.g. `qwen2`.
        hidden: Width of the residual stream.
        inner: Width inside the MLP.
        layers: Decoder layers.
        heads: Query heads.
        kv_heads: Key and value heads.
        head_dim: Width of a head.
        vocab: Rows of the embedding.
        tied: Whether lm_head is the embedding.
        max_positions: Longest row.
        source: Where these numbers were read.
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

    def linear(self) -> dict[str, tuple[int, int]]:
        """Return `(in, out)` features of each linear layer of one decoder layer."""
        queries, keys = self.heads * self.head_dim, self.kv_heads * self.head_dim
        return {
            "q_proj": (self.hidden, queries), "k_proj": (self.hidden, keys), "v_proj": (self.hidden, keys),
            "o_proj": (queries, self.hidden), "gate_proj": (self.hidden, self.inner),
            "up_proj": (self.hidden, self.inner), "down_proj": (self.inner, self.hidden),
        }  # fmt: skip

    @property
    def n_linear(self) -> int:
        """Weights of all linear layers of the decoder, lm_head not among them."""
        return self.layers * sum(rows * columns for rows, columns in self.linear().values())

    @property
    def n_vocabulary(self) -> int:
        """Weights of the embedding and, unless tied, of lm_head."""
        return self.vocab * self.hidden * (1 if self.tied else 2)

    @property
    def n_small(self) -> int:
        """Weights of norms and, in Qwen2, of the biases of q, k and v."""
        biases = (self.heads + 2 * self.kv_heads) * self.head_dim if self.kind == "qwen2" else 0
        return self.layers * (2 * self.hidden + biases) + self.hidden

    @property
    def n_parameters(self) -> int:
        """All weights."""
        return self.n_linear + self.n_vocabulary + self.n_small


def _row(kind: str, *numbers: int, tied: bool, positions: int, head_dim: int) -> dict[str, Any]:
    names = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads")
    more = {"vocab_size": numbers[5], "tie_word_embeddings": tied, "max_position_embeddings": positions}
    return {"model_type": kind, **dict(zip(names, numbers, strict=False)), **more, "head_dim": head_dim}


# hidden, inner, layers, heads, kv heads, vocabulary. Sources: config.json of each repository on the hub; Qwen2.5
# technical report (https://arxiv.org/abs/2412.15115, table 1); the Llama 3 herd (https://arxiv.org/abs/2407.21783).
_QWEN = r"(?i)Qwen/Qwen2\.5(-Coder)?-{}(-Instruct)?"
_KNOWN: dict[str, dict[str, Any]] = {
    _QWEN.format("0.5B"): _row("qwen2", 896, 4864, 24, 14, 2, 151936, tied=True, positions=32768, head_dim=64),
    _QWEN.format("1.5B"): _row("qwen2", 1536, 8960, 28, 12, 2, 151936, tied=True, positions=32768, head_dim=128),
    _QWEN.format("3B"): _row("qwen2", 2048, 11008, 36, 16, 2, 151936, tied=True, positions=32768, head_dim=128),
    _QWEN.format("7B"): _row("qwen2", 3584, 18944, 28, 28, 4, 152064, tied=False, positions=32768, head_dim=128),
    _QWEN.format("14B"): _row("qwen2", 5120, 13824, 48, 40, 8, 152064, tied=False, positions=32768, head_dim=128),
    _QWEN.format("32B"): _row("qwen2", 5120, 27648, 64, 40, 8, 152064, tied=False, positions=32768, head_dim=128),
    r"(?i)meta-llama/(Meta-)?Llama-3(\.1)?-8B(-Instruct)?": _row(
        "llama", 4096, 14336, 32, 32, 8, 128256, tied=False, positions=131072, head_dim=128
    ),
    _QWEN.format("72B"): _row("qwen2", 8192, 29568, 80, 64, 8, 152064, tied=False, positions=32768, head_dim=128),
    r"(?i)meta-llama/(Meta-)?Llama-3(\.[13])?-70B(-Instruct)?": _row(
        "llama", 8192, 28672, 80, 64, 8, 128256, tied=False, positions=131072, head_dim=128
    ),
    r"(?i)mistralai/Mistral-7B-(Instruct-)?v0\.[12]": _row(
        "mistral", 4096, 14336, 32, 32, 8, 32000, tied=False, positions=32768, head_dim=128
    ),
    r"(?i)mistralai/Mistral-7B-(Instruct-)?v0\.3": _row(
        "mistral", 4096, 14336, 32, 32, 8, 32768, tied=False, positions=32768, head_dim=128
    ),
    r"(?i)meta-llama/Llama-3\.2-1B(-Instruct)?": _row(
        "llama", 2048, 8192, 16, 32, 8, 128256, tied=True, positions=131072, head_dim=64
    ),
    r"(?i)meta-llama/Llama-3\.2-3B(-Instruct)?": _row(
        "llama", 3072, 8192, 28, 24, 8, 128256, tied=True, positions=131072, head_dim=128
    ),
    r"models/tiny_base": _row("qwen2", 128, 256, 4, 4, 2, 1024, tied=False, positions=2048, head_dim=32),
}


def find_shape(base_model: str) -> Shape | None:
    """Return the shape of a base model; None when it is neither here nor in the table."""
    for path in (Path(base_model) / "config.json", _cached(base_model)):
        if path is not None and path.is_file():
            try:
                return from_config(json.loads(path.read_text("utf-8")), str(path))
            except (ValueError, KeyError, TypeError, AttributeError):
                return None
    for pattern, row in _KNOWN.items():
        if re.fullmatch(pattern, base_model.rstrip("/")):
            return from_config(row, "the built-in table of base models")
    return None


def known_near(base_model: str) -> str:
    """Return the name of the table that is spelled most like `base_model`; empty when none is near."""
    sizes = ("0.5B", "1.5B", "3B", "7B", "14B", "32B", "72B")
    names = [f"Qwen/Qwen2.5-{coder}{size}{end}" for coder in ("", "Coder-") for size in sizes for end in _ENDS]
    llamas = ("3-8B", "3.1-8B", "3.1-70B", "3.2-1B", "3.2-3B", "3.3-70B")
    names += [f"meta-llama/Llama-{size}{end}" for size in llamas for end in _ENDS]
    return next(iter(difflib.get_close_matches(base_model, names, n=1, cutoff=0.9)), "")


def from_config(config: Mapping[str, Any], source: str) -> Shape | None:
    """Read a `config.json`; None for a kind of model that is not covered."""
    if config.get("model_type") not in KINDS:
        return None
    heads = int(config["num_attention_heads"])
    return Shape(
        kind=str(config["model_type"]),
        hidden=int(config["hidden_size"]),
        inner=int(config["intermediate_size"]),
        layers=int(config["num_hidden_layers"]),
        heads=heads,
        kv_heads=int(config.get("num_key_value_heads") or heads),
        head_dim=int(config.get("head_dim") or int(config["hidden_size"]) // heads),
        vocab=int(config["vocab_size"]),
        tied=bool(config.get("tie_word_embeddings", False)),
        max_positions=int(config.get("max_position_embeddings") or 0),
        source=source,
    )


def snapshot(base_model: str) -> Path | None:
    """Return the folder of a base model on this machine: local, or the newest in the hub's cache; else None."""
    if Path(base_model).is_dir():
        return Path(base_model)
    home = Path(os.environ.get("HF_HOME") or Path("~/.cache/huggingface").expanduser())
    hub = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    found = sorted((hub / f"models--{base_model.replace('/', '--')}" / "snapshots").glob("*"))
    return max(found, key=lambda path: path.stat().st_mtime) if found else None


def _cached(base_model: str) -> Path | None:
    folder = snapshot(base_model)
    return folder / "config.json" if folder else None

"""GPU memory of one training, by part, each with its formula and where the formula comes from.

Two moments are estimated and the larger one is the peak: loading (Axolotl casts embeddings, lm_head and norms to
float32 and back, `axolotl/loaders/model.py`, `_configure_embedding_dtypes`), and the largest moment of a training
step. An estimate: kernels, drivers and the allocator differ; `benchmarks/memory.py` compares it with a GPU.

Sources: QLoRA (https://arxiv.org/abs/2305.14314), 8-bit optimisers (https://arxiv.org/abs/2110.02861), gradient
checkpointing (https://arxiv.org/abs/1604.06174), activations of a layer after Korthikanti et al.
(https://arxiv.org/abs/2205.05198), here counted tensor by tensor for frozen linear layers and LoRA.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cli_tuner.train.adapter import Adapter
from cli_tuner.train.shapes import Shape

NF4_BYTES = (4 + 8 / 64 + 32 / (64 * 256)) / 8  # 4 bits; one 8-bit scale per 64; one 32-bit scale per 256 of those
NF4_SINGLE_BYTES = (4 + 32 / 64) / 8
INT8_BYTES = 1.0 + 4 / 4096
CONTEXT_BYTES = 0.6e9
SLACK = 0.05
_SHARED = {"k_proj": "q_proj", "v_proj": "q_proj", "up_proj": "gate_proj"}
_LOGITS_BYTES_EXTRA = 12  # float32 copy, its log-softmax, and its gradient


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the memory.

    Attributes:
        name: What it is.
        size_bytes: How much.
        formula: How it was computed, with the numbers.
        source: Where the formula comes from.
        moment: `always`, `loading`, `backward` (a layer's) or `loss`; the largest of the last three counts.
    """

    name: str
    size_bytes: float
    formula: str
    source: str
    moment: str = "always"


@dataclass(frozen=True, slots=True)
class Memory:
    """The estimate."""

    parts: tuple[Part, ...]

    def moment_bytes(self, moment: str) -> float:
        """Return what one moment needs, on top of what is always there."""
        return sum(part.size_bytes for part in self.parts if part.moment == moment)

    @property
    def loading_bytes(self) -> float:
        """The largest moment of loading."""
        return self.moment_bytes("loading") + CONTEXT_BYTES

    @property
    def step_bytes(self) -> float:
        """The largest moment of a training step."""
        moments = max(self.moment_bytes("backward"), self.moment_bytes("loss"))
        return (self.moment_bytes("always") - CONTEXT_BYTES + moments) * (1 + SLACK) + CONTEXT_BYTES

    @property
    def peak_bytes(self) -> float:
        """The larger of the two."""
        return max(self.loading_bytes, self.step_bytes)


def estimate_memory(values: Mapping[str, Any], shape: Shape, adapter: Adapter) -> Memory:
    """Estimate the memory of a realised config.

    Args:
        values: The Axolotl keys, precision realised (no `auto`).
        shape: The base model.
        adapter: What is trained.
    """
    width = 2 if values.get("bf16") or values.get("fp16") else 4
    tokens = int(values.get("micro_batch_size") or 1) * int(values.get("sequence_len") or 512)
    return Memory(
        (
            *_weights(values, shape, width),
            *_trained(values, adapter, width),
            *_activations(values, shape, adapter, tokens, width),
            _logits(values, shape, tokens, width),
            Part("CUDA context and libraries", CONTEXT_BYTES, "0.6 GB", "assumed: driver, cuBLAS, bitsandbytes"),
        )
    )


def _weights(values: Mapping[str, Any], shape: Shape, width: int) -> Iterable[Part]:
    each, name, source = _linear_bytes(values, width)
    linear = shape.n_linear * each
    yield Part(f"linear weights, {name}", linear, f"{shape.n_linear / 1e9:.3f} G x {each:.4f} B", source)
    if shape.experts:
        quantised_too = values.get("quantize_moe_experts") and values.get("load_in_4bit")
        size = shape.n_experts * (each if quantised_too else width)
        where = "fused experts are no linear layers; only quantize_moe_experts quantises them"
        yield Part("experts", size, f"{shape.n_experts / 1e9:.3f} G x {size / max(1, shape.n_experts):.4f} B", where)
        linear += size
    rest = (shape.n_vocabulary + shape.n_small) * width
    formula = f"{(shape.n_vocabulary + shape.n_small) / 1e9:.3f} G x {width} B"
    yield Part("embeddings, lm_head, norms", rest, formula, "not quantised: axolotl/loaders/model.py")
    quantised = bool(values.get("load_in_4bit") or values.get("load_in_8bit"))
    wide = (shape.n_vocabulary + shape.n_small) * 4 if quantised else rest
    in_flight = shape.vocab * shape.hidden * width if quantised and width < 4 else 0
    formula = f"linear + embeddings x {4 if quantised else width} B + one matrix in flight"
    why = "cast to float32 and back before training: _configure_embedding_dtypes"
    yield Part("at loading", linear + wide + in_flight, formula, why, "loading")


def _linear_bytes(values: Mapping[str, Any], width: int) -> tuple[float, str, str]:
    if values.get("load_in_4bit") and values.get("adapter") == "qlora":
        kwargs = values.get("bnb_config_kwargs") or {}
        if kwargs.get("bnb_4bit_use_double_quant", True):
            return NF4_BYTES, "NF4 with double quantisation", "QLoRA, section 3: 0.127 bits a weight for the scales"
        return NF4_SINGLE_BYTES, "NF4", "QLoRA, section 3: 0.5 bits a weight for the scales"
    if values.get("load_in_8bit"):
        return INT8_BYTES, "LLM.int8()", "https://arxiv.org/abs/2208.07339: one scale a row"
    return float(width), "not quantised", "2 bytes in bf16 and fp16, 4 in float32"


def _trained(values: Mapping[str, Any], adapter: Adapter, width: int) -> Iterable[Part]:
    lora, saved = f"{adapter.n_lora / 1e6:.2f} M", f"{adapter.n_saved / 1e6:.2f} M"
    if adapter.n_lora:
        peft = "PEFT keeps low-rank matrices in float32 (autocast_adapter_dtype)"
        yield Part("adapter", adapter.n_lora * 4, f"{lora} x 4 B", peft)
        yield Part("its gradients", adapter.n_lora * 4, f"{lora} x 4 B", "as wide as the weights")
    if adapter.n_saved:
        if adapter.rank:  # without an adapter the weights above are trained themselves
            peft = "PEFT's ModulesToSaveWrapper: a trained copy beside the original, as wide as the model"
            yield Part("modules trained whole", adapter.n_saved * width, f"{saved} x {width} B", peft)
        yield Part(
            "their gradients" if adapter.rank else "gradients of all weights",
            adapter.n_saved * width,
            f"{saved} x {width} B",
            "as wide as the weights",
        )
    name = str(values.get("optimizer") or "adamw_torch_fused")
    for count, weight, of in ((adapter.n_lora, 4, "adapter"), (adapter.n_saved, width, "weights")):
        if count:
            each, source = _optimizer_bytes(name, weight)
            yield Part(f"optimiser states, {of}", count * each, f"{count / 1e6:.2f} M x {each:.2f} B", source)


def _optimizer_bytes(name: str, width: int) -> tuple[float, str]:
    paged = "; paged: may move to host memory" if name.startswith("paged") else ""
    if "8bit" in name:
        return 2 * (1 + 4 / 256), f"two 8-bit states, a scale per 256: 8-bit optimisers, section 2{paged}"
    if "adafactor" in name:
        return 0.1, "row and column means: https://arxiv.org/abs/1804.04235"
    if name.startswith(("sgd", "lion", "muon")):
        return float(width), f"one state, as wide as the weight (torch.zeros_like){paged}"
    return 2.0 * width, f"two states, as wide as the weight (torch.zeros_like){paged}"


def _activations(values: Mapping[str, Any], shape: Shape, adapter: Adapter, tokens: int, width: int) -> Iterable[Part]:
    layer = layer_bytes_per_token(shape, adapter, values, width) * tokens
    if values.get("attn_implementation") == "eager":
        layer += 2 * width * shape.heads * tokens * int(values.get("sequence_len") or 512)
    dequantised = max(a * b for a, b in shape.linear().values()) * width if values.get("load_in_4bit") else 0.0
    if values.get("gradient_checkpointing"):
        kept = shape.layers * tokens * shape.hidden * width
        formula = f"{shape.layers} layers x {tokens} tokens x {shape.hidden} x {width} B"
        yield Part("activations: inputs of layers", kept, formula, "gradient checkpointing, section 4")
        yield Part("activations: one layer again", layer, f"{tokens} tokens, tensor by tensor", __name__, "backward")
    else:
        yield Part("activations: all layers", layer * shape.layers, f"{shape.layers} x one layer", __name__)
    yield Part("one dequantised matrix", dequantised, f"largest matrix x {width} B", "bitsandbytes matmul", "backward")


def layer_bytes_per_token(
    shape: Shape, adapter: Adapter, values: Mapping[str, Any], width: int, mask_bytes: int = 1
) -> float:
    """Return what one decoder layer keeps for its backward pass, in bytes a token.

    A norm keeps its float32 input; attention keeps q, k, v and its output; the MLP keeps gate, silu(gate) and up; a
    frozen linear layer keeps nothing of its input, and a low-rank pair its input and its middle. With dropout, or
    where PEFT casts it, each target keeps an input of its own (and a mask); else q, k, v share one, and gate and up.
    `benchmarks/memory.py activations` counts the same with autograd's hooks.
    """
    linear = shape.linear()
    targets = [name for name in adapter.targets if name in linear]
    dropout = float(values.get("lora_dropout") or 0) > 0
    if not dropout and width == 4:
        inputs = width * sum(linear[name][0] for name in {_SHARED.get(name, name) for name in targets})
    else:
        inputs = (width + (mask_bytes if dropout else 0)) * sum(linear[name][0] for name in targets)
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    attention = width * 2 * (queries + keys) + 4 * shape.heads
    norms = 2 * 4 * shape.hidden
    return norms + inputs + len(targets) * adapter.rank * width + attention + 3 * width * shape.inner


def _logits(values: Mapping[str, Any], shape: Shape, tokens: int, width: int) -> Part:
    fused = any(values.get(key) for key in ("liger_fused_linear_cross_entropy", "cut_cross_entropy"))
    if fused:
        size = tokens * shape.hidden * 8.0
        return Part(
            "logits, fused loss", size, f"{tokens} tokens x {shape.hidden} x 8 B", "Liger: logits in chunks", "loss"
        )
    each = width + (_LOGITS_BYTES_EXTRA if width < 4 else 8)
    formula = f"{tokens} tokens x {shape.vocab} x {each} B"
    source = "logits, float32 copy, log-softmax, gradient: transformers ForCausalLMLoss"
    return Part("logits and loss", tokens * shape.vocab * each, formula, source, "loss")

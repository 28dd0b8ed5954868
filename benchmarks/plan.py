"""How far `cli-tuner plan` is from published figures: `python benchmarks/plan.py`.

Each row is a figure that others published, with the settings that they name. What they do not name is assumed:
gradient checkpointing, a loss in chunks (they all have one), all seven linear layers, r 8 (torchtune), 16 (others).
Only the training step is compared: other trainers do not cast embeddings up while they load, as Axolotl does. The
figures are those of other trainers, so a part of the error is theirs. No GPU is used.
"""

from __future__ import annotations

from typing import Any

from cli_tuner.config.targets import find_target
from cli_tuner.train.adapter import count_trainable
from cli_tuner.train.cost import micro_step_s
from cli_tuner.train.memory import estimate_memory
from cli_tuner.train.shapes import Shape, find_shape

GIB, GB = 2**30, 1e9
COMMON = {
    "bf16": True, "gradient_checkpointing": True, "liger_fused_linear_cross_entropy": True, "lora_alpha": 16,
    "lora_target_linear": True, "attn_implementation": "flash_attention_2",
}  # fmt: skip
LORA = {**COMMON, "adapter": "lora", "lora_r": 8}
QLORA = {**COMMON, "adapter": "qlora", "load_in_4bit": True, "lora_r": 8}
FULL = {**COMMON, "optimizer": "adamw_torch_fused"}
TUNE, FACTORY = "torchtune README", "LLaMA-Factory README"

# source, base model, settings, micro batch, length, published bytes
MEMORY: list[tuple[str, str, dict[str, Any], int, int, float]] = [
    (TUNE, "meta-llama/Llama-3.1-8B", LORA, 2, 2048, 16.2 * GIB),
    (TUNE, "meta-llama/Llama-3.1-8B", QLORA, 2, 2048, 7.4 * GIB),
    (TUNE, "meta-llama/Llama-3.2-3B", LORA, 2, 4096, 8.5 * GIB),
    (TUNE, "meta-llama/Llama-3.2-3B", QLORA, 2, 4096, 4.6 * GIB),
    (TUNE, "meta-llama/Llama-3.2-3B", FULL, 2, 4096, 24.9 * GIB),
    (TUNE, "meta-llama/Llama-2-7b", QLORA, 2, 4096, 9.3 * GB),
    (FACTORY, "meta-llama/Llama-2-7b", {**QLORA, "lora_r": 16}, 1, 1024, 6 * GB),
    (FACTORY, "meta-llama/Llama-2-13b", {**QLORA, "lora_r": 16}, 1, 1024, 12 * GB),
    (FACTORY, "huggyllama/llama-30b", {**QLORA, "lora_r": 16}, 1, 1024, 24 * GB),
    ("LongLoRA, table 2", "meta-llama/Llama-2-7b", {**LORA, "lora_r": 8}, 1, 8192, 25.7 * GB),
]
# source, base model, settings, micro batch, length, GPU, published tokens a second
SPEED: list[tuple[str, str, dict[str, Any], int, int, str, float]] = [
    (TUNE, "meta-llama/Llama-3.1-8B", LORA, 2, 2048, "rtx-4090", 3083),
]


def shape_of(name: str) -> Shape:
    """Return the shape of a model that the plan knows."""
    shape = find_shape(name)
    assert shape is not None, name
    return shape


def main() -> None:
    """Print each published figure, ours, and the ratio."""
    within = 0
    print(f"{'source':22} {'model':26} {'method':6} {'batch':>11} {'published':>10} {'plan':>7} {'ratio':>6}")
    for source, name, settings, batch, length, published in MEMORY:
        values = {**settings, "micro_batch_size": batch, "sequence_len": length}
        shape = shape_of(name)
        ours = estimate_memory(values, shape, count_trainable(values, shape)).step_bytes
        ratio = ours / published
        within += 0.8 <= ratio <= 1.2
        model, method = name.rpartition("/")[2], str(settings.get("adapter") or "full")
        sizes = f"{batch} x {length}"
        print(f"{source:22} {model:26} {method:6} {sizes:>11} {published / GB:8.1f}GB {ours / GB:7.1f} {ratio:6.2f}")
    print(f"memory within 20 %: {within} of {len(MEMORY)}\n")
    for source, name, settings, batch, length, gpu, published in SPEED:
        values = {**settings, "micro_batch_size": batch, "sequence_len": length}
        tokens = batch * length
        ours = tokens / micro_step_s(values, shape_of(name), find_target(gpu), tokens, train=True)
        print(f"{source}: {name} on {gpu}: {published} tokens/s, plan {ours:.0f}, ratio {ours / published:.2f}")


if __name__ == "__main__":
    main()

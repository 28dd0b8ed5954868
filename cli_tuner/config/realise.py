"""`auto` turned into values before anything starts: precision and throughput for one machine, each with its reason.

Precision: bf16 from compute capability 8.0; before, fp16 with a GradScaler (its range is small, so the loss is
scaled: https://arxiv.org/abs/1710.03740, section 3.2); float32 on a CPU. A record then says `bf16: true`, never
`auto`. Pure: the config that comes in is not changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from cli_tuner.config.load import Config
from cli_tuner.config.source import Origin
from cli_tuner.config.targets import Target

LIGER = "axolotl.integrations.liger.LigerPlugin"
_KERNELS = ("lora_qkv_kernel", "lora_o_kernel", "lora_mlp_kernel")


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that was chosen, and why."""

    key: str
    value: Any
    why: str


def realise(config: Config, target: Target) -> Config:
    """Return `config` with every `auto` of ours replaced by what `target` does."""
    chosen = [*precision(config, target), *(throughput(config, target) if config.section.throughput else ())]
    if not chosen:
        return config
    values, origins = dict(config.axolotl), dict(config.origins)
    for choice in chosen:
        values[choice.key] = choice.value
        origins[choice.key] = Origin(f"auto on {target.id}: {choice.why}")
    return replace(config, axolotl=values, origins=origins)


def precision(config: Config, target: Target) -> list[Choice]:
    """Return the values of bf16, fp16 and tf32, where they are not as written."""
    asked = config.section.precision
    if asked is None and config.axolotl.get("bf16") != "auto":
        return []
    name, why = (asked, "cli_tuner.precision asks for it") if asked not in (None, "auto") else _best(target)
    tf32 = target.bf16 and config.axolotl.get("tf32") is not False
    return [Choice("bf16", name == "bf16", why), Choice("fp16", name == "fp16", why), Choice("tf32", tf32, why)]


def _best(target: Target) -> tuple[str, str]:
    if not target.has_gpu:
        return "fp32", "a CPU trains in float32"
    if target.bf16:
        return "bf16", f"compute capability {target.compute_capability} has bfloat16: float32's range, no loss scaling"
    return "fp16", f"compute capability {target.compute_capability} has no bfloat16; fp16 needs loss scaling"


def throughput(config: Config, target: Target) -> list[Choice]:
    """Return packing, attention and loss for `target`, each with its reason."""
    return [*_packing(config, target), *_attention(config, target), *_loss(config, target), *_kernels(config, target)]


def _packing(config: Config, target: Target) -> Iterator[Choice]:
    steps = int(config.axolotl.get("gradient_accumulation_steps") or 1)
    if target.has_gpu and 8.0 <= target.generation < 9.0 and config.axolotl.get("bf16") is not False:
        why = "before Hopper, sdpa with packed bf16 rows may give a loss of 0 (Axolotl's own warning)"
        yield Choice("sample_packing", False, why)
        batched = int(config.axolotl.get("micro_batch_size") or 1) * steps
        if steps > 1 and target.memory_gib >= (16 if batched <= 4 else 40):
            yield Choice("micro_batch_size", batched, "rows are short: the accumulated ones fit at once")
            yield Choice("gradient_accumulation_steps", 1, "the same effective batch in one pass")
        return
    yield Choice("sample_packing", True, "rows are short: several share one sequence, no padding is computed")
    yield Choice("pad_to_sequence_len", True, "packed sequences are nearly full; one shape avoids new allocations")
    if steps > 1:
        rows = "one packed sequence holds about as many rows as the accumulated ones"
        yield Choice("gradient_accumulation_steps", 1, rows)


def _attention(config: Config, target: Target) -> Iterator[Choice]:
    yield Choice("attn_implementation", "sdpa", "ships with torch for every machine; nothing to compile")


def _loss(config: Config, target: Target) -> Iterator[Choice]:
    plugins = list(config.axolotl.get("plugins") or [])
    if target.generation < 8.0:
        return
    if LIGER not in plugins:
        yield Choice("plugins", [LIGER, *plugins], "Liger is in the tested environment; its Triton kernels want Ampere")
    why = "the logits of a 152k vocabulary are never held at once (Liger fused linear cross entropy)"
    yield Choice("liger_fused_linear_cross_entropy", True, why)


def _kernels(config: Config, target: Target) -> Iterator[Choice]:
    if target.has_gpu:
        return
    for key in _KERNELS:
        yield Choice(key, False, "Triton kernels call CUDA")

"""`cli-tuner merge`: the adapter into the full-precision base, with a proof that it is the same model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli_tuner.cli import console, options
from cli_tuner.errors import ExitCode

if TYPE_CHECKING:
    from cli_tuner.release.merge import Merged

HELP = """Merge an adapter into its full-precision base model, and prove that the result is the same model.

Written shard by shard as safetensors in the base's own types (or in float32, where rounding to 16 bits costs too much),
with tokenizer, chat template and generation config.
Proved in float32 on fixed prompts: weights, next-token distributions and greedy completions against the adapter on
the base. What fails the thresholds of `cli_tuner.release` is kept aside, and the command exits 1. The drift from
the 4-bit base of the training is reported. The record is in `provenance.json`.

Examples:

  cli-tuner merge --checkpoint-dir models/checkpoints/smoke --out models/merged/smoke

  cli-tuner merge --checkpoint-dir models/checkpoints/demo --out models/merged/demo --float32

  cli-tuner merge --checkpoint-dir models/checkpoints/smoke --out models/merged/smoke --verify-only
"""


def merge(
    checkpoint_dir: Annotated[Path, typer.Option(help="Folder that `cli-tuner train` wrote.")],
    out: Annotated[Path, typer.Option(help="Folder to make; with --verify-only, the merged model to prove again.")],
    float32: Annotated[
        bool, typer.Option("--float32", help="Write float32: twice the size of 16 bits, nothing is rounded.")
    ] = False,
    verify_only: Annotated[bool, typer.Option("--verify-only", help="Write nothing, prove what is there.")] = False,
    json: options.Json = False,
) -> int:
    """Merge an adapter."""
    from cli_tuner.backends import hf_hub, hf_weights
    from cli_tuner.provenance.base import pinned_revision
    from cli_tuner.release import merge as merging
    from cli_tuner.validate import integrity, recipe

    checkpoint = integrity.inspect(checkpoint_dir)
    release = recipe.recipe_of(checkpoint, console.say).release
    base = hf_hub.base_folder(checkpoint.base_model, pinned_revision(checkpoint_dir))
    four_bit = recipe.was_quantised(checkpoint)
    source = merging.Source(checkpoint_dir, base, checkpoint.base_model, four_bit, checkpoint.record)
    _say_gguf(base)
    weights = hf_weights.HfWeights()
    if verify_only:
        found = merging.verify(source, out, weights, release, console.say)
    else:
        found = merging.merge(source, out, weights, release, console.say, float32=float32)
    if json:
        console.emit_json(found.to_json())
    else:
        rows = [(one.name, "ok" if one.passed else "FAILED", _shown(one.value), one.threshold) for one in found.checks]
        console.table("Proof", ("check", "result", "measured", "asked for"), rows)
        drift = found.record.proof.drift_4bit
        if drift and drift.kl_mean is not None and drift.top1_agreement is not None:
            console.say(f"drift from the 4-bit base: KL {drift.kl_mean:.2e}, same token {drift.top1_agreement:.1%}")
        console.say(f"merged model: {found.folder}")
    if not found.passed:
        failed = ", ".join(check.name for check in found.checks if not check.passed)
        console.error(f"the merge is not the adapter: {failed}", _remedy(found))
    return ExitCode.OK if found.passed else ExitCode.GATE_FAILED


def _say_gguf(base: Path) -> None:
    """Where llama.cpp is at hand, say before the merge whether a GGUF file can be made of this tokenizer."""
    llama_cpp = os.environ.get("LLAMA_CPP_DIR")
    if llama_cpp:
        from cli_tuner.release.export import gguf_vocabulary

        reason = gguf_vocabulary(base, Path(llama_cpp))
        if reason:
            console.say(f"warning: no GGUF file can be made of this model: llama.cpp's converter says: {reason}")


def _remedy(found: Merged) -> str:
    """Say what to do: where only the answers differ and the weights have 16 bits, the rounding is to blame."""
    exact = all(check.passed for check in found.checks if check.name in ("untouched_tensors", "weight_difference"))
    if exact and not {"F32", "F64"}.issuperset(found.record.weights.dtypes):
        return "rounding to 16 bits changes this model's answers: merge again with --float32"
    return f"do not release {found.folder}; please report it"


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)

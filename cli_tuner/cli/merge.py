"""`cli-tuner merge`: the adapter into the full-precision base, with a proof that it is the same model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli_tuner.cli import console, options
from cli_tuner.errors import ExitCode

HELP = """Merge an adapter into its full-precision base model, and prove that the result is the same model.

Written shard by shard as safetensors in the base's own types, with tokenizer, chat template and generation config.
Proved in float32 on fixed prompts: weights, next-token distributions and greedy completions against the adapter on
the base. What fails the thresholds of `cli_tuner.release` is kept aside, and the command exits 1. The drift from
the 4-bit base of the training is reported. The record is in `provenance.json`.

Examples:

  cli-tuner merge --checkpoint-dir models/checkpoints/smoke --out models/merged/smoke

  cli-tuner merge --checkpoint-dir models/checkpoints/smoke --out models/merged/smoke --verify-only
"""


def merge(
    checkpoint_dir: Annotated[Path, typer.Option(help="Folder that `cli-tuner train` wrote.")],
    out: Annotated[Path, typer.Option(help="Folder to make; with --verify-only, the merged model to prove again.")],
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
    work = merging.verify if verify_only else merging.merge
    found = work(source, out, hf_weights.HfWeights(), release, console.say)
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
        console.error(f"the merge is not the adapter: {failed}", f"do not release {found.folder}; please report it")
    return ExitCode.OK if found.passed else ExitCode.GATE_FAILED


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)

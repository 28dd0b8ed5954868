"""`cli-tuner train`: check everything first, then `accelerate launch` Axolotl and watch it to its end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli_tuner.cli import console, options

HELP = """Train a QLoRA adapter with Axolotl, through `accelerate launch`.

Checks the config, the rows, the base model and the machine before anything is loaded, freezes the complete
Axolotl config in models/runs/RUN_ID, shows progress, and exits 0 only when the adapter is whole and recorded.

Examples:

  cli-tuner train --config configs/smoke.yaml

  cli-tuner train --config configs/ablations/rank4.yaml --set seed=7

  cli-tuner train --config configs/full.yaml --resume auto

  cli-tuner train --config configs/style_transfer.yaml --tiny
"""


def train(
    config: options.ConfigPath = Path("configs/full.yaml"),
    overrides: options.Set = [],  # noqa: B006  (typer reads the default, nobody writes it)
    resume: Annotated[
        str | None, typer.Option(metavar="auto|CHECKPOINT", help="Go on with an unfinished run instead of a new one.")
    ] = None,
    tiny: Annotated[
        bool, typer.Option("--tiny", help="Prove the recipe: two steps with the tiny base model, on a CPU, offline.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Train a QLoRA adapter with Axolotl."""
    from cli_tuner.cli.training_progress import TrainingProgress
    from cli_tuner.config.check import require
    from cli_tuner.config.environment import read_dotenv, wandb_mode
    from cli_tuner.config.load import load
    from cli_tuner.config.realise import realise
    from cli_tuner.config.targets import of_gpu
    from cli_tuner.provenance.environment import gpus
    from cli_tuner.train.launch import launch
    from cli_tuner.train.session import open_plan
    from cli_tuner.train.tiny import tiny as made_tiny

    read_dotenv()
    mode = wandb_mode()
    resolved = load(config, overrides)
    found = gpus()
    has_gpu, target = bool(found), of_gpu(found[0] if found else None)
    resolved = realise(made_tiny(resolved) if tiny else resolved, target)
    # Without a GPU, `check_machine` says what is missing; here only what the config says against itself.
    for remark in require(resolved, target if has_gpu else None).warnings:
        console.say(f"warning: {remark}")
    plan = open_plan(
        resolved, resume=resume, has_gpu=has_gpu, wandb_mode=mode, ensure_base=_ensure_tiny_base, say=console.say
    )
    console.say(f"run {plan.run.run_id}: log in {plan.run.log}")
    with TrainingProgress() as progress:
        status = launch(plan, progress.observe, resolved.section.supervision)
    _show(plan, status, json, has_gpu)


def _ensure_tiny_base(base_model: Any) -> None:
    from cli_tuner.backends.tiny_base import FOLDER, ensure

    if base_model == str(FOLDER) and ensure(FOLDER):
        console.say(f"built the tiny base model in {FOLDER}")


def _show(plan: Any, status: dict[str, Any], as_json: bool, has_gpu: bool) -> None:
    facts = {
        "run_id": plan.run.run_id,
        "run_dir": str(plan.run.path),
        "checkpoint_dir": str(plan.output_dir),
        **status,
    }
    if as_json:
        console.emit_json(facts)
        return
    console.say(f"trained {status['steps']} steps into {plan.output_dir}; next:")
    console.say(f"  cli-tuner validate --checkpoint-dir {plan.output_dir}{'' if has_gpu else ' --allow-cpu'}")

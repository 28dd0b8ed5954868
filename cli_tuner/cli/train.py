"""`cli-tuner train`: check everything first, then `accelerate launch` Axolotl and watch it to its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cli_tuner.cli import console, options

HELP = """Train a QLoRA adapter with Axolotl, through `accelerate launch`.

Checks the config, the rows, the base model and the machine before anything is loaded, freezes the complete
Axolotl config in models/runs/RUN_ID, shows progress, and exits 0 only when the adapter is whole and recorded.

Examples:

  cli-tuner train --config configs/smoke.yaml

  cli-tuner train --config configs/ablations/rank4.yaml --set seed=7
"""


def train(
    config: options.ConfigPath = Path("configs/full.yaml"),
    overrides: options.Set = [],  # noqa: B006  (typer reads the default, nobody writes it)
    json: options.Json = False,
) -> None:
    """Train a QLoRA adapter with Axolotl."""
    from cli_tuner.cli.training_progress import TrainingProgress
    from cli_tuner.config.environment import read_dotenv, wandb_mode
    from cli_tuner.config.load import load
    from cli_tuner.provenance.environment import gpus
    from cli_tuner.runs.layout import new_run
    from cli_tuner.train.inputs import check_base_model, check_machine, check_rows
    from cli_tuner.train.launch import launch
    from cli_tuner.train.plan import make_plan

    read_dotenv()
    mode = wandb_mode()
    resolved = load(config, overrides)
    has_gpu = bool(gpus())
    check_machine(resolved, has_gpu=has_gpu)
    data_digest = check_rows(resolved)
    _ensure_tiny_base(resolved.axolotl.get("base_model"))
    check_base_model(resolved)
    run = new_run(resolved.section.phase)
    plan = make_plan(resolved, run, data_digest=data_digest, has_gpu=has_gpu, wandb_mode=mode)
    console.say(f"run {run.run_id}: log in {run.log}")
    with TrainingProgress() as progress:
        status = launch(plan, progress.observe)
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

"""`cli-tuner train`: check everything first, then launch Axolotl and watch it to its end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli_tuner.cli import console, options

HELP = """Train a QLoRA adapter with Axolotl, through `accelerate launch`.

Checks the config, the rows, the base model and the machine before anything is loaded, freezes the complete
Axolotl config in models/runs/RUN_ID, shows progress, and exits 0 only when the adapter is whole and recorded.
Arguments after `--` go to the launcher as they are.

Examples:

  cli-tuner train --config configs/smoke.yaml

  cli-tuner train --config configs/ablations/rank4.yaml --set seed=7

  cli-tuner train --config configs/full.yaml --resume auto

  cli-tuner train --config configs/style_transfer.yaml --tiny

  cli-tuner train --config configs/smoke.yaml --launcher torchrun -- --nproc_per_node 2
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
    accelerate_config: Annotated[
        Path | None, typer.Option(help="A file of `accelerate config`, see configs/accelerate/.")
    ] = None,
    launcher: Annotated[str, typer.Option(metavar="accelerate|torchrun|ray", help="What starts the processes.")] = (
        "accelerate"
    ),
    launcher_args: Annotated[list[str], typer.Argument(metavar="[-- LAUNCHER_ARGS]", show_default=False)] = [],  # noqa: B006
    json: options.Json = False,
) -> None:
    """Train a QLoRA adapter with Axolotl."""
    from cli_tuner.cli.training import realised, this_machine, train_one
    from cli_tuner.config.load import load
    from cli_tuner.train.launcher import Launcher

    machine = this_machine()
    resolved = realised(load(config, overrides), machine, tiny=tiny)
    starts = Launcher(launcher, accelerate_config, tuple(launcher_args))
    plan, status = train_one(resolved, machine, resume=resume, launcher=starts, tells=True)
    _show(plan, status, json, machine.gpu is not None)


def _show(plan: Any, status: dict[str, object], as_json: bool, has_gpu: bool) -> None:
    facts = {
        "run_id": plan.run.run_id,
        "run_dir": str(plan.run.path),
        "checkpoint_dir": str(plan.output_dir),
        **status,
    }
    warnings = status.get("warnings")
    for warning in warnings if isinstance(warnings, list) else []:
        console.say(f"warning: {warning}")
    if as_json:
        console.emit_json(facts)
        return
    if status.get("saved_step") not in (None, status["steps"]):
        console.say(f"kept the weights of step {status['saved_step']}: the best evaluation loss")
    console.say(f"trained {status['steps']} steps into {plan.output_dir}; next:")
    console.say(f"  cli-tuner validate --checkpoint-dir {plan.output_dir}{'' if has_gpu else ' --allow-cpu'}")

"""From a resolved config to a plan that may be launched: every check that can fail early, and where to go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cli_tuner.config.load import Config
from cli_tuner.runs.layout import RunDir, new_run
from cli_tuner.train import recovery
from cli_tuner.train.inputs import (
    check_base_model,
    check_deepspeed,
    check_machine,
    check_output_dir,
    check_rows,
    prepared_digest,
    with_plugin,
)
from cli_tuner.train.launcher import Launcher
from cli_tuner.train.plan import Plan, make_plan, output_folder
from cli_tuner.train.style import with_style


def open_plan(
    config: Config,
    *,
    resume: str | None,
    launcher: Launcher,
    has_gpu: bool,
    wandb_mode: str,
    ensure_base: Callable[[Any], None],
    say: Callable[[str], None],
) -> Plan:
    """Check everything that is cheap to check and return what to launch.

    Args:
        config: The resolved config.
        resume: None for a new run, `auto` for the newest unfinished one, or a `checkpoint-N` folder.
        launcher: What starts the processes.
        has_gpu: Whether this machine has a CUDA GPU.
        wandb_mode: `online`, `offline` or `disabled`.
        ensure_base: Makes a base model that is built on first use.
        say: Tells the user what was decided.

    Raises:
        CliTunerError: Anything that would make the training fail late.
    """
    launcher.check(has_gpu=has_gpu, use_ray=bool(config.axolotl.get("use_ray")))
    if (guarded := with_plugin(config)) is not config:
        say("our plugin is not named in plugins: and was put in")
        config = guarded
    check_deepspeed(config)
    check_machine(config, has_gpu=has_gpu)
    check_output_dir(config)
    config = with_style(config)
    rows_digest = check_rows(config)
    ensure_base(config.axolotl.get("base_model"))
    check_base_model(config)
    data_digest = prepared_digest(config, rows_digest)
    run = _earlier_run(config, resume, data_digest)
    if resume == "auto" and run is None:
        say("nothing unfinished to go on with: starting a new run")
    plan = make_plan(
        config,
        run or new_run(config.section.phase),
        launcher=launcher,
        data_digest=data_digest,
        has_gpu=has_gpu,
        wandb_mode=wandb_mode,
    )
    return plan if run is None else _continued(plan, resume, say)


def _earlier_run(config: Config, resume: str | None, data_digest: str) -> RunDir | None:
    if resume is None:
        return None
    run = recovery.unfinished(output_folder(config)) if resume == "auto" else recovery.run_of(Path(resume))
    if run is not None:
        recovery.check_same(config, data_digest, run)
        recovery.wait_for_the_old_process(run)
    return run


def _continued(plan: Plan, resume: str | None, say: Callable[[str], None]) -> Plan:
    checkpoint = recovery.newest_whole_checkpoint(plan.staging) if resume == "auto" else Path(str(resume))
    torn = [path for path in recovery.checkpoints(plan.staging) if not recovery.is_whole(path)]
    for path in torn:
        say(f"{path} is torn and is not used")
    recovery.rewind(plan.run, checkpoint)
    config = recovery.bites_of(plan.run, dict(plan.axolotl))
    if checkpoint is None:
        say(f"{plan.run.run_id} has no whole checkpoint yet: starting it from step 0")
        return replace(plan, axolotl=config)
    say(f"going on with {plan.run.run_id} from {checkpoint}")
    return replace(plan, axolotl={**config, "resume_from_checkpoint": str(checkpoint)})

"""From a resolved config to a plan that may be launched: every check that can fail early, and where to go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cli_tuner.config.load import Config
from cli_tuner.locks import Locks
from cli_tuner.runs.layout import new_run, output_lock, point_latest_at
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
from cli_tuner.train.recovery import Resumable
from cli_tuner.train.room import check_hub, check_room
from cli_tuner.train.same_tokens import CompareTexts, check_tokens
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
    locks: Locks,
    compare: CompareTexts | None = None,
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
        locks: Takes the run's and the output's; hold them until the training has ended.
        compare: Compares the tokens of rows with those of the class that trains.

    Raises:
        CliTunerError: Anything that would make the training fail late.
    """
    launcher.check(has_gpu=has_gpu, use_ray=bool(config.axolotl.get("use_ray")))
    if (guarded := with_plugin(config)) is not config:
        say("our plugin is not named in plugins: and was put in")
        config = guarded
    check_deepspeed(config)
    check_machine(config, has_gpu=has_gpu)
    output_dir = output_folder(config)
    check_output_dir(config, output_dir)
    config = with_style(config)
    check_hub(config)
    check_room(config, output_dir)
    rows_digest = check_rows(config)
    ensure_base(config.axolotl.get("base_model"))
    check_base_model(config)
    if compare is not None and (unknown := check_tokens(config, compare)):
        say(f"warning: {unknown}")
    data_digest = prepared_digest(config, rows_digest)
    locks.take(output_lock(output_dir), f"output_dir {output_dir}", {})
    found = _found(config, resume, data_digest, output_dir)
    if resume == "auto" and found is None:
        say("nothing unfinished to go on with: starting a new run")
    run = found.run if found else new_run(config.section.phase)
    locks.take(run.lock, f"run {run.run_id}", {})
    locks.name({"run_id": run.run_id})
    locks.wait_for(run.trainer_lock, f"run {run.run_id}")
    plan = make_plan(
        config,
        run,
        launcher=launcher,
        data_digest=data_digest,
        has_gpu=has_gpu,
        wandb_mode=wandb_mode,
    )
    return plan if found is None else _continued(plan, found, say)


def _found(config: Config, resume: str | None, data_digest: str, output_dir: Path) -> Resumable | None:
    if resume is None:
        return None
    if resume == "auto":
        return recovery.resumable(config, data_digest, output_dir)
    run = recovery.run_of(Path(resume))
    recovery.check_same(config, data_digest, run)
    return Resumable(run, Path(resume))


def _continued(plan: Plan, found: Resumable, say: Callable[[str], None]) -> Plan:
    for passed in found.passed_over:
        say(f"passed over: {passed}")
    recovery.rewind(plan.run, found.checkpoint)
    point_latest_at(plan.run)
    config = recovery.batch_shape_of(plan.run, dict(plan.axolotl))
    if found.checkpoint is None:
        say(f"{plan.run.run_id} has no whole checkpoint yet: starting it from step 0")
        return replace(plan, axolotl=config)
    say(f"going on with {plan.run.run_id} from {found.checkpoint}")
    return replace(plan, axolotl={**config, "resume_from_checkpoint": str(found.checkpoint)})

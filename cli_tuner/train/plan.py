"""From a config to what will be launched, without launching it: the frozen Axolotl YAML, argv and environment.

`Plan` is pure data; `make_plan` reads no file. What training reads and the machine offers is checked before,
in `inputs.py`, so that a wrong path costs a second, not an hour.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli_tuner.config.load import Config
from cli_tuner.config.overrides import FLAG
from cli_tuner.runs.layout import RunDir
from cli_tuner.train.inputs import data_paths
from cli_tuner.train.launcher import Launcher


@dataclass(frozen=True, slots=True)
class Plan:
    """What one training will do.

    Attributes:
        run: Its folder.
        axolotl: The complete config that is written to `run.config`.
        argv: `accelerate launch … -m axolotl.cli.train config.yaml`.
        env: Variables set for the child on top of ours.
        staging: Where the child writes its output.
        output_dir: Where the output is moved once training ended well.
        data_digest: Digest of all rows.
        processes: Training processes in all; None where the launcher decides.
        recipe: What was asked for: the config's file, what `--set` changed, the launcher and its arguments.
    """

    run: RunDir
    axolotl: Mapping[str, Any]
    argv: Sequence[str]
    env: Mapping[str, str]
    staging: Path
    output_dir: Path
    data_digest: str
    processes: int | None = 1
    recipe: Mapping[str, Any] = field(default_factory=dict)


def make_plan(
    config: Config, run: RunDir, *, launcher: Launcher, data_digest: str, has_gpu: bool, wandb_mode: str
) -> Plan:
    """Derive the plan of one run.

    Args:
        config: The resolved config.
        run: The run's folder.
        launcher: What starts the processes.
        data_digest: Digest of all rows; names the folder of tokenised rows, so that it can never be stale.
        has_gpu: Whether this machine has a CUDA GPU.
        wandb_mode: `online`, `offline` or `disabled`.
    """
    output_dir = output_folder(config)
    staging = output_dir.with_name(f"{output_dir.name}.{run.run_id}.partial")
    prepared = Path(config.axolotl.get("dataset_prepared_path") or "data/processed/.tokenized")
    complete = config.complete(run_dir=str(run.path), run_id=run.run_id)
    complete.update(output_dir=str(staging), dataset_prepared_path=str(prepared / data_digest[:16]))
    return Plan(
        run=run,
        axolotl=complete,
        argv=launcher.argv(run.config, has_gpu=has_gpu, precision=_precision(complete)),
        env=_env(run, config, wandb_mode, has_gpu=has_gpu),
        staging=staging,
        output_dir=output_dir,
        data_digest=data_digest,
        processes=launcher.processes(),
        recipe=_recipe(config, launcher),
    )


def _recipe(config: Config, launcher: Launcher) -> dict[str, object]:
    return {
        "file": str(config.path),
        "set": sorted(key for key, origin in config.origins.items() if origin.file == FLAG),
        "launcher": launcher.kind,
        "accelerate_config": str(launcher.accelerate_config) if launcher.accelerate_config else None,
        "launcher_args": list(launcher.extra),
    }


def _precision(config: Mapping[str, Any]) -> str:
    return next((name for name in ("bf16", "fp16") if config.get(name)), "no")


def output_folder(config: Config) -> Path:
    """Return the folder that the trained checkpoint will have: never this one or the root, which cannot be replaced."""
    written = str(config.axolotl.get("output_dir") or "")
    named = Path(written).expanduser() if written.startswith("~/") else Path(written)
    return named if named.name not in ("", "..") else Path(f"models/checkpoints/{config.section.phase}")


def _env(run: RunDir, config: Config, wandb_mode: str, *, has_gpu: bool) -> dict[str, str]:
    env = {
        "AXOLOTL_DO_NOT_TRACK": "1",  # without a network its telemetry stalls every run at the end
        "TOKENIZERS_PARALLELISM": "false",
        "WANDB_MODE": wandb_mode,
        "WANDB_DIR": str(run.path),
        "WANDB_DATA_DIR": str(run.path / "wandb"),  # the run folder holds all that `wandb sync` will upload
        "WANDB_RUN_GROUP": run.run_id,
        "WANDB_JOB_TYPE": "train",
        "WANDB_RUN_ID": run.run_id,  # a resumed run goes on in the same W&B run
        "WANDB_RESUME": "allow",
        "CLI_TUNER_SUPERVISOR_PID": str(os.getpid()),
        "WANDB_SILENT": "true",
        "PYTHONUNBUFFERED": "1",
    }
    if config.axolotl.get("use_ray"):
        env["RAY_CHDIR_TO_TRIAL_DIR"] = "0"  # the config's paths are relative to here
    if not has_gpu:
        env["ACCELERATE_USE_CPU"] = "true"
    pushes = bool(config.axolotl.get("hub_model_id"))
    if not pushes and all(Path(path).exists() for path in (str(config.axolotl.get("base_model")), *data_paths(config))):
        env["HF_HUB_OFFLINE"] = "1"  # everything is here: no look-up may stall the run
    return env

"""Whether rows made a spike: the same steps trained again, once as they were and once with these rows masked.

Both start from the newest checkpoint before the step, whose states are exact, so the first must give the recorded
numbers; a difference in the second is then the rows' own. Every other row keeps its batch. The run is not touched: what
is trained lies in its folder below `proof/` and is never published.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypedDict

import yaml

from cli_tuner.config.sections import Supervision
from cli_tuner.errors import CheckpointError, DataError
from cli_tuner.files import read_json, write_json
from cli_tuner.runs.layout import RunDir
from cli_tuner.runs.why import BEFORE, metrics, usual
from cli_tuner.train.launch import launch
from cli_tuner.train.plan import Plan
from cli_tuner.train.recovery import check_complete, checkpoints, is_whole

_AFTER = 2  # steps that are trained after the one in question
_WATCHED = ("loss", "grad_norm")
Numbers = dict[int, dict[str, float]]


class ProofStep(TypedDict):
    """The numbers of a step: as recorded, trained again, and without the rows."""

    step: int
    recorded: dict[str, float]
    again: dict[str, float]
    without: dict[str, float]


class Proof(TypedDict):
    """A step trained again, with and without rows; `gone` is None where no spike is recorded."""

    checkpoint: str | None
    left_out: int
    steps: list[ProofStep]
    exact: bool
    gone: bool | None


def prove(run: RunDir, step: int, rows: Sequence[int], say: Callable[[str], None]) -> Proof:
    """Train a step again, with and without rows.

    Args:
        run: The run.
        step: The step in question.
        rows: Names of the rows to mask.
        say: Tells the user what happens.

    Returns:
        `checkpoint` (None for step 0), `left_out`, `steps` with the numbers of all three, `exact`, and `gone`: whether
        the spike is gone, None where none is recorded.

    Raises:
        DataError: No row is named, or the run has no record.
        LaunchError: A training failed.
    """
    if not rows:
        raise DataError(f"{run.run_id}: no row of step {step} cost more than the rows around it", hint="choose another")
    checkpoint = _before(run, step)
    say(f"training from {checkpoint or 'step 0'} to step {step + _AFTER} twice")
    recorded = _numbers(run)
    again = _train(run, step, checkpoint, "again", ())
    without = _train(run, step, checkpoint, "without", rows)
    steps = [number for number in sorted(again) if number >= step and number in without]
    return {
        "checkpoint": str(checkpoint) if checkpoint else None,
        "left_out": len(rows),
        "steps": [
            {"step": n, "recorded": recorded.get(n, {}), "again": again[n], "without": without[n]} for n in steps
        ],
        "exact": bool(steps) and all(recorded.get(number) == values for number, values in again.items()),
        "gone": is_gone(recorded, without, step),
    }


def is_gone(recorded: Numbers, without: Numbers, step: int) -> bool | None:
    """Tell whether what stood out at a step does no more; None where nothing is recorded to stand out."""
    answers = []
    for key in _WATCHED:
        before = [recorded[n][key] for n in sorted(recorded) if n < step and key in recorded[n]][-BEFORE:]
        if not before or step not in without or key not in recorded.get(step, {}):
            continue
        bound = usual(before)
        if recorded[step][key] > bound:
            answers.append(without[step].get(key, float("inf")) <= bound)
    return all(answers) if answers else None


def _before(run: RunDir, step: int) -> Path | None:
    record = read_json(run.record)
    for folder in (record.get("staging"), record.get("output_dir")):
        for checkpoint in checkpoints(Path(str(folder))):
            if int(checkpoint.name.rpartition("-")[2]) >= step or not is_whole(checkpoint):
                continue
            if folder == record.get("output_dir") and not _is_of(run, Path(str(folder))):
                break
            with suppress(CheckpointError):
                check_complete(checkpoint)
                return checkpoint
    return None


def _is_of(run: RunDir, output_dir: Path) -> bool:
    with suppress(DataError):
        return bool(read_json(output_dir / "provenance.json").get("run_id") == run.run_id)
    return False


def _train(run: RunDir, step: int, checkpoint: Path | None, name: str, rows: Sequence[int]) -> Numbers:
    proof = RunDir(run.path / "proof" / f"step-{step}-{name}")
    shutil.rmtree(proof.path, ignore_errors=True)
    proof.path.mkdir(parents=True)
    launch(plan_of(run, proof, step, checkpoint, rows), lambda _: None, Supervision(oom_retries=0))
    numbers = _numbers(proof)
    shutil.rmtree(proof.path / "out", ignore_errors=True)  # only the numbers are wanted
    return numbers


def plan_of(run: RunDir, proof: RunDir, step: int, checkpoint: Path | None, rows: Sequence[int]) -> Plan:
    """Return the plan of one of the two trainings: the run's own config and command, with its own folders."""
    record = read_json(run.record)
    config = yaml.safe_load(run.config.read_text(encoding="utf-8"))
    config = {key: value for key, value in config.items() if not key.startswith("wandb") and key != "hub_model_id"}
    config.pop("resume_from_checkpoint", None)
    if checkpoint is not None:
        config["resume_from_checkpoint"] = str(checkpoint)
    section = {**(config.get("cli_tuner") or {}), "run_dir": str(proof.path), "run_id": proof.run_id}
    staging = proof.path / "out.partial"
    config.update(output_dir=str(staging), cli_tuner=section)
    masked = proof.path / "left_out.json"
    write_json(masked, list(rows))
    argv = [str(proof.config) if part == str(run.config) else part for part in record["argv"]]
    own = {"CLI_TUNER_SUPERVISOR_PID": str(os.getpid()), "PYTHONUNBUFFERED": "1"}
    env = {
        **own,
        **_recorded_env(record),
        "CLI_TUNER_LAST_STEP": str(step + _AFTER),
        "CLI_TUNER_LEAVE_OUT_ROWS": str(masked),
    }
    return Plan(proof, config, argv, env, staging, proof.path / "out", str(record.get("data_digest")), None)


def _recorded_env(record: Mapping[str, Any]) -> dict[str, str]:
    known = record.get("env")
    return {"WANDB_MODE": "disabled", "AXOLOTL_DO_NOT_TRACK": "1", **(known if isinstance(known, dict) else {})}


def _numbers(run: RunDir) -> Numbers:
    found: Numbers = {}
    for line in metrics(run):
        watched = ((key, line.get(key)) for key in _WATCHED)
        values = {key: float(value) for key, value in watched if isinstance(value, int | float)}
        if values and isinstance(step := line.get("step"), int):
            found.setdefault(step, {}).update(values)
    return found

"""Breaks real trainings and looks at what is left: the state is true, nothing saved is lost, resume is exact."""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import REPOSITORY, SECRET, SECRETS, Workspace

pytestmark = pytest.mark.e2e
TRAIN = ("train", "--config", "configs/smoke.yaml")
OURS = "cli_tuner.backends.axolotl_plugin.CliTunerPlugin"
FAULTY = ("--set", f"plugins=[{OURS}, tests.e2e.faults.FaultPlugin]")
ADAPTER = "models/checkpoints/smoke/adapter_model.safetensors"
KILL_POINTS = int(os.environ.get("KILL_POINTS", "3"))


def fault(workspace: Workspace, what: str, *more: str, code: int = 4, **env: str) -> tuple[Any, str]:
    """Train with a fault; return the run's record and what stderr said."""
    _, err = workspace.run(*TRAIN, *FAULTY, *more, code=code, FAULT=what, PYTHONPATH=str(REPOSITORY), **env)
    assert "Traceback" not in err
    return workspace.json("models/runs/latest/run.json"), err


def resume(workspace: Workspace, *more: str, code: int = 0, **env: str) -> str:
    return workspace.run(
        *TRAIN, *FAULTY, *more, "--resume", "auto", code=code, FAULT="none@0", PYTHONPATH=str(REPOSITORY), **env
    )[1]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def steps(workspace: Workspace) -> list[int]:
    lines = (workspace.path / "models/runs/latest/metrics.jsonl").read_text("utf-8").splitlines()
    return [row["step"] for row in map(json.loads, lines) if "loss" in row]


def chains() -> list[list[int]]:
    """Draw `KILL_POINTS` random steps, three to a chain: one run is killed three times before it may finish."""
    draw = random.Random(20261121)
    return [sorted(draw.sample(range(1, 11), 3)) for _ in range(math.ceil(KILL_POINTS / 3))]


@pytest.mark.slow
@pytest.mark.parametrize("points", chains(), ids=str)
def test_kill_9_then_resume_gives_the_bytes_of_the_uninterrupted_run(
    smoke: Workspace, another_workspace: Callable[[], Workspace], points: list[int]
) -> None:
    other = another_workspace()
    for number, point in enumerate(points):
        run, err = fault(other, f"kill@{point}", *(("--resume", "auto") if number else ()))
        assert run["state"] == "crashed"
        assert "--resume auto" in err
    resume(other)
    assert sha256(other.path / ADAPTER) == sha256(smoke.path / ADAPTER)
    assert steps(other) == list(range(1, 11))
    assert len(list((other.path / "models/runs").glob("2*"))) == 1


def test_a_torn_checkpoint_falls_back_to_the_same_bytes_a_changed_config_is_refused_and_no_secret_is_written(
    smoke: Workspace, another_workspace: Callable[[], Workspace]
) -> None:
    other = another_workspace()
    run, _ = fault(other, "eval@10", **SECRETS)
    assert run["state"] == "eval_failed"
    newest = other.path / run["staging"] / "checkpoint-10/adapter_model.safetensors"
    assert sha256(newest) == sha256(smoke.path / ADAPTER), "ten steps of another process, saved before the evaluation"
    assert len(other.models()) > 10
    assert other.models(holding=SECRET) == []
    newest.write_bytes(newest.read_bytes()[:-100])

    err = resume(other, "--set", "learning_rate=0.001", code=2)
    assert "learning_rate: 0.005 -> 0.001" in err

    err = resume(other, **SECRETS)
    assert "checkpoint-10 is incomplete" in err
    assert "checkpoint-5" in err
    assert sha256(other.path / ADAPTER) == sha256(smoke.path / ADAPTER)
    assert other.models(holding=SECRET) == []


@pytest.mark.slow
def test_changed_rows_are_refused_on_resume(another_workspace: Callable[[], Workspace]) -> None:
    other = another_workspace()
    fault(other, "raise@7")
    rows = other.path / "data/processed/train_smoke.jsonl"
    rows.write_text("".join(rows.read_text("utf-8").splitlines(keepends=True)[1:]), "utf-8")
    assert "other rows" in resume(other, code=2)


def test_nan_stops_the_run_and_keeps_the_last_good_checkpoint(another_workspace: Callable[[], Workspace]) -> None:
    other = another_workspace()
    run, err = fault(other, "nan@8")
    assert run["state"] == "nan"
    assert "learning_rate" in err
    kept = sorted(path.name for path in (other.path / run["staging"]).glob("checkpoint-*"))
    assert kept == ["checkpoint-5"]
    assert not (other.path / "models/checkpoints/smoke").exists()


@pytest.mark.slow
def test_out_of_memory_is_tried_again_in_smaller_bites(another_workspace: Callable[[], Workspace]) -> None:
    other = another_workspace()
    four = ("--set", "micro_batch_size=4", "--set", "gradient_accumulation_steps=1")
    run, _ = fault(other, "oom@7", *four, code=0)
    assert [attempt["state"] for attempt in run["attempts"]] == ["oom", "oom", "succeeded"]
    assert run["attempts"][0]["next"] == {"micro_batch_size": 2, "gradient_accumulation_steps": 2}
    assert run["attempts"][1]["next"] == {"micro_batch_size": 1, "gradient_accumulation_steps": 4}
    assert other.json("models/checkpoints/smoke/provenance.json")["training"]["effective_batch_size"] == 4


@pytest.mark.slow
def test_out_of_memory_in_an_evaluation_halves_its_batch(another_workspace: Callable[[], Workspace]) -> None:
    run, _ = fault(another_workspace(), "oom_eval@5", code=0)
    assert [attempt.get("next") for attempt in run["attempts"]] == [
        {"eval_batch_size": 2},
        {"eval_batch_size": 1},
        None,
    ]


@pytest.mark.slow
def test_a_hung_step_is_ended_and_called_stalled(another_workspace: Callable[[], Workspace]) -> None:
    other = another_workspace()
    run, err = fault(
        other,
        "hang@7",
        "--set",
        "cli_tuner.supervision.stall_floor_s=15",
        "--set",
        "cli_tuner.supervision.stall_factor=2",
    )
    assert run["state"] == "stalled"
    assert "--resume auto" in err


@pytest.mark.slow
def test_a_full_disk_says_so_and_keeps_what_was_saved(another_workspace: Callable[[], Workspace]) -> None:
    other = another_workspace()
    run, err = fault(other, "full@10")
    assert "No space left on device" in err
    assert run["state"] == "crashed"
    assert (other.path / run["staging"] / "checkpoint-5/digests.json").exists()


@pytest.mark.slow
def test_a_plugin_that_cannot_be_imported_is_no_success(another_workspace: Callable[[], Workspace]) -> None:
    """Axolotl logs the import error of a plugin and goes on; a broken import of ours must not pass."""
    other = another_workspace()
    broken = other.path / "broken/cli_tuner"
    broken.mkdir(parents=True)
    hide = "sys.modules['cli_tuner.backends.axolotl_plugin'] = None"
    script = f"import sys\nif 'axolotl.cli.train' in ' '.join(sys.orig_argv):\n    {hide}\n"
    (other.path / "broken/sitecustomize.py").write_text(script, "utf-8")
    _, err = other.run(*TRAIN, code=4, PYTHONPATH=str(other.path / "broken"))
    assert "plugin_missing" in err
    assert not (other.path / "models/checkpoints/smoke").exists()

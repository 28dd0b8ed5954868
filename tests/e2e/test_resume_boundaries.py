"""Wherever a training is killed, what resumes reaches the bytes of the run that was never killed.

The learning rate is constant and three epochs are trained, so that neither a rate of 0 nor an order that only the first
epoch has can hide a difference. `RESUME_KILLS` draws more points at random (default 0; the proof asks for 30).
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest
import yaml

from cli_tuner.runs.layout import RunDir
from cli_tuner.runs.rows import read
from cli_tuner.train.recovery import newest_whole_checkpoint, rewind
from tests.e2e.conftest import REPOSITORY, Workspace

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
OURS = "cli_tuner.backends.axolotl_plugin.CliTunerPlugin"
FAULTY = "tests.e2e.faults.FaultPlugin"
N_ROWS, LAST = 24, 18  # six steps of four rows, three times


class Trainings:
    """Starts real trainings in one folder."""

    def __init__(self, path: Path, prepared: Path) -> None:
        self.path = path
        rows = (prepared / "data/processed/train_smoke.jsonl").read_text("utf-8").splitlines(keepends=True)
        (path / "train.jsonl").write_text("".join(rows[:N_ROWS]), "utf-8")
        (path / "val.jsonl").write_text((prepared / "data/processed/val_smoke.jsonl").read_text("utf-8"), "utf-8")
        base = yaml.safe_load((REPOSITORY / "configs/smoke.yaml").read_text("utf-8"))
        for key in ("wandb_project", "wandb_name", "wandb_log_model", "max_steps", "warmup_steps"):
            del base[key]
        for key, name in (("datasets", "train"), ("test_datasets", "val")):
            base[key][0]["path"] = str(path / f"{name}.jsonl")
        from cli_tuner.backends import tiny_base

        tiny_base.ensure(path / "tiny_base")
        base.update(
            base_model=str(path / "tiny_base"), lr_scheduler="constant", num_epochs=3, warmup_steps=0, eval_steps=4,
            save_steps=4, save_total_limit=10, plugins=[OURS, FAULTY],
        )  # fmt: skip
        self.base = base
        self.child = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.forked"], cwd=REPOSITORY, stdin=subprocess.PIPE, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )  # fmt: skip

    def train(self, name: str, fault: str = "none@0", *, processes: int = 1, **changes: Any) -> list[int]:
        """Train, or go on with what has the name; return the exit statuses."""
        run = RunDir(self.path / "runs" / name)
        run.path.mkdir(parents=True, exist_ok=True)
        out = self.path / "out" / name
        checkpoint = newest_whole_checkpoint(out)
        rewind(run, checkpoint)
        section = {"phase": "smoke", "run_dir": str(run.path), "run_id": name}
        config = {**self.base, "output_dir": str(out), "cli_tuner": section, **changes}
        config["dataset_prepared_path"] = str(self.path / "prepared" / str(bool(changes.get("sample_packing"))))
        if checkpoint is not None:
            config["resume_from_checkpoint"] = str(checkpoint)
        run.config.write_text(yaml.safe_dump(config), "utf-8")
        job = {"config": str(run.config), "env": {"FAULT": fault}, "log": str(run.log), "processes": processes}
        pipes: tuple[IO[str] | None, IO[str] | None] = (self.child.stdin, self.child.stdout)
        assert pipes[0] is not None
        assert pipes[1] is not None
        print(json.dumps(job), file=pipes[0], flush=True)
        found: list[int] = json.loads(pipes[1].readline())
        return found

    def log(self, name: str) -> str:
        return (self.path / "runs" / name / "train.log").read_text("utf-8", errors="replace")[-3000:]

    def told(self, name: str) -> Told:
        run, out = self.path / "runs" / name, self.path / "out" / name
        lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]
        losses = {line["step"]: line["loss"] for line in lines if "loss" in line}
        rows = sorted((one.step, one.row, one.n_tokens, one.loss) for one in read(run))
        return Told(hashlib.sha256((out / "adapter_model.safetensors").read_bytes()).hexdigest(), losses, rows)


@dataclass
class Told:
    """What a training left: its adapter, the loss of every step, and the rows of every step."""

    sha256: str
    losses: dict[int, float]
    rows: list[tuple[int, int, int, float]]


@pytest.fixture(scope="module")
def trainings(prepared: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trainings]:
    started = Trainings(tmp_path_factory.mktemp("boundaries"), prepared.path)
    yield started
    assert started.child.stdin is not None
    started.child.stdin.close()
    started.child.wait(timeout=60)


SHAPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "packed": {"sample_packing": True, "sequence_len": 256, "micro_batch_size": 1, "gradient_accumulation_steps": 1,
               "pad_to_sequence_len": True, "excess_length_strategy": "drop", "eval_sample_packing": False},
    "two processes": {"processes": 2, "gradient_accumulation_steps": 2},
}  # fmt: skip


class Whole(dict[str, Told]):
    """What a training of each shape tells that is never killed; trained when it is first asked for."""

    def __init__(self, trainings: Trainings) -> None:
        super().__init__()
        self.trainings = trainings

    def __missing__(self, shape: str) -> Told:
        name = shape.replace(" ", "-")
        assert set(self.trainings.train(name, **SHAPES[shape])) == {0}, self.trainings.log(name)
        self[shape] = self.trainings.told(name)
        return self[shape]


@pytest.fixture(scope="module")
def whole(trainings: Trainings) -> Whole:
    return Whole(trainings)


BOUNDARIES = {
    "before step 1": ("plain", "kill@1"),
    "after a step, before its save": ("plain", "kill_step@8"),
    "in a save": ("plain", "kill_save@8"),
    "after a save's files, before their digests": ("plain", "kill_files@8"),
    "after a save": ("plain", "kill_saved@8"),
    "in an evaluation": ("plain", "kill_eval@8"),
    "at the end of an epoch": ("plain", "kill_epoch@12"),
    "in the second epoch": ("plain", "kill@10"),
    "in the third epoch": ("plain", "kill@16"),
    "at the save of the last step": ("plain", "kill_saved@18"),
    "in the evaluation of the last step": ("plain", "kill_eval@18"),
    "between the last step and the final save": ("plain", "kill_end@18"),
    "packed, in a later epoch": ("packed", "kill@{middle}"),
    "packed, at the last save": ("packed", "kill_saved@{last}"),
    "two processes, in the second epoch": ("two processes", "kill@10"),
    "two processes, in the third epoch": ("two processes", "kill@15"),
    "two processes, between the last step and the final save": ("two processes", "kill_end@18"),
}


def kill_and_resume(trainings: Trainings, shape: str, faults: list[str], name: str, whole: Told) -> None:
    for fault in faults:
        statuses = trainings.train(name, fault, **SHAPES[shape])
        assert -9 in statuses, (fault, statuses, trainings.log(name))
    assert set(trainings.train(name, **SHAPES[shape])) == {0}, trainings.log(name)
    found = trainings.told(name)
    assert found.losses == whole.losses
    assert found.rows == whole.rows
    assert found.sha256 == whole.sha256


@pytest.mark.parametrize(("shape", "fault"), BOUNDARIES.values(), ids=BOUNDARIES.keys())
def test_a_run_that_is_killed_reaches_the_bytes_of_one_that_is_not(
    trainings: Trainings, whole: Whole, shape: str, fault: str, request: pytest.FixtureRequest
) -> None:
    last = max(whole[shape].losses)
    points = [fault.format(middle=last * 2 // 3, last=last)]
    kill_and_resume(trainings, shape, points, f"{shape}-{points[0]}".replace(" ", "-").replace("@", "-"), whole[shape])


def chains() -> list[tuple[str, tuple[float, ...]]]:
    """Draw `RESUME_KILLS` points, three to a chain, over the three shapes in turn."""
    draw, kills = random.Random(14), int(os.environ.get("RESUME_KILLS", "0"))
    shapes = list(SHAPES)
    return [
        (shapes[number % len(shapes)], tuple(sorted(draw.random() for _ in range(3))))
        for number in range(-(-kills // 3))
    ]


@pytest.mark.parametrize(("shape", "places"), chains(), ids=str)
def test_random_kills(trainings: Trainings, whole: Whole, shape: str, places: tuple[float, ...]) -> None:
    last = max(whole[shape].losses)
    faults = [f"kill@{1 + int(place * last)}" for place in places]
    kill_and_resume(trainings, shape, faults, f"random-{places[0]}", whole[shape])


SAME = {
    "2x2": {"micro_batch_size": 2, "gradient_accumulation_steps": 2, "eval_batch_size": 2},
    "4x1": {"micro_batch_size": 4, "gradient_accumulation_steps": 1, "eval_batch_size": 1},
    "two processes": {"processes": 2, "gradient_accumulation_steps": 2},
}


def test_the_same_loss_and_adapter_whatever_the_batch_shape(trainings: Trainings) -> None:
    """Adam's own epsilon of 1e-8 would divide rounding by rounding where a weight has no gradient to speak of."""
    from safetensors.numpy import load_file

    common = {"lora_dropout": 0.0, "max_steps": 10, "learning_rate": 2e-4, "adam_epsilon": 1e-5}
    assert set(trainings.train("1x4", **common)) == {0}, trainings.log("1x4")
    reference = load_file(trainings.path / "out/1x4/adapter_model.safetensors")
    for name, changes in SAME.items():
        folder = f"same-{name}".replace(" ", "-")
        assert set(trainings.train(folder, **common, **changes)) == {0}, trainings.log(folder)
        losses, wanted = trainings.told(folder).losses, trainings.told("1x4").losses
        assert max(abs(losses[step] - wanted[step]) for step in wanted) < 1e-5, name
        found = load_file(trainings.path / "out" / folder / "adapter_model.safetensors")
        assert max(float(abs(found[key] - reference[key]).max()) for key in reference) < 1e-6, name

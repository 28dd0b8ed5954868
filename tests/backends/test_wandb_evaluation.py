"""An evaluation in a real offline W&B run, read back with the client's own reader; the view is built without asking."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.files import read_json
from cli_tuner.runs.layout import RunDir
from tests.report.fake_run import RUN_ID, make_run

pytestmark = pytest.mark.contract


def records(folder: Path) -> list[dict[str, Any]]:
    argv = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(folder)]
    lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    return [json.loads(line) for line in lines]


def test_an_offline_run_holds_numbers_tables_and_the_lineage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cli_tuner.backends.wandb_evaluation import track_evaluation
    from cli_tuner.backends.wandb_lineage import checkpoint_artifact, data_artifact

    make_run(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    run = RunDir(Path("models/runs") / RUN_ID)
    evaluation = read_json(run.path / "evaluation.json")
    monkeypatch.setenv("WANDB_DATA_DIR", str(run.path / "wandb"))
    found = track_evaluation(evaluation, run.path, project="cli-tuner", mode="offline")

    entries = records(Path(found["dir"]))
    opened = next(entry["run"] for entry in entries if entry["type"] == "run")
    assert (opened["run_group"], opened["job_type"], opened["project"]) == (RUN_ID, "evaluate", "cli-tuner")
    logged = json.dumps([entry for entry in entries if entry["type"] in ("history", "summary")])
    assert "domain/tuned/exact_match_ci_low" in logged
    assert "safety/base/dangerous_rate" in logged
    for table in ("metrics", "safety_by_category", "dangerous", "samples"):
        assert f"evaluation/{table}" in logged

    artifacts = {entry["artifact"]["name"]: entry["artifact"] for entry in entries if entry["type"] == "artifact"}
    used = {name for name, one in artifacts.items() if one.get("use_after_commit")}
    record = read_json(Path("models/checkpoints/demo/provenance.json"))
    of_evaluation = {one["path"]: one["sha256"] for one in evaluation["data"].values()}
    checkpoint = checkpoint_artifact(Path("models/checkpoints/demo/provenance.json"), RUN_ID)
    assert used == {data_artifact({"data": of_evaluation}).name.partition(":")[0], f"checkpoint-{RUN_ID}"}
    assert f"evaluation-{RUN_ID}" in artifacts
    assert artifacts[f"checkpoint-{RUN_ID}"]["digest"] == checkpoint.digest, "the training's artifact is another one"
    assert data_artifact(record["materials"]).digest == data_artifact(dict(record["materials"])).digest


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_disabled_run_takes_everything_and_writes_nothing(tmp_path: Path) -> None:
    from cli_tuner.backends.wandb import WandbTracker
    from cli_tuner.backends.wandb_lineage import data_artifact

    tracker = WandbTracker(
        project="p", name="n", group="g", job_type="evaluate", config={}, folder=tmp_path, mode="disabled"
    )
    materials = {"data": {"rows.jsonl": "0" * 64}, "data_provenance": None}
    tracker.artifact(data_artifact(materials), used=True)
    tracker.artifact(data_artifact(materials))
    tracker.log({"loss": 1.0})
    assert tracker.finish()["mode"] == "disabled"
    assert not list(tmp_path.glob("wandb/*run*"))


def test_the_saved_view_asks_the_five_questions_by_the_names_that_are_logged() -> None:
    from cli_tuner.backends.wandb_view import build_view

    view = build_view("team", "cli-tuner", RUN_ID)
    assert [section.name for section in view.sections] == [
        "Does it learn", "Is it better than the base", "Is it safe", "What it says", "What was asked for",
        "Where it comes from",
    ]  # fmt: skip
    spec = view._to_model().model_dump_json(by_alias=True, exclude_none=True)
    for key in (
        "train/loss", "eval/loss", "train/learning_rate", "train/grad_norm", "domain/tuned/exact_match",
        "domain_extracted/base/exact_match", "safety/tuned/dangerous_rate", "evaluation/metrics", "evaluation/samples",
        "evaluation/safety_by_category", "validate/completions", f"evaluation-{RUN_ID}", "jobType",
    ):  # fmt: skip
        assert key in spec, key
    assert len(build_view("team", "cli-tuner", None).sections) == 5

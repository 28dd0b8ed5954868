"""The report and the W&B lineage of a real training."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli_tuner.prepare.keys import COMMAND_FORMS, INSTRUCTION_FORMS, VIEWS
from tests.e2e.conftest import Workspace

pytestmark = pytest.mark.e2e
CHECKPOINT = "models/checkpoints/smoke"


def test_a_real_run_is_reported_with_realised_values_and_what_is_missing(smoke: Workspace, tmp_path: Path) -> None:
    run_id = smoke.json(f"{CHECKPOINT}/provenance.json")["run_id"]
    review = tmp_path / "review"
    out, _ = smoke.run("report", "--run", run_id, "--out", str(review), "--json")
    found = json.loads(out)
    assert [(one["what"], one["command"]) for one in found["missing"]] == [
        ("evaluation", f"cli-tuner evaluate --checkpoint-dir {CHECKPOINT}")
    ]
    names = {"report.md", "report.html", "MODEL_CARD.md"}
    plots = {f"{name}.{kind}" for name in ("training_loss", "eval_loss") for kind in ("png", "pdf")}
    assert {path.name for path in review.iterdir()} == names | plots
    text = (review / "report.md").read_text("utf-8")
    for said in (
        "Trained 10 steps",
        "Kept checkpoints: 5, 10.",
        "adamw\\_bnb\\_8bit",
        "Linear4bit 28",
        f"0 pairs by {len(INSTRUCTION_FORMS) + len(COMMAND_FORMS) + len(VIEWS)} ",
    ):
        assert said in text


def test_the_training_uses_its_data_and_logs_its_checkpoint_in_wandb(smoke: Workspace) -> None:
    run_id = smoke.json(f"{CHECKPOINT}/provenance.json")["run_id"]
    folder = next(smoke.path.glob(f"models/runs/{run_id}/wandb/offline-run-*-{run_id}"))
    argv = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(folder)]
    lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    artifacts = [entry["artifact"] for entry in map(json.loads, lines) if entry["type"] == "artifact"]
    assert [one["type"] for one in artifacts if one.get("use_after_commit")] == ["dataset"]
    assert f"checkpoint-{run_id}" in {one["name"] for one in artifacts}

"""The toy, in short form in CI and whole in `make check`: real QLoRA teaches what the base cannot do."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from cli_tuner.files import read_jsonl, sha256_file, sha256_text
from tests.e2e.conftest import REPOSITORY, Workspace

pytestmark = pytest.mark.e2e

SHORT = [
    f"{key}={value}"
    for key, value in {"max_steps": 160, "warmup_steps": 8, "eval_steps": 160, "save_steps": 160}.items()
]
TUNED = "models/checkpoints/toy"
THREADS = {"OMP_NUM_THREADS": "1"}
UNTRACKED = {"WANDB_MODE": "disabled"}
BASE_ROWS = "44190e25bca80086087d2d209d9e025ec47530f0b4059d8dabf047e6daf689e8"
RESULT = ("evaluation.json", "evaluation/rows.jsonl")


def count_lines(file: Path) -> int:
    return file.read_bytes().count(b"\n")


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    path = tmp_path_factory.mktemp("toy")
    (path / "configs").symlink_to(REPOSITORY / "configs")
    (path / "data").mkdir()
    for name in ("toy", "adversarial"):
        (path / "data" / name).symlink_to(REPOSITORY / "data" / name)
    (path / "models").mkdir()
    (path / "models/toy_base").symlink_to(REPOSITORY / "models/toy_base")
    workspace = Workspace(path)
    workspace.run("prepare", "--config", "configs/data/toy.yaml", "--out", "data/processed/toy")
    return workspace


@pytest.mark.parametrize(
    ("steps", "limit", "gain"),
    [pytest.param(SHORT, 64, 0.2, id="short"), pytest.param([], 428, 0.4, id="whole", marks=pytest.mark.slow)],
)
def test_tuning_teaches_what_the_base_cannot_do(toy: Workspace, steps: list[str], limit: int, gain: float) -> None:
    toy.run("train", "--config", "configs/toy.yaml", *(f"--set={one}" for one in steps), **THREADS, **UNTRACKED)
    flags = ("--checkpoint-dir", TUNED, "--allow-cpu", "--limit", str(limit), "--json")
    found = json.loads(toy.run("evaluate", *flags, **THREADS)[0])
    base, tuned = (found[side]["exact_match"] for side in ("base", "tuned"))
    assert tuned["n"] == limit
    assert tuned["value"] >= base["value"] + gain
    assert tuned["ci_low"] > base["ci_high"]
    assert found["paired"]["exact_match"]["p_value"] < 0.001
    assert found["tuned"]["command_only_rate"]["value"] >= 0.95
    assert found["data"]["domain"]["n_leaked"] == 0
    assert found["safety"]["tuned"]["dangerous_rate"]["n"] > 0
    assert found["model"]["n_linear4bit"] == 28
    assert found["model"]["adapter"]["mean_kl"] > 0

    again = json.loads(toy.run("evaluate", *flags)[0])
    assert {key: again[key] for key in set(again) - {"wandb"}} == {key: found[key] for key in set(found) - {"wandb"}}

    toy.run("report", "--run", "latest")
    report = toy.path / "models/runs/latest/report"
    assert "exact match" in (report / "report.html").read_text("utf-8").lower()
    assert (report / "MODEL_CARD.md").is_file() and (report / "eval_loss.png").stat().st_size > 1000


@pytest.mark.slow
def test_an_evaluation_killed_anywhere_and_resumed_gives_the_same_bytes(toy: Workspace) -> None:
    toy.run("train", "--config", "configs/toy.yaml", *(f"--set={one}" for one in SHORT), **THREADS)
    run = toy.path / "models/runs/latest"
    flags = ("--checkpoint-dir", TUNED, "--allow-cpu", "--limit", "24", "--batch-size", "4")
    toy.run("evaluate", *flags, **THREADS)
    whole = [sha256_file(run / name) for name in RESULT]
    for lines in (1, 9, 30, 60, 90):
        shutil.rmtree(run / "evaluation")
        child = toy.start("evaluate", *flags, **THREADS)
        while child.poll() is None and sum(map(count_lines, (run / "evaluation").glob("*.jsonl"))) < lines:
            time.sleep(0.01)
        child.kill()
        child.communicate()
        toy.run("evaluate", *flags, **THREADS)
        assert [sha256_file(run / name) for name in RESULT] == whole


def test_the_base_model_as_its_own_checkpoint_is_refused(toy: Workspace) -> None:
    _, err = toy.run("evaluate", "--checkpoint-dir", "models/toy_base", "--allow-cpu", code=1)
    assert "is a full model, not an adapter checkpoint" in err


def test_make_toy_base_still_reads_the_rows_and_tokens_that_made_the_committed_base(toy: Workspace) -> None:
    toy.run("prepare", "--config", "configs/data/toy_base.yaml", "--out", "data/processed/toy_base")
    made, committed = (
        json.loads((folder / "tokenizer.json").read_text("utf-8"))
        for folder in (toy.path / "models/toy_init", REPOSITORY / "models/toy_base")
    )
    assert made["model"]["vocab"] == committed["model"]["vocab"]
    rows = read_jsonl(toy.path / "data/processed/toy_base/train.jsonl")
    messages = sha256_text("".join(json.dumps(row["messages"], sort_keys=True) for row in rows))
    assert messages == BASE_ROWS, "run `make toy-base`, commit models/toy_base, and put the new digest here"

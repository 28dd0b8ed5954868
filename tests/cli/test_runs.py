"""`cli-tuner runs`: what was trained, how it went and where it lies, also of a run that broke."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cli_tuner.cli.main import main
from cli_tuner.files import write_json
from cli_tuner.runs.layout import RunDir, new_run

GATES = [{"name": "a", "passed": True}, {"name": "b", "passed": False}]
RECORD = {
    "materials": {"data": {"data/train.jsonl": "0" * 64}},
    "training": {"tokens": {"total": 37, "trained": 7, "masked": 30}},
    "model": {"n_linear4bit": 28, "trainable_parameters": 1234},
    "base_model": {"name": "models/tiny_base"},
    "result": {
        "steps": 10,
        "eval_loss_first": {"step": 0, "value": 7.0},
        "eval_loss_final": {"step": 10, "value": 5.5},
    },
    "subjects": {"a": "0" * 64},
}


@pytest.fixture(autouse=True)
def here(checkout: Path) -> None:
    pass


@pytest.fixture
def finished() -> RunDir:
    run = new_run("smoke")
    write_json(run.record, {"state": "succeeded", "output_dir": "models/checkpoints/new"})
    write_json(Path("models/checkpoints/new/provenance.json"), {**RECORD, "run_id": run.run_id})
    write_json(run.validation, {"passed": False, "gates": GATES, "rows": "data/validation/x.jsonl"})
    (run.path / "wandb/offline-run-1").mkdir(parents=True)
    return run


def test_no_runs_are_an_empty_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert main(["runs", "list"]) == 0


def test_a_run_shows_what_was_done_and_where_it_lies(finished: RunDir, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "show"]) == 0
    out, err = capsys.readouterr()
    for said in (
        finished.run_id, "succeeded", "7 trained and 30 masked tokens", "28 layers in 4-bit", "7.000 -> 5.500",
        "1 of 2 gates passed", "models/checkpoints/new/provenance.json",
    ):  # fmt: skip
        assert said in out
    assert f"wandb sync {finished.path}/wandb/offline-run-1" in err


def test_a_run_by_name_and_as_json(finished: RunDir, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "show", finished.run_id, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["run_id"], found["checkpoint_dir"]) == (finished.run_id, "models/checkpoints/new")


def test_a_run_that_broke_can_still_be_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    run = new_run("smoke")
    run.record.write_text("{")
    assert main(["runs", "show"]) == 0
    assert str(run.path) in capsys.readouterr().out
    assert main(["runs", "list"]) == 0


def test_a_run_that_failed_shows_what_it_saved(capsys: pytest.CaptureFixture[str]) -> None:
    run = new_run("smoke")
    write_json(run.record, {"state": "crashed", "output_dir": "models/checkpoints/x", "staging": "models/x.partial"})
    Path("models/x.partial").mkdir(parents=True)
    assert main(["runs", "show"]) == 0
    out = capsys.readouterr().out
    assert "crashed" in out
    assert "models/x.partial" in out


@pytest.mark.parametrize("name", ["nope", "..", "../checkpoints"])
def test_a_run_that_is_not_there_is_refused(name: str, refused: Callable[..., str]) -> None:
    assert "no such run" in refused("runs", "show", name, code=2)

"""What is left of a run can be looked at, however broken it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_tuner.files import write_json
from cli_tuner.runs.layout import RUNS, RunDir, new_run
from cli_tuner.runs.registry import runs, summary


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def finished(run: RunDir, run_id: str | None = None) -> Path:
    output = Path("models/checkpoints/smoke")
    write_json(run.record, {"state": "succeeded", "output_dir": str(output)})
    write_json(output / "provenance.json", {"run_id": run_id or run.run_id, "result": {}})
    return output


def test_without_any_run_the_list_is_empty() -> None:
    assert runs() == []


def test_runs_are_listed_once_and_oldest_first() -> None:
    for name in ("20260102-000000-b", "20260101-000000-a"):
        (RUNS / name).mkdir(parents=True)
    (RUNS / "latest").symlink_to("20260102-000000-b")
    (RUNS / "notes.txt").touch()
    assert [run.run_id for run in runs()] == ["20260101-000000-a", "20260102-000000-b"]


def test_a_finished_run_shows_its_checkpoint_and_record() -> None:
    run = new_run("smoke")
    output = finished(run)
    write_json(run.validation, {"passed": True})
    (run.path / "wandb/offline-run-1").mkdir(parents=True)
    found = summary(run)
    assert (found["run_id"], found["state"], found["checkpoint_dir"]) == (run.run_id, "succeeded", str(output))
    assert found["provenance"]["run_id"] == run.run_id
    assert found["validation"] == {"passed": True}
    assert found["wandb_offline"] == [f"{run.path}/wandb/offline-run-1"]


def test_the_checkpoint_of_a_later_run_is_not_shown_as_this_ones() -> None:
    run = new_run("smoke")
    finished(run, run_id="another")
    found = summary(run)
    assert (found["provenance"], found["checkpoint_dir"]) == (None, None)


def test_a_run_that_failed_shows_what_it_had_saved() -> None:
    run = new_run("smoke")
    write_json(run.record, {"state": "crashed", "output_dir": "models/checkpoints/x", "staging": "models/partial"})
    assert summary(run)["checkpoint_dir"] == "models/partial"


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"state": "crashed"}', '{"output_dir": 7}', "[" * 10_000])
def test_a_broken_record_is_no_error(content: str) -> None:
    run = new_run("smoke")
    run.record.write_text(content)
    run.validation.write_text(content)
    assert summary(run)["run_dir"] == str(run.path)
    assert summary(run)["provenance"] is None

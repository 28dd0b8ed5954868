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
    said = {"state": "crashed", "fault": "it broke", "output_dir": "models/checkpoints/x", "staging": "models/partial"}
    write_json(run.record, said)
    assert summary(run)["checkpoint_dir"] is None, "a folder that is not there is not shown"
    Path("models/partial").mkdir()
    assert summary(run)["checkpoint_dir"] == "models/partial"
    assert summary(run)["fault"] == "it broke"


def test_a_superseded_run_keeps_its_losses_and_shows_where_its_weights_went() -> None:
    run = new_run("smoke")
    output = finished(run, run_id="a later one")
    record = {"run_id": run.run_id, "result": {"eval_loss_final": {"step": 2, "value": 1.5}}}
    write_json(run.path / "provenance.json", record)
    found = summary(run)
    assert (found["state"], found["checkpoint_dir"], found["provenance"]) == ("superseded", None, record)
    write_json(output.with_name("smoke.previous") / "provenance.json", record)
    assert summary(run)["checkpoint_dir"] == "models/checkpoints/smoke.previous"


def test_runs_are_ordered_by_when_they_were_last_started_not_by_name() -> None:
    names = ("20260101-000000-a", "20260102-000000-b", "20260103-000000-c")
    for name, number in zip(names, (3, 1, 2), strict=True):
        write_json(RunDir(RUNS / name).record, {"number": number})
    assert [run.run_id for run in runs()] == [names[1], names[2], names[0]]


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"state": "crashed"}', '{"output_dir": 7}', "[" * 10_000])
def test_a_broken_record_is_no_error(content: str) -> None:
    run = new_run("smoke")
    run.record.write_text(content)
    run.validation.write_text(content)
    assert summary(run)["run_dir"] == str(run.path)
    assert summary(run)["provenance"] is None

"""`cli-tuner runs watch` follows a run that someone else trains, to the end that it has."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.cli import runs_watch
from cli_tuner.cli.main import main
from cli_tuner.files import write_json, write_jsonl
from cli_tuner.runs.layout import RunDir


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDir:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runs_watch, "_POLL_S", 0.01)
    found = RunDir(Path("models/runs/20260101-000000-mine-0000"))
    found.path.mkdir(parents=True)
    return found


def lines(n: int) -> list[dict[str, Any]]:
    return [{"step": step, "max_steps": 3, "loss": 4.0 - step} for step in range(1, n + 1)]


@pytest.mark.parametrize(
    ("state", "code"), [("succeeded", 0), ("interrupted", 130), ("nan", 4), ("crashed", 4), ("pruned", 4)]
)
def test_it_follows_to_the_end_and_exits_as_the_run_ends(
    run: RunDir, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, state: str, code: int
) -> None:
    events = iter([
        lambda: write_json(run.status, {"state": "loading_model"}),
        lambda: write_json(run.record, {"state": "running", "supervisor_pid": os.getpid()}),
        lambda: write_jsonl(run.metrics, lines(2)),
        lambda: (
            write_jsonl(run.metrics, lines(3)),
            write_json(run.record, {"state": state, "fault": None if state == "succeeded" else "because"}),
        ),
    ])  # fmt: skip
    monkeypatch.setattr(runs_watch.time, "sleep", lambda _: next(events)())
    assert main(["runs", "watch", run.run_id]) == code
    said = [line.split(" …")[0] for line in capsys.readouterr().err.splitlines()[1:]]
    assert said[:5] == [
        "starting Axolotl",
        "loading the model",
        "step 1/3  loss 3",
        "step 2/3  loss 2",
        "step 3/3  loss 1",
    ]
    assert said[5].startswith(f"{run.run_id}: {state}")
    assert ("because" in said[5]) is (state != "succeeded")


def test_a_run_whose_supervisor_is_gone_is_not_watched_without_end(
    run: RunDir, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json(run.record, {"state": "running", "supervisor_pid": 2**22 + 1})
    assert main(["runs", "watch", run.run_id]) == 4
    assert "crashed" in capsys.readouterr().err


def test_a_run_that_never_started_is_waited_for_a_while(
    run: RunDir, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_watch, "_START_S", 0.05)
    assert main(["runs", "watch"]) == 2  # there is no `latest` yet
    assert main(["runs", "watch", run.run_id]) == 4
    assert "never started" in capsys.readouterr().err

"""The two files by which a training speaks: a status that is always one truth, metrics that are always JSON."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.backends.training_stream import Stream
from cli_tuner.errors import CliTunerError


def status(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "status.json").read_text())
    return found


def test_the_status_names_run_process_and_state_and_keeps_what_was_said(tmp_path: Path) -> None:
    stream = Stream(tmp_path / "run", "r")
    stream.status("training", step=3, max_steps=10)
    stream.status("evaluating", step=4)
    found = status(tmp_path / "run")
    assert found.pop("schema") == "cli-tuner/status/2"
    assert list(found.pop("seconds")) == ["training"]  # type: ignore[call-overload]
    assert found == {
        "run_id": "r", "pid": os.getpid(), "plugin": "alive", "state": "evaluating", "step": 4, "max_steps": 10,
    }  # fmt: skip
    assert stream.state == "evaluating"


def test_nothing_is_claimed_before_something_was_said(tmp_path: Path) -> None:
    Stream(tmp_path, "r")
    assert list(tmp_path.iterdir()) == []


def test_a_status_that_cannot_be_written_leaves_the_earlier_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Stream(tmp_path, "r")
    stream.status("training", step=1)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CliTunerError, match="No space left"):
        stream.status("trained")
    assert status(tmp_path)["state"] == "training"


@given(values=st.dictionaries(st.text(max_size=5), st.integers() | st.floats() | st.text(max_size=5), max_size=4))
def test_every_metrics_line_is_json_that_any_reader_takes(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, float]
) -> None:
    folder = tmp_path_factory.mktemp("stream", numbered=True)
    stream = Stream(folder, None)
    stream.metrics(values)
    stream.metrics({"step": 2})

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    first, second = (folder / "metrics.jsonl").read_text().splitlines()
    assert set(json.loads(first, parse_constant=refuse)) == set(values)
    assert json.loads(second) == {"step": 2}


def test_numbers_that_are_not_finite_are_kept_as_words(tmp_path: Path) -> None:
    Stream(tmp_path, None).metrics({"loss": float("nan"), "grad_norm": float("-inf"), "step": 1})
    assert json.loads((tmp_path / "metrics.jsonl").read_text()) == {"loss": "nan", "grad_norm": "-inf", "step": 1}


def test_a_heartbeat_moves(tmp_path: Path) -> None:
    stream = Stream(tmp_path, "r")
    stream.beat()
    os.utime(tmp_path / "heartbeat", (0, 0))
    stream.beat()
    assert (tmp_path / "heartbeat").stat().st_mtime > 0


def test_an_old_status_cannot_pass_for_a_new_run(tmp_path: Path) -> None:
    Stream(tmp_path, "old").status("trained")
    Stream(tmp_path, "new").status("starting")
    assert (status(tmp_path)["run_id"], status(tmp_path)["state"]) == ("new", "starting")

"""A run has a folder of its own; `latest` names the newest; a name is a name, not a path."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli_tuner.errors import CliTunerError, DataError
from cli_tuner.runs.layout import RUNS, RunDir, find_run, new_run, now


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_new_run_is_named_by_time_phase_and_chance_and_latest_points_at_it() -> None:
    first, second = new_run("smoke"), new_run("smoke")
    assert re.fullmatch(r"\d{8}-\d{6}-smoke-[0-9a-f]{4}", first.run_id)
    assert first.path.is_dir()
    assert (RUNS / "latest").readlink() == Path(second.run_id)
    assert find_run().path == second.path
    assert find_run(first.run_id).path == first.path


def test_only_runs_and_the_link_lie_in_the_runs_folder() -> None:
    run = new_run("train")
    assert {path.name for path in RUNS.iterdir()} == {run.run_id, "latest"}


def test_every_file_of_a_run_lies_in_its_folder() -> None:
    run = RunDir(Path("models/runs/x"))
    files = [run.config, run.record, run.status, run.metrics, run.log, run.validation]
    assert len(set(files)) == len(files)
    assert {file.parent for file in files} == {run.path}


@pytest.mark.parametrize("name", ["nope", "", ".", "..", "../..", "../../elsewhere", "/", "a/b"])
def test_a_run_that_is_not_there_or_not_a_name_is_one_clear_error(tmp_path: Path, name: str) -> None:
    new_run("train")
    (tmp_path / "elsewhere").mkdir()
    (RUNS / "a/b").mkdir(parents=True)
    with pytest.raises(DataError, match="no such run") as caught:
        find_run(name)
    assert "runs list" in caught.value.hint


def test_latest_that_points_nowhere_is_no_such_run() -> None:
    new_run("train").path.rmdir()
    with pytest.raises(DataError, match="no such run"):
        find_run()


def test_a_run_elsewhere_keeps_its_whole_path(tmp_path_factory: pytest.TempPathFactory) -> None:
    runs = tmp_path_factory.mktemp("other") / "runs"
    run = new_run("train", runs)
    assert find_run(run.run_id, runs).path == run.path


def test_a_folder_in_the_place_of_latest_is_one_clear_error() -> None:
    (RUNS / "latest").mkdir(parents=True)
    with pytest.raises(CliTunerError, match="cannot be made") as caught:
        new_run("train")
    assert "latest" in caught.value.hint
    assert not list(RUNS.glob(".latest*"))


def test_a_file_in_the_place_of_the_runs_folder_is_one_clear_error() -> None:
    RUNS.parent.mkdir()
    RUNS.touch()
    with pytest.raises(CliTunerError, match="cannot be made"):
        new_run("train")


def test_the_time_is_utc_to_the_second() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", now())

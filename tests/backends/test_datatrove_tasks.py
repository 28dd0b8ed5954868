"""datatrove's local executor with two workers: every task once, failures told, and prepare's bytes unchanged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli_tuner.cli.main import main
from cli_tuner.errors import LaunchError
from tests.cli.test_prepare import NAMES, here  # noqa: F401
from tests.prepare.conftest import pairs, write_rows

pytestmark = pytest.mark.contract
pytest.importorskip("datatrove")


class _Leaves:
    """Leaves a file for each number, with the process that wrote it; fails on one of them."""

    def __init__(self, folder: Path, fails_on: int = -1) -> None:
        self.folder, self.fails_on = folder, fails_on

    def __call__(self, number: int) -> None:
        if number == self.fails_on:
            raise ValueError(f"number {number} is bad")
        (self.folder / str(number)).write_text(str(os.getpid()))


def test_every_task_runs_once_in_another_process_and_failures_are_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from cli_tuner.backends.datatrove_tasks import run_local

    (tmp_path / "left").mkdir()
    run_local(_Leaves(tmp_path / "left"), [3, 5, 8], tmp_path / "logs", workers=2)
    left = {path.name: path.read_text() for path in (tmp_path / "left").iterdir()}
    assert sorted(left) == ["3", "5", "8"] and str(os.getpid()) not in left.values()
    assert capfd.readouterr() == ("", "")
    with pytest.raises(LaunchError, match="number 5 is bad"):
        run_local(_Leaves(tmp_path / "left", fails_on=5), [3, 5], tmp_path / "again", workers=1)


def test_prepare_by_datatrove_writes_the_bytes_of_the_plain_run(here: Path) -> None:  # noqa: F811
    rows = pairs(620)
    write_rows(here / "rows.jsonl", [*rows, rows[0], {"instruction": "Quote", "command": "echo 'x"}])
    common = ["prepare", "--tokenizer", "tok", "--sequence-len", "1024", "--source", "rows.jsonl", "--off", "lint"]
    assert main([*common, "--workers", "1", "--out", "plain"]) == 0
    for file in (here / "data/raw/.cache").glob("rows-*"):
        file.unlink()
    assert main([*common, "--workers", "2", "--out", "engine", "--engine", "datatrove"]) == 0
    for name in (*NAMES, "logs/rejected.jsonl"):
        assert (here / "plain" / name).read_bytes() == (here / "engine" / name).read_bytes(), name

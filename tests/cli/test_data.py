"""`cli-tuner data`: look into prepared rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_tuner.cli.main import main
from tests.cli.test_prepare import here, prepare  # noqa: F401
from tests.prepare.conftest import pairs, read_rows, write_rows

pytestmark = pytest.mark.integration


@pytest.fixture
def prepared(here: Path, capsys: pytest.CaptureFixture[str]) -> Path:  # noqa: F811
    write_rows(here / "rows.jsonl", pairs(60))
    assert prepare("--source", "rows.jsonl", "--off", "lint") == 0
    capsys.readouterr()
    return here


def test_stats_show_gates_utilities_lengths_and_steps(prepared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "stats"]) == 0
    out = capsys.readouterr().out
    assert "trained tokens" in out and "md5sum" in out and "█" in out and "One epoch at batch 4" in out


def test_stats_as_json_and_png(prepared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "stats", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["splits"]["train"]["rows"] == len(read_rows(prepared / "data/processed/train.jsonl"))
    pytest.importorskip("matplotlib")
    assert main(["data", "stats", "--png", "lengths.png"]) == 0
    assert (prepared / "lengths.png").read_bytes().startswith(b"\x89PNG")


def test_show_prints_a_row_and_its_tokens(prepared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = read_rows(prepared / "data/processed/test.jsonl")[0]
    assert main(["data", "show", row["id"]]) == 0
    out = capsys.readouterr().out
    assert row["group"] in out and "trained" in out
    assert main(["data", "show", row["id"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"split": "test", **row}
    assert main(["data", "show", "zzz"]) == 2


def test_diff_exits_1_when_rows_differ(prepared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(prepared / "rows.jsonl", pairs(61))
    assert prepare("--source", "rows.jsonl", "--off", "lint", "--out", "new") == 0
    assert main(["data", "diff", "data/processed", "data/processed"]) == 0
    assert main(["data", "diff", "data/processed", "new", "--json"]) == 1
    assert "added" in capsys.readouterr().out


def test_a_folder_without_rows_is_one_clear_error(here: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    assert main(["data", "stats", "--data", "none"]) == 2
    assert "cli-tuner prepare" in capsys.readouterr().err

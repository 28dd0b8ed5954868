"""`cli-tuner runs dashboard`: one local page of all runs, and a saved W&B view that needs a key and the network."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cli_tuner.backends import wandb_view
from cli_tuner.cli.main import main
from cli_tuner.files import write_json
from cli_tuner.runs.layout import RunDir
from tests.report.fake_run import RUN_ID, make_run

PAGE = "models/runs/dashboard.html"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDir:
    monkeypatch.chdir(tmp_path)
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_ENTITY", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return make_run(tmp_path)


def test_the_page_is_written_and_the_terminal_view_named(run: RunDir, capsys: pytest.CaptureFixture[str]) -> None:
    (run.path / "wandb/offline-run-1").mkdir(parents=True)
    assert main(["runs", "dashboard"]) == 0
    out, err = capsys.readouterr()
    assert out.strip() == PAGE
    assert RUN_ID in Path(PAGE).read_text("utf-8")
    assert f"wandb leet models/runs/{RUN_ID}/wandb" in err
    assert f"wandb sync models/runs/{RUN_ID}/wandb/offline-run-1" in err


def test_without_any_run_there_is_still_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["runs", "dashboard"]) == 0
    assert Path(PAGE).is_file()


def test_json_holds_every_run_with_its_numbers(run: RunDir, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "dashboard", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["page"], found["view"]) == (PAGE, None)
    assert found["runs"][0]["run_id"] == RUN_ID
    assert 0.7 < found["runs"][0]["exact_match"]["tuned"]["value"] < 0.8


def test_a_view_is_not_saved_without_a_key(run: RunDir, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "dashboard", "--save-view"]) == 3
    err = capsys.readouterr().err
    assert "needs a key" in err
    assert "wandb login" in err


def test_a_view_is_not_saved_without_the_network(
    run: RunDir, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setattr(wandb_view, "wandb_reachable", lambda: False)
    assert main(["runs", "dashboard", "--save-view"]) == 3
    assert "needs the network" in capsys.readouterr().err


def test_a_view_is_saved_in_the_project_of_the_newest_run(
    run: RunDir, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run.config.write_text(run.config.read_text().replace("wandb_project: cli-tuner", "wandb_project: mine"))
    asked: list[tuple[str, str | None]] = []
    monkeypatch.setattr(wandb_view, "save_view", lambda project, one: asked.append((project, one)) or "https://view")
    assert main(["runs", "dashboard", "--save-view", "--json"]) == 0
    assert asked == [("mine", RUN_ID)]
    assert json.loads(capsys.readouterr().out)["view"] == "https://view"


def test_it_is_written_anew_until_nothing_runs(
    run: RunDir, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = json.loads(run.record.read_text("utf-8"))
    write_json(run.record, {**ended, "state": "running", "supervisor_pid": os.getpid()})
    pages: list[str] = []

    def a_while_later(_: float) -> None:
        pages.append(Path(PAGE).read_text("utf-8"))
        write_json(run.record, ended)

    monkeypatch.setattr("time.sleep", a_while_later)
    assert main(["runs", "dashboard", "--watch"]) == 0
    assert ["refresh" in page for page in [*pages, Path(PAGE).read_text("utf-8")]] == [True, False]

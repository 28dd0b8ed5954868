"""`cli-tuner report`: the files of a run's report, again and again the same, without a GPU and without torch."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli_tuner.cli.main import main
from cli_tuner.files import sha256_file
from cli_tuner.runs.layout import RunDir
from tests.report.fake_run import RUN_ID, SECRET, make_run

PAGES = {"report.md", "report.html", "MODEL_CARD.md"}
PLOTS = {f"{name}.{kind}" for name in ("training_loss", "eval_loss") for kind in ("png", "pdf")}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDir:
    made = make_run(tmp_path)
    (made.path.parent / "latest").symlink_to(made.run_id)
    monkeypatch.chdir(tmp_path)
    return made


def digests(folder: Path) -> dict[str, str]:
    return {path.name: sha256_file(path) for path in folder.iterdir()}


@pytest.fixture
def without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)


@pytest.mark.integration
def test_the_latest_run_gets_all_files_the_same_bytes_each_time(
    run: RunDir, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report"]) == 0
    out, err = capsys.readouterr()
    written = digests(run.path / "report")
    assert set(written) == PAGES | PLOTS
    assert "Exact match on 198 held-out prompts: 75.3 %" in out
    assert f"wrote models/runs/{RUN_ID}/report/report.html" in err
    for name in PAGES:
        assert SECRET not in (run.path / "report" / name).read_text("utf-8")
    assert main(["report", "--run", RUN_ID]) == 0
    assert digests(run.path / "report") == written


@pytest.mark.usefixtures("without_matplotlib")
def test_examples_stand_side_by_side_and_the_tables_follow(run: RunDir, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--examples", "3"]) == 0
    out = "".join(capsys.readouterr())
    assert "3 held-out requests, spread evenly" in out
    assert "base answers" in out and "Held-out rows, as answered" in out


@pytest.mark.usefixtures("without_matplotlib")
def test_json_names_files_summary_and_what_is_missing(run: RunDir, capsys: pytest.CaptureFixture[str]) -> None:
    (run.path / "evaluation.json").unlink()
    assert main(["report", "--run", RUN_ID, "--out", "review", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {Path(one).name for one in found["files"]} == PAGES
    assert all(Path(one).is_file() and one.startswith("review/") for one in found["files"])
    assert [one["command"] for one in found["missing"]] == [
        "cli-tuner evaluate --checkpoint-dir models/checkpoints/demo"
    ]
    assert not (run.path / "report").exists()


@pytest.mark.usefixtures("without_matplotlib")
def test_without_matplotlib_the_pages_are_written_and_the_plots_named(
    run: RunDir, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report"]) == 0
    assert {path.name for path in (run.path / "report").iterdir()} == PAGES
    err = capsys.readouterr().err
    assert "no PNG and PDF plots" in err
    assert "pip install" in err
    assert "![" not in (run.path / "report/report.md").read_text("utf-8")


@pytest.mark.integration
def test_a_run_without_an_evaluation_loss_has_no_such_plot(run: RunDir) -> None:
    lines = run.metrics.read_text().splitlines()
    run.metrics.write_text("".join(f"{line}\n" for line in lines if "eval_loss" not in line))
    assert main(["report"]) == 0
    assert {path.name for path in (run.path / "report").iterdir()} == PAGES | {"training_loss.png", "training_loss.pdf"}


def test_a_run_that_is_not_there_is_refused(refused: Callable[..., str]) -> None:
    assert "no such run" in refused("report", "--run", "nope", code=2)


def test_a_folder_that_cannot_be_made_is_refused(run: RunDir, capsys: pytest.CaptureFixture[str]) -> None:
    Path("taken").write_text("a file")
    assert main(["report", "--out", "taken/report"]) == 2
    assert "error: " in capsys.readouterr().err

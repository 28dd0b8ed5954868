"""A finished run, made once; tests read it from its checkout and make another one to break."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cli_tuner.report.facts import Facts
from cli_tuner.report.gather import gather
from cli_tuner.runs.layout import RunDir
from tests.report.fake_run import RUN_ID, make_run


@pytest.fixture(scope="session")
def finished_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("report")
    make_run(root)
    return root


@pytest.fixture
def facts(finished_root: Path, monkeypatch: pytest.MonkeyPatch) -> Facts:
    """Everything that is known of the finished run."""
    monkeypatch.chdir(finished_root)
    return gather(RunDir(Path("models/runs") / RUN_ID))


@pytest.fixture
def run(finished_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDir:
    """A run of one's own, to break."""
    shutil.copytree(finished_root, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return RunDir(Path("models/runs") / RUN_ID)

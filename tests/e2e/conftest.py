"""One real smoke run that the end-to-end tests look at: prepare, train, validate, in a folder of its own.

The tests that use it run on one worker (tests/conftest.py), so that it is trained once.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
SECRET = "0123456789abcdef0123456789abcdef01234567"
SECRETS = {"WANDB_API_KEY": SECRET, "WANDB_MODE": "offline", "HF_TOKEN": f"hf_{SECRET}"}
CLI = (sys.executable, "-m", "cli_tuner.cli")


@dataclass
class Workspace:
    """A folder that looks like a fresh checkout to the command line."""

    path: Path

    def start(self, *argv: str, **env: str) -> subprocess.Popen[str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("WANDB_", "HF_"))}
        return subprocess.Popen(
            [*CLI, *argv], cwd=self.path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**clean, **env},
        )  # fmt: skip

    def run(self, *argv: str, code: int = 0, timeout_s: float = 900, **env: str) -> tuple[str, str]:
        child = self.start(*argv, **env)
        out, err = child.communicate(timeout=timeout_s)
        assert child.returncode == code, f"{argv}: exit {child.returncode}\n{out}\n{err}"
        return out, err

    def json(self, path: str) -> Any:
        return json.loads((self.path / path).read_text("utf-8"))

    def models(self, holding: str = "") -> list[str]:
        """Return the files under `models` that hold the text."""
        found = (path for path in (self.path / "models").rglob("*") if path.is_file())
        return [str(path) for path in found if holding.encode() in path.read_bytes()]


def fresh(path: Path) -> Workspace:
    path.mkdir(exist_ok=True)
    (path / "configs").symlink_to(REPOSITORY / "configs")
    (path / "data").mkdir()
    for name in ("samples", "adversarial", "chat"):
        (path / "data" / name).symlink_to(REPOSITORY / "data" / name)
    return Workspace(path)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = fresh(tmp_path_factory.mktemp("work"))
    workspace.run("prepare")
    return workspace


@pytest.fixture(scope="session")
def smoke(prepared: Workspace) -> Workspace:
    """The workspace after `make smoke`'s own commands."""
    prepared.run("train", "--config", "configs/smoke.yaml")
    prepared.run("validate", "--checkpoint-dir", "models/checkpoints/smoke", "--allow-cpu")
    return prepared


@pytest.fixture
def another_workspace(tmp_path: Path, prepared: Workspace) -> Callable[[], Workspace]:
    """Make a workspace with copies of the same rows and its own models."""

    def make() -> Workspace:
        workspace = fresh(tmp_path / "other")
        rows = workspace.path / "data/processed"
        shutil.copytree(prepared.path / "data/processed", rows, ignore=shutil.ignore_patterns(".tokenized"))
        return workspace

    return make

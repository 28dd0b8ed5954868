"""Facts of the machine are read, never guessed; nothing private is among them."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cli_tuner.provenance import environment
from cli_tuner.provenance.environment import PACKAGES, code, gpus, machine, packages


def test_every_package_that_decides_a_result_has_its_version_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    found = packages()
    assert list(found) == list(PACKAGES)
    assert found["pydantic"] == __import__("importlib.metadata", fromlist=["version"]).version("pydantic")
    monkeypatch.setattr(environment, "PACKAGES", ("no-such-package",))
    assert packages() == {"no-such-package": None}


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A copy of the package in the repository of another project, where git ignores it."""
    source = Path(environment.__file__).parent.parent
    target = tmp_path / ".venv/cli_tuner"
    for name in (
        "__init__.py",
        "provenance/__init__.py",
        "errors.py",
        "files.py",
        "process.py",
        "provenance/environment.py",
    ):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, target / name)
    (tmp_path / ".gitignore").write_text(".venv/\n")
    (tmp_path / "mine.txt").touch()
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "my own project")
    return target


def git(folder: Path, *argv: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *who, *argv], cwd=folder, check=True, capture_output=True, text=True).stdout


def code_of(package: Path) -> dict[str, object]:
    script = "import json; from cli_tuner.provenance.environment import code; print(json.dumps(code()))"
    env = {**os.environ, "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=package.parent, env=env, check=True, capture_output=True, text=True
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_the_commit_of_another_project_is_not_taken_for_ours(installed: Path) -> None:
    found = code_of(installed)
    assert (found["git_commit"], found["git_dirty"]) == (None, None)


def test_commit_dirt_and_digest_follow_the_sources(installed: Path) -> None:
    root = installed.parent.parent
    git(root, "add", "-f", ".venv")
    git(root, "commit", "-qm", "ours now")
    clean = code_of(installed)
    assert clean["git_commit"] == git(root, "rev-parse", "HEAD").strip()
    assert clean["git_dirty"] is False
    (installed / "errors.py").write_text((installed / "errors.py").read_text() + "# changed\n")
    dirty = code_of(installed)
    assert dirty["git_dirty"] is True
    assert dirty["sources_sha256"] != clean["sources_sha256"]


def test_the_sources_have_a_digest_even_without_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "answer", lambda *_, **__: None)
    found = code.__wrapped__()  # the facts of this process are remembered
    assert (found["git_commit"], found["git_dirty"]) == (None, None)
    assert re.fullmatch(r"[0-9a-f]{64}", str(found["sources_sha256"]))


SMI = {
    "no driver": (None, []),
    "one GPU": (
        "GPU-5a1c, NVIDIA H200, 9.0, 143771, 570.1\n",
        [{"name": "NVIDIA H200", "compute_capability": "9.0", "memory_mib": "143771", "driver": "570.1"}],
    ),
    "a message": ("No devices were found\n", []),
    "nothing": ("", []),
}


@pytest.mark.parametrize(("text", "expected"), SMI.values(), ids=SMI.keys())
def test_gpus_are_what_nvidia_smi_lists(
    monkeypatch: pytest.MonkeyPatch, text: str | None, expected: list[dict[str, str]]
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(environment, "answer", lambda *_, **__: text)
    assert gpus() == expected


@pytest.mark.parametrize(
    ("visible", "names"),
    [("", []), ("-1", []), ("1", ["B"]), ("1,0", ["B", "A"]), ("GPU-2", ["B"]), ("0,7,1", ["A"]), ("GPU-", [])],
)
def test_hidden_gpus_do_not_count(monkeypatch: pytest.MonkeyPatch, visible: str, names: list[str]) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    text = "GPU-1a, A, 9.0, 143771, 570.1\nGPU-2b, B, 8.9, 24564, 570.1\n"
    monkeypatch.setattr(environment, "answer", lambda *_, **__: text)
    assert [gpu["name"] for gpu in gpus()] == names


def test_the_machine_is_described_without_names_of_people_or_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "s3cret" * 8)
    monkeypatch.setenv("HF_TOKEN", "hf_s3cret")
    found = machine()
    text = json.dumps([found, packages(), code()])
    assert found["python"] == platform.python_version()
    assert "s3cret" not in text
    assert str(Path.home()) not in text
    assert socket.gethostname() not in text


def test_a_machine_without_cpuinfo_still_has_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", missing)
    monkeypatch.setattr(platform, "processor", lambda: "")
    assert machine()["cpu"] is None

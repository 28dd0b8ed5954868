"""A release of the real smoke training, as a stranger gets it: elsewhere, offline, from a stand-in of the hub."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Workspace

pytestmark = pytest.mark.e2e
COMMIT, RELEASE_COMMIT = "b" * 40, "c" * 40


def on_the_hub(cache: Path, repo: str, commit: str, folder: Path) -> None:
    """Lay a repository into the cache of `huggingface_hub`, which is all of the hub that an offline machine has."""
    place = cache / f"models--{repo.replace('/', '--')}"
    shutil.copytree(folder, place / "snapshots" / commit)
    (place / "refs").mkdir()
    (place / "refs/main").write_text(commit)


@pytest.fixture(scope="module")
def released(smoke: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sender") / "release"
    argv = ("publish", "--checkpoint-dir", "models/checkpoints/smoke", "--repo", "me/smoke", "--dry-run")
    said, err = smoke.run(*argv, "--out", str(out), code=1)
    assert "models/tiny_base, is not on the hub" in err and not out.exists(), said
    config = out.parent / "config"
    smoke.run(*argv, "--out", str(out), "--base-id", f"me/tiny@{COMMIT}", "--sign", XDG_CONFIG_HOME=str(config))
    return out


def test_no_file_of_it_names_a_place_of_the_machine_that_made_it(released: Path, smoke: Workspace) -> None:
    places = [str(smoke.path), str(released.parent), str(Path(sys.prefix))]
    files = [path for path in released.rglob("*") if path.is_file()]
    assert len(files) > 15
    assert [(path.name, place) for path in files for place in places if place.encode() in path.read_bytes()] == []


def test_it_verifies_elsewhere_with_ours_and_without(released: Path, smoke: Workspace, tmp_path: Path) -> None:
    there = tmp_path / "stranger"
    shutil.copytree(released, there / "release")
    key = shutil.copy(released.parent / "config/cli-tuner/signing.pub", there / "signer.pub")
    out, _ = smoke.run("verify", str(there / "release"), "--key", str(key), "--json")
    assert json.loads(out)["findings"] == []
    alone = [sys.executable, "-I", str(there / "release/verify_release.py"), "--key", str(key)]
    assert subprocess.run(alone, cwd=there, check=False).returncode == 0
    (there / "release/tokenizer.json").write_text("{}")
    assert "changed: tokenizer.json" in smoke.run("verify", str(there / "release"), "--key", str(key), code=1)[0]
    assert subprocess.run(alone, cwd=there, check=False, capture_output=True).returncode == 1


def test_its_own_how_to_use_loads_it_and_answers(released: Path, smoke: Workspace, tmp_path: Path) -> None:
    cache = tmp_path / "hub"
    on_the_hub(cache, "me/tiny", COMMIT, smoke.path / "models/tiny_base")
    on_the_hub(cache, "me/smoke", RELEASE_COMMIT, released)
    (code,) = re.findall(
        r"^## How to use\n+```python\n(.*?)```", (released / "README.md").read_text(), re.DOTALL | re.MULTILINE
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    own = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "PYTHONPATH", "XDG_"))}
    env = {**own, "HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1", "HOME": str(elsewhere)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=elsewhere, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert code.count(COMMIT) == 1 and "me/smoke" in code


def test_the_run_verifies_from_the_checkpoint_back_to_its_sources(smoke: Workspace, tmp_path: Path) -> None:
    out, _ = smoke.run("verify", "latest", "--allow-unsigned", "--json")
    found = json.loads(out)
    assert found["findings"] == [] and found["files"] > 30
    assert "unsigned: train" in smoke.run("verify", "latest", XDG_CONFIG_HOME=str(tmp_path), code=1)[0]

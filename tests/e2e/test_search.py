"""A search of real trainings, killed twice, tells what one that was never killed tells."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Workspace, fresh
from tests.e2e.test_smoke import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
SEARCH = """
config: ../configs/smoke.yaml
set: [max_steps=4, warmup_steps=0, eval_steps=2, save_steps=2, wandb_project=null]
axes:
  learning_rate: {low: 0.0005, high: 0.02, log: true}
  lora_r: [4, 8]
  warmup_steps: {low: 0, high: 2}
trials: 2
startup: 1
seed: 42
prune_from_step: 2
finalists: 1
repeats: 2
"""
RUN = ("ablate", "--search", "mine/search.yaml", "--json")
HOME = "models/ablations/search-search"


@pytest.fixture
def workspace(tmp_path: Path, prepared: Workspace) -> Callable[[str], Workspace]:
    def make(name: str) -> Workspace:
        found = fresh(tmp_path / name)
        ignored = shutil.ignore_patterns(".tokenized")
        shutil.copytree(prepared.path / "data/processed", found.path / "data/processed", ignore=ignored)
        (found.path / "mine").mkdir()
        (found.path / "mine/search.yaml").write_text(SEARCH, "utf-8")
        return found

    return make


def states(workspace: Workspace) -> list[Any]:
    return [json.loads(path.read_text()) for path in (workspace.path / "models/runs").glob("2*/status.json")]


def kill_when(workspace: Workspace, condition: Callable[[], bool]) -> None:
    """Search until something is so, then kill -9."""
    child = workspace.start(*RUN)
    try:
        wait_until(lambda: condition() or child.poll() is not None, timeout_s=900)
    finally:
        child.kill()
        _, err = child.communicate()
    assert child.returncode == -9, err


def test_a_search_killed_twice_tells_the_same(workspace: Callable[[str], Workspace]) -> None:
    whole, killed = workspace("whole"), workspace("killed")
    wanted = json.loads(whole.run(*RUN, timeout_s=1800)[0])
    assert [trial["number"] for trial in wanted["trials"]] == [0, 1]
    assert {trial["state"] for trial in wanted["trials"]} <= {"succeeded", "pruned"}
    assert wanted["verdict"]["text"]
    assert len(wanted["finals"]) == 4

    kill_when(killed, lambda: any(one.get("saved_step") == 2 for one in states(killed)))
    kill_when(killed, lambda: len(list((killed.path / HOME).glob("*-seed42/provenance.json"))) > 1)
    assert json.loads(killed.run(*RUN, timeout_s=1800)[0]) == wanted
    assert (killed.path / wanted["plot"]).read_bytes().startswith(b"\x89PNG")

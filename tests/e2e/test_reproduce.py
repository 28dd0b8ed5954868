"""`reproduce` of the real smoke training in a fresh place: the same bytes, or the first step that differs, and why."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Workspace, fresh

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
STEP = 4
# A later version of a dependency that computes otherwise from one step on, as an upgrade may.
PLANTED = f"""
import builtins
real, steps = builtins.__import__, [0]

def changed(self, *rest, **named):
    steps[0] += 1
    if steps[0] >= {STEP}:
        for group in self.optimizer.param_groups:
            for one in group["params"]:
                if one.grad is not None:
                    one.grad.mul_(1.5)
    return step(self, *rest, **named)

def hooked(name, *rest, **named):
    global step
    module = real(name, *rest, **named)
    import sys
    found = getattr(sys.modules.get("accelerate.optimizer"), "AcceleratedOptimizer", None)
    if found is not None and found.step is not changed:
        step, found.step = found.step, changed
        builtins.__import__ = real
    return module

builtins.__import__ = hooked
"""


def reproduced(smoke: Workspace, place: Path, code: int, **env: str) -> Any:
    run = next((smoke.path / "models/runs").glob("2*"))
    workspace = fresh(place)
    out, err = workspace.run("reproduce", str(run), "--into", "again", "--json", code=code, OMP_NUM_THREADS="1", **env)
    assert "the rows are the same bytes" in err
    return json.loads(out)


def test_in_a_fresh_place_the_bytes_are_the_same(smoke: Workspace, tmp_path: Path) -> None:
    found = reproduced(smoke, tmp_path / "clone", 0)
    assert (found["verdict"], found["first_differing_step"], found["likely_causes"]) == ("identical", None, [])
    assert found["not_compared"] == []


def test_with_another_version_of_a_dependency_the_first_step_and_the_version_are_named(
    smoke: Workspace, tmp_path: Path
) -> None:
    planted = tmp_path / "planted"
    (planted / "accelerate-99.0.dist-info").mkdir(parents=True)
    (planted / "accelerate-99.0.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: accelerate\nVersion: 99.0\n"
    )
    (planted / "sitecustomize.py").write_text(PLANTED)
    path = os.pathsep.join([str(planted), os.environ.get("PYTHONPATH", "")])
    found = reproduced(smoke, tmp_path / "clone", 1, PYTHONPATH=path)
    assert found["verdict"] == "different"
    # The gradients of step 4 are applied at its end, so what is logged differs from step 5 on.
    assert found["first_differing_step"] in (STEP, STEP + 1)
    assert any(cause.endswith("-> 99.0") and cause.startswith("accelerate ") for cause in found["likely_causes"])
    assert found["largest_relative_difference"] > 1e-3

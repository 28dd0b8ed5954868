"""Every recipe trains for real: two steps with the tiny base model on a CPU, its own adapter, data and optimiser.

One recipe belongs to `make test`, in turn by the number of commits; `make check` runs them all.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import REPOSITORY, Workspace

NOT_RECIPES = ("configs/data/", "configs/accelerate/", "configs/cluster/", "configs/safety.yaml", "configs/gpus.yaml")
RECIPES = [path.relative_to(REPOSITORY).as_posix() for path in sorted((REPOSITORY / "configs").rglob("*.yaml"))]
TINY_ALREADY = ("configs/smoke.yaml", "configs/toy.yaml", "configs/toy_base.yaml")  # test_smoke, test_toy
RECIPES = [path for path in RECIPES if not path.startswith(NOT_RECIPES) and path not in TINY_ALREADY]
COMMITS = subprocess.run(
    ["git", "-C", str(REPOSITORY), "rev-list", "--count", "HEAD"], capture_output=True, text=True, check=False
)
ALWAYS = (RECIPES[int(COMMITS.stdout or 0) % len(RECIPES)],)


@pytest.mark.e2e
@pytest.mark.parametrize(
    "recipe", [path if path in ALWAYS else pytest.param(path, marks=pytest.mark.slow) for path in RECIPES]
)
def test_a_recipe_trains_two_real_steps(recipe: str, another_workspace: Callable[[], Workspace]) -> None:
    own = another_workspace()
    data = REPOSITORY / "configs/data" / Path(recipe).name
    if data.exists() and Path(recipe).stem in ("style", "price"):
        own.run("prepare", "--config", f"configs/data/{data.name}", "--out", f"data/processed/{data.stem}")
    out, _ = own.run("train", "--config", recipe, "--tiny", "--json")
    facts = json.loads(out)
    record = own.json(f"{facts['checkpoint_dir']}/provenance.json")
    quantised = "no_quantisation" not in recipe
    assert facts["steps"] == 2 and facts["checkpoint_dir"].endswith("-tiny")
    assert (record["model"]["n_linear4bit"] > 0) is quantised
    assert record["precision"] == {"bf16": False, "fp16": False, "tf32": False}
    assert record["model"]["adapter_sha256_at_end"] != record["model"]["adapter_sha256_at_start"]
    assert list(Path(own.path / facts["checkpoint_dir"]).glob("*.safetensors"))

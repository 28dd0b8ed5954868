"""Every recipe trains for real: two steps with the tiny base model on a CPU, its own adapter, data and optimiser.

`make check` runs them all; `make test` one of them, in turn by the number of commits, from an installed wheel
(tests/contract/test_wheel.py).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import REPOSITORY, Workspace

FOLDERS = ("configs/data/", "configs/accelerate/", "configs/cluster/", "configs/search/")
NOT_RECIPES = (*FOLDERS, "configs/safety.yaml", "configs/gpus.yaml", "configs/ship.yaml")
RECIPES = [path.relative_to(REPOSITORY).as_posix() for path in sorted((REPOSITORY / "configs").rglob("*.yaml"))]
TINY_ALREADY = ("configs/smoke.yaml", "configs/toy.yaml", "configs/toy_base.yaml")  # test_smoke, test_toy
RECIPES = [path for path in RECIPES if not path.startswith(NOT_RECIPES) and path not in TINY_ALREADY]
COMMITS = subprocess.run(
    ["git", "-C", str(REPOSITORY), "rev-list", "--count", "HEAD"], capture_output=True, text=True, check=False
)
IN_TURN = RECIPES[int(COMMITS.stdout or 0) % len(RECIPES)]


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_trains_two_real_steps(recipe: str, another_workspace: Callable[[], Workspace]) -> None:
    own = another_workspace()
    if words := own_rows(recipe):
        own.run(*words)
    looked_at(recipe, own.path, own.run("train", "--config", recipe, "--tiny", "--json")[0])


def own_rows(recipe: str) -> list[str]:
    """Return the command that prepares a recipe's own rows; none where it trains on what `prepare` alone makes."""
    name = Path(recipe).stem.removesuffix("_long")
    if name not in ("style", "price", "documents", "demo"):
        return []
    source = [] if name == "demo" else ["--config", f"configs/data/{name}.yaml"]  # the demo's base is not here
    return ["prepare", *source, "--out", f"data/processed/{name}"]


def looked_at(recipe: str, project: Path, out: str) -> None:
    """Look at what a recipe's two real steps wrote."""
    facts = json.loads(out)
    record = json.loads((project / facts["checkpoint_dir"] / "provenance.json").read_text("utf-8"))
    quantised = "no_quantisation" not in recipe
    assert facts["steps"] == 2 and facts["checkpoint_dir"].endswith("-tiny")
    assert (record["model"]["n_linear4bit"] > 0) is quantised
    assert record["precision"] == {"bf16": False, "fp16": False, "tf32": False}
    assert record["model"]["adapter_sha256_at_end"] != record["model"]["adapter_sha256_at_start"]
    assert list(Path(project / facts["checkpoint_dir"]).glob("*.safetensors"))

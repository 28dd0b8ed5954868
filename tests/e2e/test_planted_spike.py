"""Rows that were poisoned in a real training are named, and the proof shows that the spike was theirs."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable
from pathlib import Path

import pytest

from cli_tuner.chat.messages import training_messages
from tests.e2e.conftest import REPOSITORY, Workspace

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
N_ROWS, N_POISONED, BATCH, SPIKE_STEP = 2000, 20, 32, 46
RECIPE = """
extends: ../configs/toy.yaml
shuffle_merged_datasets: false
num_epochs: {epochs}
max_steps: null
eval_steps: null
test_datasets: null
logging_steps: 1
save_steps: 40
output_dir: models/checkpoints/spike
wandb_project: null
"""
Train = Callable[[set[int], int], tuple[Workspace, list[str]]]


@pytest.fixture
def trained(another_workspace: Callable[[], Workspace]) -> Train:
    """Train the toy recipe on 2,000 rows, those with the numbers answered by noise; name these rows' lines."""

    def train(poisoned: set[int], epochs: int) -> tuple[Workspace, list[str]]:
        workspace = another_workspace()
        (workspace.path / "models").mkdir()
        (workspace.path / "models/toy_base").symlink_to(REPOSITORY / "models/toy_base")
        noise = random.Random(20)
        texts = (REPOSITORY / "data/toy/new/rows.jsonl").read_text("utf-8").splitlines()[:N_ROWS]
        rows = Path("data/processed/toy/train.jsonl")
        (workspace.path / rows).parent.mkdir(parents=True)
        with (workspace.path / rows).open("w", encoding="utf-8") as handle:
            for number, row in enumerate(map(json.loads, texts)):
                junk = "".join(noise.choices(string.ascii_lowercase, k=12))
                answer = junk if number in poisoned else row["command"]
                handle.write(json.dumps({"messages": training_messages(row["instruction"], answer)}) + "\n")
        (workspace.path / "mine").mkdir()
        (workspace.path / "mine/spike.yaml").write_text(RECIPE.format(epochs=epochs), "utf-8")
        workspace.run("train", "--config", "mine/spike.yaml", WANDB_MODE="disabled")
        return workspace, [f"{rows}:{number + 1}" for number in poisoned]

    return train


def named(told: dict[str, object], n: int) -> set[str]:
    rows = told["rows"]
    assert isinstance(rows, list)
    return {line for row in rows[:n] for line in row["lines"]}


def test_twenty_poisoned_rows_of_one_step_are_named_and_the_proof_shows_the_spike_gone(
    trained: Train,
) -> None:
    import torch

    order = torch.randperm(N_ROWS, generator=torch.Generator().manual_seed(42)).tolist()
    workspace, lines = trained(set(order[(SPIKE_STEP - 1) * BATCH :][:N_POISONED]), 1)
    told = json.loads(workspace.run("why", "latest", "--json")[0])
    assert {one["step"] for one in told["spikes"]} >= {SPIKE_STEP}
    assert set(lines) <= named(told, 25)
    found = json.loads(workspace.run("why", "latest", "--step", str(SPIKE_STEP), "--prove", "--json")[0])
    assert set(lines) <= named(found, 25)
    assert {line for row in found["rows"] if row["stands_out"] for line in row["lines"]} >= set(lines)
    assert found["proof"]["checkpoint"].endswith("checkpoint-40")
    assert found["proof"]["exact"] is True
    assert found["proof"]["gone"] is True
    assert N_POISONED <= found["proof"]["left_out"] <= 25


def test_twenty_poisoned_rows_anywhere_are_named_after_two_epochs(trained: Train) -> None:
    workspace, lines = trained(set(random.Random(14).sample(range(N_ROWS), N_POISONED)), 2)
    assert set(lines) <= named(json.loads(workspace.run("why", "latest", "--json")[0]), 25)

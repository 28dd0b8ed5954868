"""Two processes on a CPU really train together, and to the same bytes each time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from tests.e2e.conftest import Workspace

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
CHECKPOINT = "models/checkpoints/smoke"


def test_two_processes_train_and_are_deterministic(another_workspace: Callable[[], Workspace]) -> None:
    other = another_workspace()
    digests = []
    for _ in range(2):
        other.run(
            "train", "--config", "configs/smoke.yaml", "--launcher", "torchrun", "--", "--nproc_per_node", "2",
            OMP_NUM_THREADS="1",
        )  # fmt: skip
        assert other.json(f"{CHECKPOINT}/provenance.json")["device"]["world_size"] == 2
        digests.append(hashlib.sha256((other.path / CHECKPOINT / "adapter_model.safetensors").read_bytes()).hexdigest())
    assert digests[0] == digests[1]

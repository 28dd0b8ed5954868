"""Traps 6 to 9: what raw Axolotl does when a run does not end well, so that we know why our own layer is there.

Each test trains with raw `accelerate launch -m axolotl.cli.train`, without our plugin. Ours is held against the same
faults in `test_faults.py` and `test_smoke.py`; when one of these fails, Axolotl got better and we can be thinner.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import REPOSITORY, Workspace
from tests.e2e.test_smoke import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
FAULTY = "tests.e2e.faults.FaultPlugin"


class Raw:
    """Raw Axolotl on the smoke recipe."""

    def __init__(self, smoke: Workspace, workspace: Workspace) -> None:
        frozen = yaml.safe_load((smoke.path / "models/runs/latest/config.yaml").read_text("utf-8"))
        self.path = workspace.path
        self.config = {key: value for key, value in frozen.items() if key not in ("cli_tuner", "plugins")}
        self.config.update(output_dir="out", base_model=str(smoke.path / "models/tiny_base"), wandb_project=None)
        self.out = workspace.path / "out"

    def start(self, fault: str = "", **changes: Any) -> subprocess.Popen[str]:
        config = {**self.config, **changes, **({"plugins": [FAULTY]} if fault else {})}
        (self.path / "raw.yaml").write_text(yaml.safe_dump({k: v for k, v in config.items() if v is not None}), "utf-8")
        env = {key: value for key, value in os.environ.items() if not key.startswith(("WANDB_", "HF_"))}
        env |= {"HF_HUB_OFFLINE": "1", "AXOLOTL_DO_NOT_TRACK": "1", "ACCELERATE_USE_CPU": "true"}
        env |= {"FAULT": fault, "PYTHONPATH": str(REPOSITORY)}
        argv = [sys.executable, "-m", "axolotl.cli.train", "raw.yaml"]
        return subprocess.Popen(
            argv, cwd=self.path, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def run(self, fault: str = "", **changes: Any) -> tuple[int, str]:
        child = self.start(fault, **changes)
        out, _ = child.communicate(timeout=300)
        return child.returncode, out

    def adapter(self) -> str:
        return hashlib.sha256((self.out / "adapter_model.safetensors").read_bytes()).hexdigest()


@pytest.fixture
def raw(smoke: Workspace, another_workspace: Callable[[], Workspace]) -> Raw:
    return Raw(smoke, another_workspace())


def test_6_another_learning_rate_is_resumed_into_without_a_word(raw: Raw) -> None:
    assert raw.run()[0] == 0
    before = raw.adapter()
    code, _ = raw.run(learning_rate=0.0001, auto_resume_from_checkpoints=True)
    assert (code, raw.adapter()) == (0, before), "the new learning rate was trained"


def test_7_an_evaluation_that_dies_takes_the_checkpoint_of_its_step_with_it(raw: Raw) -> None:
    code, _ = raw.run("eval@5")
    assert code != 0
    assert not (raw.out / "checkpoint-5").exists()


def test_8_nan_exits_0(raw: Raw) -> None:
    code, _ = raw.run("nan@3", save_steps=100)
    assert code == 0


def test_8_a_plugin_that_cannot_be_imported_exits_0(raw: Raw) -> None:
    code, out = raw.run(plugins=["no.such.Plugin"], max_steps=2, eval_steps=None, save_steps=None, warmup_steps=0)
    assert code == 0
    assert "no.such" in out


@pytest.mark.parametrize(("number", "code", "saves"), [(signal.SIGINT, 0, True), (signal.SIGTERM, -15, False)])
def test_8_and_9_ctrl_c_exits_0_with_a_partial_adapter_and_sigterm_saves_nothing(
    raw: Raw, number: signal.Signals, code: int, saves: bool
) -> None:
    child = raw.start(max_steps=3000, save_steps=3000, eval_steps=3000)
    log = raw.out / "debug.log"
    wait_until(lambda: log.exists() and "Starting trainer" in log.read_text("utf-8", errors="replace"))
    wait_until(lambda: Path(f"/proc/{child.pid}").exists())
    child.send_signal(number)
    child.communicate(timeout=120)
    assert child.returncode == code
    assert (raw.out / "adapter_model.safetensors").exists() is saves

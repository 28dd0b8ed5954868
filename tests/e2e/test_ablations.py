"""A study of real trainings: interrupted in the middle, gone on with, one member failing."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable

import pytest

from tests.e2e.conftest import Workspace
from tests.e2e.test_smoke import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
STUDY = (
    "ablate", "--config", "configs/smoke.yaml", "--axis", "lora_r=0,4,16", "--seeds", "1,2", "--json",
    "--set", "max_steps=4", "--set", "warmup_steps=0", "--set", "eval_steps=2", "--set", "save_steps=2",
)  # fmt: skip


def test_a_study_is_interrupted_gone_on_with_and_survives_a_failing_member(
    another_workspace: Callable[[], Workspace],
) -> None:
    other = another_workspace()
    home = other.path / "models/ablations/smoke"
    child = other.start(*STUDY)
    wait_until(lambda: (home / "base-seed1/provenance.json").exists(), timeout_s=240)
    wait_until(lambda: len(list((other.path / "models/runs").glob("2*/status.json"))) > 1, timeout_s=240)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=120)
    assert child.returncode == 130
    first = (home / "base-seed1/provenance.json").read_bytes()

    out, err = other.run(*STUDY, code=1, timeout_s=1800)
    report = json.loads(out)
    assert "base-seed1: was there" in err
    assert (home / "base-seed1/provenance.json").read_bytes() == first
    states = {member["name"]: member["state"] for member in report["members"]}
    assert len(states) == 8
    assert {name for name, state in states.items() if state != "succeeded"} == {"lora_r_0-seed1", "lora_r_0-seed2"}
    assert len({member["output_dir"] for member in report["members"]}) == 8
    rows = {row["variant"]: row for row in report["variants"]}
    assert rows["base"]["n"] == rows["lora_r_4"]["n"] == rows["lora_r_16"]["n"] == 2
    assert rows["lora_r_0"] == {**rows["lora_r_0"], "n": 0, "failed": 2, "mean": None}
    assert rows["lora_r_4"]["delta"] is not None
    assert rows["lora_r_4"]["delta_spread"] is not None
    assert (other.path / report["plot"]).read_bytes().startswith(b"\x89PNG")

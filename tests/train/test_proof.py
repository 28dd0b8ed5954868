"""A proof repeats the run's own command and config from before the step, in folders of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from cli_tuner.errors import DataError
from cli_tuner.files import write_json, write_text
from cli_tuner.runs.layout import RunDir
from cli_tuner.train.proof import is_gone, plan_of, prove


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDir:
    monkeypatch.chdir(tmp_path)
    found = RunDir(Path("models/runs/mine"))
    config = {
        "learning_rate": 0.1, "output_dir": "models/out", "wandb_project": "x", "resume_from_checkpoint": "old",
        "hub_model_id": "me/mine", "cli_tuner": {"phase": "smoke", "run_dir": "models/runs/mine", "run_id": "mine"},
    }  # fmt: skip
    write_text(found.config, yaml.safe_dump(config))
    write_json(found.record, {"argv": ["python", "-m", "x", str(found.config)], "env": {"HF_HUB_OFFLINE": "1"}})
    return found


def test_the_plan_is_the_runs_own_with_folders_of_its_own(run: RunDir) -> None:
    proof = RunDir(run.path / "proof/step-7-without")
    proof.path.mkdir(parents=True)
    plan = plan_of(run, proof, 7, Path("models/out/checkpoint-5"), [12, 2**63])
    assert plan.argv == ["python", "-m", "x", str(proof.config)]
    assert plan.axolotl["learning_rate"] == 0.1
    assert plan.axolotl["resume_from_checkpoint"] == "models/out/checkpoint-5"
    assert plan.axolotl["cli_tuner"] == {"phase": "smoke", "run_dir": str(proof.path), "run_id": proof.run_id}
    assert not {"wandb_project", "hub_model_id"} & set(plan.axolotl)
    assert plan.output_dir.is_relative_to(run.path)
    assert Path(plan.axolotl["output_dir"]).is_relative_to(run.path)
    assert plan.env["HF_HUB_OFFLINE"] == "1"
    assert plan.env["CLI_TUNER_LAST_STEP"] == "9"
    assert json.loads(Path(plan.env["CLI_TUNER_LEAVE_OUT_ROWS"]).read_text()) == [12, 2**63]
    assert "resume_from_checkpoint" not in plan_of(run, proof, 7, None, [1]).axolotl


def test_without_rows_there_is_nothing_to_prove(run: RunDir) -> None:
    with pytest.raises(DataError, match="no row of step 3"):
        prove(run, 3, [], lambda _: None)


LEVEL = {step: {"loss": 2.0, "grad_norm": 1.0} for step in range(1, 7)}


def test_a_value_that_the_steps_before_reached_too_is_no_spike_that_stays() -> None:
    noisy = {**LEVEL, 3: {"loss": 2.0, "grad_norm": 1.9}}
    assert is_gone({**noisy, 7: {"loss": 2.0, "grad_norm": 6.3}}, {7: {"loss": 2.0, "grad_norm": 1.8}}, 7) is True
    assert is_gone({**noisy, 7: {"loss": 2.0, "grad_norm": 6.3}}, {7: {"loss": 2.0, "grad_norm": 2.0}}, 7) is False


@pytest.mark.parametrize(
    ("recorded", "without", "gone"),
    [
        ({"loss": 9.0, "grad_norm": 1.0}, {"loss": 2.1, "grad_norm": 1.0}, True),
        ({"loss": 9.0, "grad_norm": 1.0}, {"loss": 8.0, "grad_norm": 1.0}, False),
        ({"loss": 9.0, "grad_norm": 5.0}, {"loss": 2.0, "grad_norm": 4.0}, False),
        ({"loss": 2.2, "grad_norm": 1.1}, {"loss": 2.0, "grad_norm": 1.0}, None),
    ],
)
def test_a_spike_is_gone_only_when_nothing_stands_out_any_more(
    recorded: dict[str, float], without: dict[str, float], gone: bool | None
) -> None:
    assert is_gone({**LEVEL, 7: recorded}, {**LEVEL, 7: without}, 7) is gone

"""A validation goes from cheap to dear and stops at the first wall; its report is plain data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.config.sections import Gates
from cli_tuner.ports import Generator
from cli_tuner.records.training import TrainingRecord
from cli_tuner.validate.integrity import Checkpoint
from cli_tuner.validate.session import Validation, validate
from tests.fakes import FakeGenerator

ROWS = [{"instruction": "list files", "command": "ls"}, {"instruction": "count lines", "command": "wc -l"}]
GOOD = {"n_tensors": 2, "n_not_finite": 0, "all_zero": False}


def run(facts: dict[str, Any] = GOOD, default: str = "ls", record: dict[str, Any] | None = None) -> Validation:
    known = None if record is None else TrainingRecord.parse({**record, "subjects": {}})
    checkpoint = Checkpoint(Path("models/checkpoints/x"), "models/base", {}, {}, known, base_checked=True)

    def load() -> tuple[Generator, dict[str, Any]]:
        return FakeGenerator(default=default), {"device": "cpu"}

    return validate(
        checkpoint, ROWS, Gates(), adapter_facts=lambda _: facts, load_generator=load, weights=Path("adapter")
    )


def test_a_good_checkpoint_passes_every_gate_in_order() -> None:
    found = run(record={"run_id": "r"})
    assert [gate.name for gate in found.gates] == [
        "files_whole", "adapter_fits_base", "tokenizer_and_template", "weights_finite", "weights_trained",
        "dangerous_rate", "non_empty_rate", "syntax_valid_rate", "command_only_rate",
    ]  # fmt: skip
    assert found.passed
    assert len(found.probes) == 2


@pytest.mark.parametrize("facts", [{**GOOD, "n_not_finite": 1}, {**GOOD, "all_zero": True}])
def test_weights_that_are_refused_are_never_loaded(facts: dict[str, Any]) -> None:
    found = run(facts)
    assert not found.passed
    assert (found.probes, found.model) == ([], {})


def test_a_dangerous_completion_fails_the_validation() -> None:
    found = run(default="rm -rf /")
    assert [gate.name for gate in found.gates if not gate.passed] == ["dangerous_rate"]


@pytest.mark.parametrize(("record", "run_id"), [(None, None), ({}, None), ({"run_id": "r"}, "r")])
def test_the_report_is_plain_data_and_names_the_run(record: dict[str, Any] | None, run_id: str | None) -> None:
    report = json.loads(json.dumps(run(record=record).to_json()))
    assert report["run_id"] == run_id
    assert report["passed"] is True
    assert [probe["completion"] for probe in report["probes"]] == ["ls", "ls"]
    assert report["model"] == {"device": "cpu"}


def test_the_report_does_not_claim_what_was_not_compared() -> None:
    values = {gate.name: gate.value for gate in run(record=None).gates}
    assert "has no training record" in values["files_whole"]

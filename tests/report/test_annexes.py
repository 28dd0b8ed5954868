"""Annexes hold every question; what a record answers is answered from it, the rest says that nobody recorded it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_tuner.report.annexes import UNKNOWN, annexes
from cli_tuner.report.facts import Facts
from cli_tuner.report.markdown import markdown
from cli_tuner.runs.layout import RunDir

TRAINING = {
    "base_model": {"name": "me/base"}, "method": {"adapter": "qlora", "r": 8}, "model": {"trainable_parameters": 28672},
    "training": {"seed": 42, "rows": {"train": 64}, "tokens": {"total": 6925}},
    "packages": {"torch": "2.13.0", "peft": None},
    "subjects": {"adapter_model.safetensors": "1" * 64, "checkpoint-5/x": "2" * 64}, "code": {"git_commit": "3" * 40},
}  # fmt: skip
DATA = {
    "sources": [{"path": "data/samples", "licence": "MIT"}, {"hub": "me/rows", "licence": "unknown"}],
    "leakage": {"clean": True}, "gates": {"loaded": 10, "kept": 7},
}  # fmt: skip


def answers(facts: Facts) -> dict[tuple[str, str], str]:
    return {(annex.title.partition(" (")[0], one.asks): one.value for annex in annexes(facts) for one in annex.answers}


def test_of_a_run_that_recorded_nothing_every_question_is_there_and_open() -> None:
    facts = Facts(RunDir(Path("models/runs/x")), "crashed")
    tables = annexes(facts)
    assert [len(table.answers) for table in tables] == [16, 11, 17]
    told = {one.asks for table in tables for one in table.answers if one.value != UNKNOWN}
    assert told <= {
        "technical means to integrate it",
        "inference code",
        "technical report",
        "computational resources and training time",
    }


def test_what_was_recorded_is_said_as_it_was_recorded() -> None:
    facts = Facts(
        RunDir(Path("models/runs/x")),
        "succeeded",
        training=TRAINING,
        data=DATA,
        config={"sequence_len": 512, "cli_tuner": {"task": "command"}},
    )
    found = answers(facts)
    xi, xii, mof = "EU AI Act, Annex XI section 1", "EU AI Act, Annex XII", "Model Openness Framework"
    assert found[xi, "architecture and number of parameters"] == "qlora adapter of 28,672 parameters on me/base"
    assert found[xi, "data: type and provenance"] == "data/samples, licence MIT; me/rows, licence unknown"
    assert found[xi, "data: curation"] == "loaded 10, kept 7"
    assert found[xi, "data: training kept apart from testing"] == "no pair of splits shares a row"
    assert found[xi, "known or estimated energy consumption"] == found[xi, "licence"] == UNKNOWN
    assert found[xii, "maximum size of inputs and outputs"] == "512 tokens a row in training"
    assert found[xii, "versions of relevant software"] == "torch 2.13.0"
    assert found[mof, "model parameters (intermediate)"] == "1 kept, with digests"
    assert found[mof, "research paper"] == UNKNOWN


@pytest.mark.parametrize("training", [None, TRAINING])
def test_the_report_has_them_as_tables(training: dict[str, object] | None) -> None:
    text = markdown(Facts(RunDir(Path("models/runs/x")), "succeeded", training=training), [])
    assert text.count("| where | asks for | recorded |") == 3 and "not recorded" in text

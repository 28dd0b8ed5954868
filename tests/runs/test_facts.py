"""Lists of runs: the folders are the truth, the index only remembers; filters and order say what they mean."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.errors import DataError
from cli_tuner.files import read_json, write_json
from cli_tuner.runs.facts import all_facts, ordered
from cli_tuner.runs.layout import RUNS, RunDir
from cli_tuner.runs.notes import note, tag
from cli_tuner.runs.where import where

INDEX = RUNS / ".index.json"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def make(number: int, loss: float | None = None, state: str = "succeeded") -> RunDir:
    run = RunDir(RUNS / f"20260101-000000-smoke-{number:04x}")
    run.path.mkdir(parents=True)
    output = f"models/checkpoints/{number}"
    write_json(
        run.record, {"number": number, "state": state, "output_dir": output, "recipe": {"file": "configs/smoke.yaml"}}
    )
    if loss is not None:
        record = {"run_id": run.run_id, "phase": "smoke", "result": {"eval_loss_final": {"step": 1, "value": loss}}}
        write_json(run.path / "provenance.json", record)
        write_json(Path(output) / "provenance.json", record)
    return run


def test_the_index_says_what_the_folders_say_and_comes_back_when_it_is_lost() -> None:
    for number in range(5):
        make(number, float(number))
    first = all_facts()
    assert INDEX.is_file() and all_facts() == first
    for damage in (
        INDEX.unlink,
        lambda: INDEX.write_text("{"),
        lambda: write_json(INDEX, {"runs": 3}),
        lambda: write_json(INDEX, []),
    ):
        damage()
        assert all_facts() == first
        assert read_json(INDEX)["runs"].keys() == {one["run_id"] for one in first}


def test_what_changed_since_is_read_again_and_what_is_gone_is_forgotten() -> None:
    runs = [make(number, float(number)) for number in range(3)]
    all_facts()
    tag(runs[0], ["keep"], [])
    note(runs[1], "the second")
    write_json(runs[1].validation, {"passed": True})
    shutil.rmtree(runs[2].path)
    shutil.rmtree("models/checkpoints/0")
    found = all_facts()
    assert [(one["tags"], one["note"], one["passed"]) for one in found] == [
        (["keep"], "", None),
        ([], "the second", True),
    ]
    assert [one["state"] for one in found] == ["superseded", "succeeded"]
    assert tag(runs[0], [], ["keep"]).tags == []


def test_a_run_that_cannot_be_read_is_listed_with_what_can() -> None:
    make(1, 1.0)
    broken = RUNS / "broken"
    broken.mkdir()
    for name in ("run.json", "provenance.json", "notes.json", "evaluation.json"):
        (broken / name).write_text("{")
    assert [(one["run_id"], one["state"]) for one in all_facts()] == [
        ("broken", None),
        ("20260101-000000-smoke-0001", "succeeded"),
    ]


@pytest.mark.parametrize("text", ["", "-x", "a b", "x" * 65, "ä", "a\n"])
def test_a_tag_that_is_no_plain_word_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="is no tag"):
        tag(make(1), [text], [])


FACTS: list[dict[str, Any]] = [
    {"run_id": "a", "eval_loss": 0.5, "phase": "full", "passed": True, "tags": ["keep", "x"], "note": "the First"},
    {"run_id": "b", "eval_loss": 2.0, "phase": "smoke", "passed": False, "tags": [], "note": ""},
    {"run_id": "c", "eval_loss": None, "phase": "full", "passed": None, "tags": ["x"], "note": ""},
    {"run_id": "d", "eval_loss": 1, "phase": "full-2", "passed": True, "tags": [], "note": ""},
]


FILTERS = {
    "eval_loss<1": "a",
    "eval_loss<=1": "ad",
    "eval_loss > 0.5": "bd",
    "eval_loss=1": "d",
    "eval_loss!=1": "abc",
    "eval_loss<1 and phase=full": "a",
    "eval_loss<1e0 or phase='full'": "ac",
    "phase~FULL": "acd",
    "not phase=full": "bd",
    "passed": "ad",
    "passed=false": "b",
    "not passed": "bc",
    "tags=keep": "a",
    "tags=x": "ac",
    "tags!=x": "bd",
    "tags": "ac",
    "note~first": "a",
    'note="the First"': "a",
    "run_id>=b and run_id<d": "bc",
    "phase=full and (eval_loss<1 or tags=x)": "ac",
    "phase=full or phase=smoke and eval_loss<1": "ac",
    "NOT (passed OR tags)": "b",
}


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_means_what_it_says(text: str) -> None:
    assert "".join(one["run_id"] for one in FACTS if where(text, FACTS)(one)) == FILTERS[text]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "evalloss<1",
        "eval_loss<",
        "<1",
        "eval_loss<1 and",
        "(eval_loss<1",
        "eval_loss<1)",
        "a=1",
        "phase='x",
        "()",
        "not",
    ],
)
def test_a_filter_that_cannot_be_read_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(DataError) as caught:
        where(text, FACTS)
    assert caught.value.hint


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        test = where(text, FACTS)
    except DataError:
        return
    assert {bool(test(one)) for one in FACTS} <= {True, False}


@given(st.permutations(range(4)))
def test_runs_without_the_fact_come_last_whatever_the_order(order: list[int]) -> None:
    found = [FACTS[number] for number in order]
    assert "".join(one["run_id"] for one in ordered(found, "eval_loss")) == "adbc"
    assert "".join(one["run_id"] for one in ordered(found, "-eval_loss")) == "bdac"
    with pytest.raises(DataError, match="no run has such a fact"):
        ordered(found, "loss")


def test_a_thousand_runs_are_remembered_in_one_file_and_none_is_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(1)
    for number in range(60):
        make(number, draw.random())
    first = all_facts()
    read: list[Path] = []
    from cli_tuner.runs import facts

    monkeypatch.setattr(facts, "_stored", lambda path: read.append(path) or {})
    assert all_facts() == first and read == []
    assert json.loads(INDEX.read_text())["runs"].keys() == {one["run_id"] for one in first}

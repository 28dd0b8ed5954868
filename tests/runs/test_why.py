"""Rows that stand out are named first, whatever the level of the loss; facts are those that were recorded."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from cli_tuner.files import write_json, write_jsonl, write_text
from cli_tuner.runs.layout import RUNS, RunDir
from cli_tuner.runs.rows import RowLoss
from cli_tuner.runs.why import costly, facts, spikes, suspects


@pytest.mark.parametrize("seed", range(5))
def test_twenty_poisoned_rows_of_two_thousand_are_in_the_top_twenty_five_while_the_loss_falls(seed: int) -> None:
    draw = random.Random(seed)
    poisoned = set(draw.sample(range(2000), 20))
    records = []
    for epoch in range(2):
        order = list(range(2000))
        draw.shuffle(order)
        for place, row in enumerate(order):
            level = 6.0 * 0.2 ** ((epoch * 2000 + place) / 2000)
            loss = level * draw.uniform(0.6, 1.4) + (3.0 if row in poisoned else 0.0)
            records.append(RowLoss(1 + (epoch * 2000 + place) // 4, row, 10, loss))
    named = [one.record.row for one in costly(records)[:25]]
    assert poisoned <= set(named)
    assert costly(records)[0].times == 2


def test_the_rows_of_one_step_are_held_against_all_that_are_around_it() -> None:
    records = [RowLoss(step, step * 10 + row, 5, 1.0) for step in range(1, 20) for row in range(4)]
    records.append(RowLoss(7, 999, 5, 8.0))
    found = costly(records, step=7)
    assert found[0].record.row == 999
    assert found[0].excess == 7.0
    assert {one.record.step for one in found} == {7}
    assert suspects(found) == [999]
    assert costly([], step=1) == []


def test_where_no_row_stands_out_those_that_cost_more_than_is_typical_are_suspected() -> None:
    records = [RowLoss(step, step * 10 + row, 5, 1.0 + row / 10) for step in range(1, 20) for row in range(4)]
    found = costly(records, step=7)
    assert not any(one.stands_out for one in found)
    assert suspects(found) == [73]


def test_ordinary_rows_of_a_noisy_run_hardly_ever_stand_out() -> None:
    draw = random.Random(1)
    records = [RowLoss(1 + number // 4, number, 5, draw.gauss(2.0, 0.5)) for number in range(4000)]
    assert len([one for one in costly(records) if one.stands_out]) <= 4


def test_a_step_that_stands_out_is_a_spike_and_a_falling_loss_is_none() -> None:
    lines = [{"step": step, "loss": 6.0 - step / 5, "grad_norm": 1.0} for step in range(1, 11)]
    assert spikes(lines) == []
    lines[4]["grad_norm"] = 1.6
    lines[9]["grad_norm"] = 1.59
    lines[6]["grad_norm"] = 9.0
    expected = [(7, 9.0), (5, 1.6)]  # the last one is noise as the fifth was
    assert [(one["step"], one["value"]) for one in spikes(lines)] == expected


def run(name: str, number: int, state: str, rate: float, **more: object) -> RunDir:
    found = RunDir(RUNS / name)
    write_json(found.record, {"state": state, "number": number, "recipe": {"file": "mine.yaml"}, **more})
    write_text(found.config, f"learning_rate: {rate}\noutput_dir: {name}\n")
    return found


def test_a_run_is_held_against_the_last_good_one_of_its_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("a", 1, "succeeded", 0.1)
    run("b", 2, "crashed", 0.2)
    failed = run("c", 3, "nan", 0.5, fault="training diverged", attempts=[{"state": "nan", "why": "x"}])
    write_json(failed.status, {"seconds": {"training": 4.0}, "warnings": ["W&B failed"]})
    measured = {"tokens/train_per_sec_per_gpu": 50.0, "memory/max_active (GiB)": 2.5}
    write_jsonl(failed.metrics, [{"step": 1, "loss": 1.0, **measured}])
    found = facts(failed)
    assert (found["state"], found["why"], found["steps"]) == ("nan", "training diverged", 1)
    assert found["compared_with"] == "a"
    assert found["differs"] == ["learning_rate: 0.1 -> 0.5"]
    assert found["seconds"] == {"training": 4.0}
    assert found["warnings"] == ["W&B failed"]
    assert (found["tokens_per_s"], found["peak_gib"]) == (50.0, 2.5)

"""Completions of any model are scored from a file; a line too many, too few or twice is an error."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.errors import DataError
from cli_tuner.evaluate import predictions
from cli_tuner.evaluate.cases import Suite, domain_suite
from cli_tuner.evaluate.predictions import read_predictions, result, score_all

pytestmark = pytest.mark.integration

ROWS = [{"id": f"r{n}", "instruction": f"say {n}", "command": f"echo {n}"} for n in range(12)]


def suite(tmp_path: Path) -> Suite:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return domain_suite(path, None)


def written(tmp_path: Path, lines: list[dict[str, Any]]) -> Path:
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_lines_with_ids_may_stand_in_any_order_and_lines_without_stand_in_that_of_the_rows(tmp_path: Path) -> None:
    lines = [{"id": row["id"], "completion": row["command"]} for row in ROWS]
    shuffled = random.Random(3).sample(lines, len(lines))
    cases = suite(tmp_path).cases
    by_id = read_predictions(written(tmp_path, shuffled), cases)
    by_order = read_predictions(written(tmp_path, [{"completion": one["completion"]} for one in lines]), cases)
    assert [one.text for one in by_id] == [one.text for one in by_order] == [row["command"] for row in ROWS]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[:-1], "1 rows without a completion (r11)"),
        (lambda lines: [*lines, lines[0]], "1 doubled ids (r0)"),
        (lambda lines: [*lines, {"id": "r99", "completion": "ls"}], "1 unknown ids (r99)"),
        (lambda lines: [*lines[:-1], {"completion": "ls"}], "11 of 12 lines have an `id`"),
        (lambda lines: [{"completion": "ls"}] * 5, "5 completions for 12 rows"),
        (lambda lines: [*lines[:-1], {"id": "r11", "completion": None}], "no text under `completion`"),
    ],
)
def test_what_does_not_fit_is_an_error_that_names_it(tmp_path: Path, change: Any, said: str) -> None:
    lines = [{"id": row["id"], "completion": row["command"]} for row in ROWS]
    with pytest.raises(DataError) as caught:
        read_predictions(written(tmp_path, change(lines)), suite(tmp_path).cases)
    assert said in caught.value.message


def test_golds_score_one_and_several_processes_score_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = suite(tmp_path)
    answers = [{"completion": f"Use `{row['command']}`." if n % 3 else row["command"]} for n, row in enumerate(ROWS)]
    completions = read_predictions(written(tmp_path, answers), rows.cases)
    alone = score_all(completions, rows.cases)
    monkeypatch.setattr(predictions, "_SMALL", 1)
    assert score_all(completions, rows.cases) == alone
    found = result(rows, {"tuned": (tmp_path / "answers.jsonl", alone)}).plain()
    assert found["metrics"]["exact_match"]["value"] == pytest.approx(4 / 12)
    assert found["extracted"]["metrics"]["exact_match"]["value"] == 1.0
    assert found["data"]["domain"]["n"] == 12


def test_two_files_are_compared_in_pairs(tmp_path: Path) -> None:
    rows = suite(tmp_path)
    file = written(tmp_path, [{"completion": row["command"]} for row in ROWS])
    right = score_all(read_predictions(file, rows.cases), rows.cases)
    wrong = score_all(read_predictions(written(tmp_path, [{"completion": "ls"}] * 12), rows.cases), rows.cases)
    paired = result(rows, {"base": (file, wrong), "tuned": (file, right)}).plain()["paired"]["exact_match"]
    assert (paired["wins"], paired["losses"], paired["test"]) == (12, 0, "mcnemar_exact")

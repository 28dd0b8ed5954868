"""Columns of strangers: found whatever case, object or list they stand in, and none with the row's text left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.errors import DataError
from cli_tuner.prepare.columns import map_columns
from cli_tuner.prepare.run import Outcome
from cli_tuner.prepare.settings import Columns
from tests.prepare.conftest import pairs, read_rows

Row = dict[str, Any]
Run = Callable[..., Outcome]


@pytest.mark.parametrize(
    "shape",
    [
        lambda i, c: {"NL Command": i, " Bash ": c},
        lambda i, c: {"id": 1, "data": {"nl": i, "bash": c}},
        lambda i, c: {"Messages": [{"Role": "User", "Content": i}, {"Role": "Assistant", "Content": c}]},
        lambda i, c: {"dialog": [{"speaker": "human", "text": i}, {"speaker": "bot", "text": c}]},
        lambda i, c: {
            "contents": [{"role": "user", "parts": [{"text": i}]}, {"role": "model", "parts": [{"text": c}]}]
        },
    ],
    ids=["case and spaces", "an object in the row", "keys in capitals", "speaker and text", "parts"],
)
def test_the_pair_is_found(run: Run, tmp_path: Path, shape: Callable[[str, str], Row]) -> None:
    rows = pairs(40)
    run([shape(row["instruction"], row["command"]) for row in rows])
    kept = [row for split in ("train", "val", "test") for row in read_rows(tmp_path / f"out/{split}.jsonl")]
    assert sorted((row["instruction"], row["command"]) for row in kept) == sorted(
        (row["instruction"], row["command"]) for row in rows
    )


def test_prose_in_a_column_of_any_name_is_not_left_out_silently(run: Run) -> None:
    rows = [{**row, "begrenzung": f"but only those of the user number {n}"} for n, row in enumerate(pairs(20))]
    with pytest.raises(DataError, match="'begrenzung' holds text in 20 of 20 rows") as raised:
        run(rows)
    assert "--column ignore=begrenzung" in raised.value.hint


@pytest.mark.parametrize(
    "column",
    [
        lambda n, row: f"https://example.org/{n}",
        lambda n, row: f"topic {n}",
        lambda n, row: f"find /srv/{n} -name '*.log' -size +1M",
        lambda n, row: f"Below is an instruction. {row['instruction']} Answer: {row['command']}",
        lambda n, row: row["instruction"],
        lambda n, row: "taken from the manual of the system",
    ],
    ids=["address", "tag", "command", "the whole row", "the request again", "the same everywhere"],
)
def test_columns_that_say_nothing_more_of_the_row_stop_nothing(run: Run, column: Callable[[int, Row], str]) -> None:
    outcome = run([{**row, "note": column(n, row)} for n, row in enumerate(pairs(20))])
    assert outcome.provenance["gates"]["kept"] == 20


def test_rows_with_a_further_column_are_mapped_as_the_others_are() -> None:
    rows = [{"instruction": "a", "command": "ls"}, {"instruction": "a", "command": "ls", "flaw": "none"}]
    first, second = (map_columns(list(row), Columns(), "rows.jsonl", row) for row in rows)
    assert second.others == ("flaw",)
    assert first == second and hash(first) == hash(second)

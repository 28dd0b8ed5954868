"""JSON as other programs write it: the same rows, whatever holds them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cli_tuner.errors import DataError
from cli_tuner.prepare.readers import Reading, count_lines, describe, read_rows

ROWS = [
    {"nl": "list files", "bash": "ls"},
    {"nl": "show the date", "bash": "date"},
    {"nl": "who is here", "bash": "who"},
]
Writer = Callable[[list[dict[str, str]]], str]


def by_label(rows: list[dict[str, str]]) -> str:
    return json.dumps({name: {str(n): row[name] for n, row in enumerate(rows)} for name in rows[0]})


def split(rows: list[dict[str, str]]) -> str:
    cells = [list(row.values()) for row in rows]
    return json.dumps({"columns": list(rows[0]), "index": list(range(len(rows))), "data": cells})


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("frame.json", by_label),
        ("frame.json", split),
        ("objects.json", lambda rows: "\n".join(json.dumps(row, indent=1) for row in rows)),
        ("objects.json", lambda rows: "".join(json.dumps(row, indent=1) for row in rows)),
        ("list.jsonl", lambda rows: json.dumps(rows)),
        ("list.jsonl", lambda rows: json.dumps(rows, indent=1)),
        ("list.jsonl", lambda rows: "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n"),
        ("list.ndjson", lambda rows: "\ufeff" + json.dumps(rows)),
    ],
)
def test_rows_are_found_in_what_other_programs_write(tmp_path: Path, name: str, write: Writer) -> None:
    path = tmp_path / name
    path.write_text(write(ROWS), encoding="utf-8")
    assert [dict(row.values) for row in read_rows(path, Reading(1 << 20))] == ROWS
    assert count_lines(path, Reading(1 << 20)) is None


def test_a_list_in_a_file_of_lines_is_told(tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    path.write_text(json.dumps(ROWS), encoding="utf-8")
    assert describe(path, Reading(1 << 20)) == {"read_as": "one document"}


def test_rows_by_id_are_not_taken_for_columns(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps({str(n): row for n, row in enumerate(ROWS)}), encoding="utf-8")
    assert [dict(row.values) for row in read_rows(path, Reading(1 << 20))] == ROWS


def test_one_damaged_object_among_several_stops_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "objects.json"
    path.write_text("\n".join(json.dumps(row, indent=1) for row in ROWS).replace('"date"', '"date'), encoding="utf-8")
    with pytest.raises(DataError, match=r"line [5-8],"):
        list(read_rows(path, Reading(1 << 20)))


def test_lines_that_are_lists_stay_lines(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(list(row.values())) + "\n" for row in ROWS), encoding="utf-8")
    assert [row.fault for row in read_rows(path, Reading(1 << 20))] == ["not_an_object: list"] * 3


@pytest.mark.parametrize("kind", ["stream", "file"])
def test_arrow_is_read_as_datasets_and_feather_write_it(tmp_path: Path, kind: str) -> None:
    pa = pytest.importorskip("pyarrow")
    table = pa.Table.from_pylist(ROWS)
    path = tmp_path / "data-00000-of-00001.arrow"
    with path.open("wb") as handle, getattr(pa.ipc, f"new_{kind}")(handle, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    assert [dict(row.values) for row in read_rows(path, Reading(1 << 20))] == ROWS


def test_damaged_arrow_is_an_error_of_the_data(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "rows.arrow"
    path.write_bytes(b"ARROW1 and nothing more")
    with pytest.raises(DataError, match="not readable as Arrow"):
        list(read_rows(path, Reading(1 << 20)))


def test_a_packed_file_names_the_tool_that_unpacks_it(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(b"\x1f\x8b")
    with pytest.raises(DataError) as raised:
        list(read_rows(path, Reading(1 << 20)))
    assert "gunzip rows.jsonl.gz" in raised.value.hint

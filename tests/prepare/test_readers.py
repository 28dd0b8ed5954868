from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_tuner.errors import DataError
from cli_tuner.prepare.readers import read_rows

LIMIT = 1 << 16


def _read(path: Path, limit: int = LIMIT) -> list[tuple[str, dict[str, object], str]]:
    return [(row.origin.rsplit(":", 1)[1], dict(row.values), row.fault) for row in read_rows(path, limit)]


def _file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_a_broken_line_is_a_fault_that_names_its_line(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.jsonl", b'{"a": 1}\n{"a": \n\n[1]\n{"a": 2}\n')
    assert [(line, fault.split(":")[0]) for line, _, fault in _read(path)] == [
        ("1", ""), ("2", "broken_json"), ("4", "not_an_object"), ("5", ""),
    ]  # fmt: skip


def test_bom_and_crlf_are_taken_off(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.jsonl", b'\xef\xbb\xbf{"a": "x"}\r\n{"a": "y"}\r\n')
    assert [values for _, values, _ in _read(path)] == [{"a": "x"}, {"a": "y"}]


def test_bytes_that_are_no_text_are_faults_and_kept(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.jsonl", b'{"a": "\xff"}\n{"a": "\x00"}\n' + b'{"a": ' + b"[" * 100_000 + b"\n")
    rows = _read(path, 1 << 20)
    assert [fault.split(":")[0] for _, _, fault in rows] == ["not_utf8", "nul_byte", "broken_json"]
    assert rows[0][1]["text"] == '{"a": "\\xff"}'


def test_a_ten_megabyte_line_is_skipped_without_being_held(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.jsonl", b'{"a": "' + b"x" * 10_000_000 + b'"}\n{"a": "y"}\n')
    (first, second) = _read(path)
    assert first[2] == "line_too_long: 10000010 bytes, the limit is 65536" and len(str(first[1]["text"])) == 500
    assert second == ("2", {"a": "y"}, "")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b'\xef\xbb\xbfnl,bash\r\nlist,"ls, -l"\r\n"two\nlines",pwd\r\n'),
        ("a.tsv", b'nl\tbash\nlist\tls, -l\n"two\nlines"\tpwd\n'),
    ],
)
def test_delimited_files(tmp_path: Path, name: str, content: bytes) -> None:
    rows = _read(_file(tmp_path, name, content))
    assert [values for _, values, _ in rows] == [{"nl": "list", "bash": "ls, -l"}, {"nl": "two\nlines", "bash": "pwd"}]


def test_a_csv_may_separate_by_semicolons(tmp_path: Path) -> None:
    rows = _read(_file(tmp_path, "a.csv", b'nl;bash\nlist, all;"ls; pwd"\n'))
    assert [values for _, values, _ in rows] == [{"nl": "list, all", "bash": "ls; pwd"}]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.json", "a.tsv"])
def test_utf16_is_refused_with_the_remedy(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="UTF-16") as caught:
        _read(_file(tmp_path, name, '{"a": 1}'.encode("utf-16")))
    assert "iconv" in caught.value.hint


def test_csv_rows_of_another_width_or_encoding_are_faults(tmp_path: Path) -> None:
    rows = _read(_file(tmp_path, "a.csv", b"nl,bash\na\na,b,c\n\xff,b\n" + b"x" * 70_000 + b",b\ngood,ls\n"))
    assert [fault.split(":")[0] for _, _, fault in rows] == [
        "column_count",
        "column_count",
        "not_utf8",
        "broken_csv",
        "",
    ]


def test_json_documents_of_three_shapes(tmp_path: Path) -> None:
    rows = [{"nl": "a", "cmd": "ls"}, {"nl": "b", "cmd": "pwd"}]
    for name, value in (("list", rows), ("wrapped", {"data": rows}), ("keyed", {"1": rows[0], "2": rows[1]})):
        path = _file(tmp_path, f"{name}.json", json.dumps(value).encode())
        assert [values for _, values, _ in _read(path)] == rows
    with pytest.raises(DataError, match="not readable as JSON"):
        _read(_file(tmp_path, "b.json", b"{"))
    with pytest.raises(DataError, match="list of rows"):
        _read(_file(tmp_path, "c.json", b"3"))


def test_paired_lines_belong_together(tmp_path: Path) -> None:
    _file(tmp_path, "all.cm", b"ls\npwd\n")
    path = _file(tmp_path, "all.nl", b"list\nwhere\n")
    assert [values for _, values, _ in _read(path)] == [
        {"instruction": "list", "command": "ls"},
        {"instruction": "where", "command": "pwd"},
    ]
    _file(tmp_path, "all.cm", b"ls\n")
    with pytest.raises(DataError, match="more lines than its partner"):
        _read(path)
    (tmp_path / "all.cm").unlink()
    with pytest.raises(DataError, match="partner is missing"):
        _read(path)


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"nl": ["a", "b"], "bash": ["ls", None]}), path)
    assert [values for _, values, _ in _read(path)] == [{"nl": "a", "bash": "ls"}, {"nl": "b", "bash": None}]
    with pytest.raises(DataError, match="not readable as Parquet"):
        _read(_file(tmp_path, "b.parquet", b"PAR1"))


def test_an_unknown_kind_and_a_missing_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="unknown kind"):
        _read(_file(tmp_path, "a.xml", b""))
    with pytest.raises(DataError, match="cannot be read"):
        _read(tmp_path / "none.jsonl")

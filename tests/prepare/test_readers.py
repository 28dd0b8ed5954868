from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.errors import DataError
from cli_tuner.prepare.readers import Reading, describe, read_rows

LIMIT = 1 << 16


def _read(path: Path, limit: int = LIMIT) -> list[tuple[str, dict[str, object], str]]:
    return [(row.origin.rsplit(":", 1)[1], dict(row.values), row.fault) for row in read_rows(path, Reading(limit))]


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


def test_a_line_that_is_too_long_is_refused_and_kept_whole(tmp_path: Path) -> None:
    long = '{"a": "' + "x" * 10_000_000 + '"}'
    path = _file(tmp_path, "a.jsonl", long.encode() + b'\n{"a": "y"}\n')
    (first, second) = _read(path)
    assert first[2] == "line_too_long: 10000009 bytes, the limit is 65536" and first[1]["text"] == long
    assert second == ("2", {"a": "y"}, "")


def test_a_line_that_the_log_cannot_keep_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli_tuner.prepare.lines.HELD_BYTES", 1 << 17)
    path = _file(tmp_path, "a.jsonl", b'{"a": "y"}\n' + b"x" * ((1 << 17) + 1) + b"\n")
    with pytest.raises(DataError, match=r"a.jsonl:2: a line of 131073 bytes"):
        _read(path)


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


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_the_delimiter_is_found_and_said(tmp_path: Path, suffix: str, delimiter: str) -> None:
    rows = [["nl", "bash"], ["list, all", "ls | wc"], ["where; how", "pwd"]]
    quoted = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    path = _file(tmp_path, f"a.{suffix}", quoted.encode())
    assert [values for _, values, _ in _read(path)] == [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    named = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[delimiter]
    own = {"csv": ",", "tsv": "\t"}[suffix]
    assert describe(path, Reading(LIMIT)) == ({} if delimiter == own else {"delimiter": named})


def test_excel_says_its_delimiter_in_the_first_line(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.csv", b"sep=;\r\nnl;bash\r\nlist;ls\r\n")
    assert [values for _, values, _ in _read(path)] == [{"nl": "list", "bash": "ls"}]


def test_a_trailing_delimiter_is_no_cell_and_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.csv", b"nl,bash\nlist,ls,\nwhere,pwd,,\n")
    assert [values for _, values, _ in _read(path)] == [{"nl": "list", "bash": "ls"}, {"nl": "where", "bash": "pwd"}]
    with pytest.raises(DataError, match="twice: nl"):
        _read(_file(tmp_path, "b.csv", b"nl,nl\nlist,ls\n"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.json", "a.tsv"])
def test_the_encoding_is_found_and_said(tmp_path: Path, name: str, encoding: str) -> None:
    rows = [{"nl": f"Größe von Ängström für Ölwärme {number}", "bash": "ls"} for number in range(5)]
    text = {
        "a.jsonl": "".join(json.dumps(row, ensure_ascii=False) + "\r\n" for row in rows),
        "a.json": json.dumps(rows, ensure_ascii=False, indent=1),
        "a.csv": "nl,bash\r\n" + "".join(f"{row['nl']},{row['bash']}\r\n" for row in rows),
        "a.tsv": "nl\tbash\n" + "".join(f"{row['nl']}\t{row['bash']}\n" for row in rows),
    }[name]
    path = _file(tmp_path, name, text.encode(encoding))
    assert [values for _, values, _ in _read(path)] == rows
    assert ("encoding" in describe(path, Reading(LIMIT))) == (encoding != "utf-8-sig")


def test_one_strange_byte_does_not_make_a_file_western(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.csv", b"nl,bash\nlist,ls\nl\xefst,ls\n")
    assert [fault for _, _, fault in _read(path)] == ["", "not_utf8"]


def test_an_unclosed_quote_costs_its_own_row_only(tmp_path: Path) -> None:
    rows = [f"request {number},ls -{number}" for number in range(1, 501)]
    rows[49] = '"' + rows[49]
    found = _read(_file(tmp_path, "a.csv", ("nl,bash\n" + "\n".join(rows) + "\n").encode()))
    assert len(found) == 500
    (fault,) = [row for row in found if row[2]]
    assert fault[0] == "51" and fault[1]["text"] == rows[49] and fault[2].startswith("broken_csv")


def test_a_lost_quote_that_a_stray_one_closes_swallows_no_rows(tmp_path: Path) -> None:
    rows = [f"request {number},ls -{number}" for number in range(20)]
    rows[3], rows[12] = '"' + rows[3], 'disks of 5",ls'
    found = _read(_file(tmp_path, "a.csv", ("nl,bash\n" + "\n".join(rows) + "\n").encode()))
    assert [row[0] for row in found if row[2]] == ["5"] and len(found) == 20


def test_quotes_of_a_command_in_a_tsv_are_its_own(tmp_path: Path) -> None:
    path = _file(tmp_path, "a.tsv", b'nl\tbash\nrun it\t"$HOME/bin/x" -v\nsay\techo "a"\n')
    assert [values["bash"] for _, values, _ in _read(path)] == ['"$HOME/bin/x" -v', 'echo "a"']


def test_a_key_that_stands_twice_is_a_fault_that_keeps_both_values(tmp_path: Path) -> None:
    line = b'{"nl": "a", "bash": "ls", "nl": "b"}'
    ((_, values, fault),) = _read(_file(tmp_path, "a.jsonl", line))
    assert fault == "duplicate_key: nl" and values["text"] == line.decode()
    ((_, values, fault),) = _read(_file(tmp_path, "a.json", b"[" + line + b"]"))
    assert fault == "duplicate_key: nl" and values["text"] == line.decode()


@pytest.mark.parametrize(
    ("value", "rows", "said"),
    [
        ({"train": [1, 2], "test": [3]}, [1, 2, 3], {"lists": {"train": 2, "test": 1}}),
        ({"data": [1, 2], "labels": ["x"], "version": 2}, [1, 2], {"left_out": ["labels", "version"]}),
        ({"data": {"train": [1], "dev": [2]}}, [1, 2], {"lists": {"train": 1, "dev": 1}}),
    ],
)
def test_named_lists_are_read_and_said(tmp_path: Path, value: Any, rows: list[int], said: dict[str, Any]) -> None:
    def filled(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: filled(child) for name, child in part.items()}
        rows = isinstance(part, list) and isinstance(part[0], int)
        return [{"nl": str(number), "bash": "ls"} for number in part] if rows else part

    path = _file(tmp_path, "a.json", json.dumps(filled(value)).encode())
    assert [values["nl"] for _, values, _ in _read(path)] == [str(n) for n in rows]
    assert describe(path, Reading(LIMIT)) == said


def test_columns_trailing_commas_and_lines_in_a_json_file(tmp_path: Path) -> None:
    rows = [{"nl": "a, ]", "bash": "ls"}, {"nl": "b", "bash": "pwd"}]
    texts = {
        "columns": json.dumps({"nl": ["a, ]", "b"], "bash": ["ls", "pwd"]}),
        "comma": '[{"nl": "a, ]", "bash": "ls",}, {"nl": "b", "bash": "pwd"},\n]',
        "lines": "\n".join(map(json.dumps, rows)),
    }
    for name, text in texts.items():
        path = _file(tmp_path, f"{name}.json", text.encode())
        assert [values for _, values, _ in _read(path)] == rows
    assert describe(tmp_path / "comma.json", Reading(LIMIT)) == {"fixed": "trailing commas"}
    assert describe(tmp_path / "lines.json", Reading(LIMIT)) == {"read_as": "one object a line"}
    with pytest.raises(DataError, match="no list dev"):
        list(read_rows(_file(tmp_path, "d.json", b'{"train": [{"a": 1}]}'), Reading(LIMIT, lists=("dev",))))


def test_a_damaged_document_stops_and_shows_where(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 2, column 8") as caught:
        _read(_file(tmp_path, "a.json", b'[{"nl": "a"},\n {"nl" "b"}]'))
    assert "JSONL" in caught.value.hint


def test_csv_rows_of_another_width_or_encoding_are_faults(tmp_path: Path) -> None:
    rows = _read(_file(tmp_path, "a.csv", b"nl,bash\na\na,b,c\n\xff,b\n" + b"x" * 70_000 + b",b\ngood,ls\n"))
    assert [fault.split(":")[0] for _, _, fault in rows] == [
        "column_count",
        "column_count",
        "not_utf8",
        "line_too_long",
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

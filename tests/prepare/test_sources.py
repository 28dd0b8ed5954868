from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from cli_tuner.errors import DataError
from cli_tuner.prepare.columns import Mapped, extract, map_columns
from cli_tuner.prepare.run import Outcome
from cli_tuner.prepare.settings import Columns, Settings
from cli_tuner.prepare.sources import load_rows, open_sources
from tests.prepare.conftest import pairs, read_rows, write_rows

Run = Callable[..., Outcome]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["nl_command", "bash_code", "srno"], ("nl_command", "bash_code", ())),
        (["NL", "Bash", "bash2", "difficulty"], ("NL", "Bash", ("bash2",))),
        (["prompt", "completion"], ("prompt", "completion", ())),
        (["invocation", "cmd"], ("invocation", "cmd", ())),
        (["input", "output", "instruction"], ("instruction", "output", ())),
    ],
)
def test_columns_are_known_by_name(names: list[str], expected: tuple[str, str, tuple[str, ...]]) -> None:
    mapped = map_columns(names, Columns(), "x", {})
    assert (mapped.instruction, mapped.command, mapped.references) == expected


def test_a_missing_column_shows_what_there_is() -> None:
    with pytest.raises(DataError, match="no command column among text, label") as caught:
        map_columns(["text", "label"], Columns(instruction="text"), "x.csv", {"text": "hello", "label": 1})
    assert "hello" in caught.value.message and "--column command=NAME" in caught.value.hint


def test_a_chat_is_read_by_its_roles() -> None:
    row = {"messages": [{"role": "user", "content": "list"}, {"role": "assistant", "content": "ls"}]}
    assert extract(row, map_columns(["messages"], Columns(), "x", row)) == ("list", "ls", [])


def test_a_chat_in_the_shape_of_sharegpt_is_read_too() -> None:
    row = {"conversations": [{"from": "human", "value": "list"}, {"from": "gpt", "value": "ls"}]}
    assert extract(row, map_columns(["conversations"], Columns(), "x", row)) == ("list", "ls", [])


def test_a_chat_of_several_turns_is_refused_and_kept(run: Run, tmp_path: Path) -> None:
    turns = [{"role": role, "content": text} for role, text in (("user", "List"), ("assistant", "ls"))]
    rows = [
        {"messages": [{"role": "user", "content": r["instruction"]}, {"role": "assistant", "content": r["command"]}]}
        for r in pairs(30)
    ]
    gates = run([*rows, {"messages": turns * 2}]).provenance["gates"]
    assert gates["rejected_by_reason"] == {"read/several_turns": 1}
    assert read_rows(tmp_path / "out/logs/rejected.jsonl")[0]["row"] == {"messages": turns * 2}
    with pytest.raises(DataError, match="several_turns: 2 of the user, 2 of the assistant"):
        run([*rows, {"messages": turns * 2}], "stopped", filters={"off": ("lint",), "bad_line": "stop"})


def test_bytes_of_a_writer_that_marks_no_strings_are_text() -> None:
    assert extract({"i": b"list", "c": b"ls"}, Mapped("i", "c")) == ("list", "ls", [])
    assert extract({"i": b"\xff", "c": "ls"}, Mapped("i", "c")) == (b"\xff", "ls", [])


def test_a_refused_row_may_hold_what_json_cannot(run: Run, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    rows = [{**row, "when": datetime(2020, 1, 1), "image": b"\xff", "rate": math.nan} for row in pairs(30)]
    rows[3]["command"] = "ls ("
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "rich.parquet")
    run(tmp_path / "rich.parquet")
    line = (tmp_path / "out/logs/rejected.jsonl").read_text()
    kept = json.loads(line, parse_constant=pytest.fail)["row"]
    assert (kept["when"], kept["image"], kept["rate"]) == ("2020-01-01 00:00:00", "\\xff", "NaN")


def _open(rows: list[dict[str, str]], folder: Path, **columns: str) -> None:
    path = write_rows(folder / "rows.jsonl", rows)
    open_sources(Settings.model_validate({"sources": [{"path": str(path), "columns": columns}]}))


def test_one_instruction_for_every_row_is_doubtful(tmp_path: Path) -> None:
    rows = [{"instruction": "Write Bash", "input": r["instruction"], "output": r["command"]} for r in pairs(40)]
    with pytest.raises(DataError, match="asks for 40 commands with 1 instruction\n") as caught:
        _open(rows, tmp_path)
    assert "--column instruction=input" in caught.value.hint
    _open(rows, tmp_path, instruction="input")
    _open([{"instruction": "Show the date", "command": "date"}] * 40, tmp_path)


def test_terse_requests_are_no_commands(tmp_path: Path) -> None:
    requests = ["list files", "show disk usage", "find large files", "kill process", "sort lines"]
    _open([{"instruction": ask, "command": r["command"]} for ask, r in zip(requests, pairs(5), strict=True)], tmp_path)
    _open([{"instruction": "find *.py", "command": "find . -name '*.py'"}], tmp_path)
    with pytest.raises(DataError, match="100% of the instructions"):
        _open([{"instruction": r["command"] + " -v", "command": r["command"]} for r in pairs(40)], tmp_path)


def test_a_list_of_commands_is_a_command_and_references() -> None:
    assert extract({"i": "x", "c": ["ls", "dir"], "r": "ls -C"}, Mapped("i", "c", ("r",))) == (
        "x",
        "ls",
        ["dir", "ls -C"],
    )


def test_swapped_columns_are_found_by_content(tmp_path: Path) -> None:
    rows = [{"instruction": row["command"], "command": row["instruction"]} for row in pairs(40)]
    path = write_rows(tmp_path / "swapped.jsonl", rows)
    with pytest.raises(DataError, match="look wrong") as caught:
        open_sources(Settings.model_validate({"sources": [{"path": str(path)}]}))
    assert rows[0]["instruction"][:20] in caught.value.message


def test_a_folder_is_read_in_the_order_of_names_and_ignores_other_files(tmp_path: Path) -> None:
    write_rows(tmp_path / "b.jsonl", pairs(20)[10:])
    write_rows(tmp_path / "a.jsonl", pairs(20)[:10])
    (tmp_path / "README.md").write_text("x")
    (tmp_path / "empty.jsonl").write_text("")
    opened = open_sources(Settings.model_validate({"sources": [{"path": str(tmp_path)}]}))
    rows = [row.command for row in load_rows(opened, stop_at_fault=True)]
    assert rows == [row["command"] for row in pairs(20)]


@pytest.mark.parametrize(
    ("content", "message"), [(None, "no such file"), ("", "holds no rows"), ("\n\n", "holds no rows")]
)
def test_a_source_without_rows_is_an_error(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "rows.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match=message):
        open_sources(Settings.model_validate({"sources": [{"path": str(path)}]}))
    with pytest.raises(DataError, match="no data files"):
        (tmp_path / "none").mkdir()
        open_sources(Settings.model_validate({"sources": [{"path": str(tmp_path / "none")}]}))


def test_a_line_that_cannot_be_read_is_kept_aside_or_stops_the_run(run: Run, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", pairs(30))
    path.write_text(path.read_text() + '{"instruction": \n', encoding="utf-8")
    gates = run(path).provenance["gates"]
    assert (gates["loaded"], gates["rejected_by_reason"]) == (31, {"read/broken_json": 1})
    assert read_rows(tmp_path / "out/logs/rejected.jsonl")[0]["origin"] == f"{path}:31"
    with pytest.raises(DataError, match=r"rows\.jsonl:31: broken_json"):
        run(path, "stopped", filters={"off": ("lint",), "bad_line": "stop"})


def test_mixed_columns_and_duplicate_ids_lose_nothing(run: Run, tmp_path: Path) -> None:
    rows = [{"id": 7, **row} for row in pairs(30)]
    other = {"nl": "List", "bash": "ls"}
    outcome = run([*rows, other])
    assert outcome.provenance["gates"]["rejected_by_reason"] == {"schema/missing_column": 1}
    assert outcome.provenance["gates"]["kept"] + outcome.provenance["gates"]["deduplicated"] == 30
    assert read_rows(tmp_path / "out/logs/rejected.jsonl")[0]["row"] == other


def test_a_strange_first_row_does_not_refuse_the_file(run: Run) -> None:
    gates = run([{"text": "List", "note": "ls"}, *pairs(30)]).provenance["gates"]
    assert gates["rejected_by_reason"] == {"schema/missing_column": 1}
    assert gates["loaded"] == 31


def test_further_command_columns_become_references(run: Run, tmp_path: Path) -> None:
    rows = [{"nl": r["instruction"], "bash": r["command"], "bash2": r["command"] + " | cat"} for r in pairs(30)]
    run(rows)
    row = read_rows(tmp_path / "out/train.jsonl")[0]
    assert row["references"] == [row["command"], row["command"] + " | cat"]

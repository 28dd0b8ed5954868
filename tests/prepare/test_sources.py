from __future__ import annotations

from collections.abc import Callable
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

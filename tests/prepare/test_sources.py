from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.errors import DataError
from cli_tuner.prepare.columns import Mapped, extract, map_columns
from cli_tuner.prepare.run import Outcome
from cli_tuner.prepare.settings import SPLITS, Columns, Settings
from cli_tuner.prepare.sources import LoadedRow, load_rows, open_sources
from cli_tuner.prepare.turns import pair, pair_fault
from tests.prepare.conftest import pairs, read_rows, write_rows

Run = Callable[..., Outcome]

STOP = Settings.model_validate({"filters": {"bad_line": "stop"}})
SKIP = Settings()


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


def _open(rows: Sequence[Mapping[str, Any]], folder: Path, **columns: Any) -> None:
    path = write_rows(folder / "rows.jsonl", rows)
    open_sources(Settings.model_validate({"sources": [{"path": str(path), "columns": columns}]}))


def test_one_instruction_for_every_row_is_doubtful(tmp_path: Path) -> None:
    rows = [{"instruction": "Write Bash", "output": r["command"]} for r in pairs(40)]
    with pytest.raises(DataError, match="40 of 40 rows share 1 request with 5 or more different answers") as caught:
        _open(rows, tmp_path)
    assert "--column instruction=NAME" in caught.value.hint and "--allow many_answers" in caught.value.hint


def test_a_speaking_column_that_is_not_used_is_shown_with_what_uses_it(run: Run, tmp_path: Path) -> None:
    rows = [
        {"instruction": f"Write Bash {i % 10}", "input": r["instruction"], "output": r["command"]}
        for i, r in enumerate(pairs(60))
    ]
    with pytest.raises(DataError, match="'input' holds text in 60 of 60 rows and is not used") as caught:
        _open(rows, tmp_path)
    assert "--column context=input" in caught.value.hint and "--column ignore=input" in caught.value.hint
    _open(rows, tmp_path, instruction="input", ignore=["instruction"])
    path = write_rows(tmp_path / "alpaca.jsonl", rows)
    run(path, sources=[{"path": str(path), "columns": {"context": ["input"]}}])
    kept = [row["instruction"] for name in SPLITS for row in read_rows(tmp_path / f"out/{name}.jsonl")]
    assert kept and all(text.startswith("Write Bash ") and "\n\n" in text for text in kept)


def test_a_column_that_fills_up_late_costs_its_rows_and_says_so(run: Run, tmp_path: Path) -> None:
    rows = [{"instruction": r["instruction"], "input": "", "output": r["command"]} for r in pairs(2100)]
    rows[-1]["input"] = "only on Fridays"
    (late,) = _refused(_stream(rows, tmp_path))
    assert late.fault == "unused_column: input" and late.raw["input"] == "only on Fridays"


def test_one_answer_to_all_requests_is_doubtful(tmp_path: Path) -> None:
    rows = [{"instruction": r["instruction"], "command": "ls -la"} for r in pairs(40)]
    with pytest.raises(DataError, match="40 different requests have one and the same answer") as caught:
        _open(rows, tmp_path)
    assert "--allow constant_answer" in caught.value.hint


def test_a_system_turn_of_the_set_is_not_replaced_silently(run: Run, tmp_path: Path) -> None:
    rows = [{"messages": [{"role": "system", "content": "Use GNU tools"}, *_chat(r)]} for r in pairs(40)]
    with pytest.raises(DataError, match="40 of 40 chats have a system turn of their own") as caught:
        _open(rows, tmp_path)
    assert "--column ignore=system" in caught.value.hint
    _open(rows, tmp_path, ignore=["system"])
    mixed = [{"messages": _chat(r)} for r in pairs(40)]
    mixed[7]["messages"].insert(0, {"role": "system", "content": "Use GNU tools"})
    assert [row.fault for row in _refused(_stream(mixed, tmp_path))] == ["unused_turn: system"]


@pytest.mark.parametrize(
    ("turns", "fault"),
    [
        ([("Human", "List"), ("GPT", "ls")], ""),
        ([("human", "List"), ("chatgpt", "ls")], ""),
        ([("user", "List"), ("model", "ls")], ""),
        ([("user", [{"type": "text", "text": "Li"}, {"type": "text", "text": "st"}]), ("assistant", "ls")], ""),
        ([("user", [{"type": "image_url", "image_url": {}}]), ("assistant", "ls")], "no_text"),
        ([("assistant", "ls"), ("user", "List")], "turn_order"),
        ([("user", "List"), ("tool", "x"), ("assistant", "ls")], "tool_turn"),
        ([("user", "List"), ("narrator", "ls")], "unknown_role"),
        ([("user", "List"), ("assistant", "ls"), ("user", "More")], "several_turns"),
    ],
)
def test_chats_by_role_and_part(turns: list[tuple[str, Any]], fault: str) -> None:
    messages = [{"role": role, "content": text} for role, text in turns]
    assert pair_fault(messages, ()).partition(":")[0] == fault
    if not fault:
        assert pair(messages) == ("List", "ls")
    called = [{"role": "user", "content": "x"}, {"role": "assistant", "content": None, "tool_calls": [{"id": 1}]}]
    assert pair_fault(called, ()).startswith("tool_calls")


def test_two_layouts_in_one_file_are_both_read(run: Run) -> None:
    rows = [r if i % 2 else {"nl": r["instruction"], "bash": r["command"]} for i, r in enumerate(pairs(40))]
    gates = run(rows).provenance["gates"]
    assert gates["loaded"] == 40 and gates["rejected"] == 0


def test_a_source_that_loses_more_than_a_tenth_of_its_rows_stops(run: Run, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", pairs(30))
    path.write_text(path.read_text() + '{"instruction": \n' * 4, encoding="utf-8")
    with pytest.raises(DataError, match="4 of 34 rows would be lost\n  4 read/broken_json") as caught:
        run(path)
    assert "--max-lost 0.12" in caught.value.hint and not (tmp_path / "out/train.jsonl").exists()
    assert len(read_rows(tmp_path / "out/logs/rejected_stopped.jsonl")) == 4
    assert run(path, filters={"off": ("lint",), "max_lost_rate": 0.12}).provenance["gates"]["rejected"] == 4


def test_a_source_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", pairs(30))
    opened = open_sources(Settings.model_validate({"sources": [{"path": str(path)}]}))
    opened[0].facts()
    rows = load_rows(opened, SKIP)
    next(rows)
    with path.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(pairs(31)[-1]) + "\n")
    with pytest.raises(DataError, match="changed while it was read"):
        list(rows)


def test_no_record_says_where_on_this_machine_the_rows_lay(run: Run, tmp_path: Path) -> None:
    rows = pairs(40)
    rows[3]["command"] = "ls ("
    run(rows)
    for file in (tmp_path / "out").rglob("*"):
        if file.is_file():
            assert str(tmp_path) not in file.read_text(encoding="utf-8"), file.name


def test_two_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    paths = [
        write_rows(tmp_path / name / "rows.jsonl", part)
        for name, part in (("a", pairs(20)[:10]), ("b", pairs(20)[10:]))
    ]
    opened = open_sources(Settings.model_validate({"sources": [{"path": str(path)} for path in paths]}))
    assert len({row.origin for row in load_rows(opened, STOP)}) == 20


def test_a_folder_of_the_hub_is_read_and_its_descriptions_are_not(tmp_path: Path) -> None:
    write_rows(tmp_path / "data/train.jsonl", pairs(20)[:10])
    write_rows(tmp_path / "data/more/test.jsonl", pairs(20)[10:])
    for name in ("dataset_info.json", ".croissant.json", "croissant.json"):
        (tmp_path / name).write_text('{"a": 1}')
    (opened,) = open_sources(Settings.model_validate({"sources": [{"path": str(tmp_path)}]}))
    assert len(list(load_rows([opened], STOP))) == 20
    assert opened.left_out == ["croissant.json", "dataset_info.json"]


def test_outputs_may_lie_in_the_folder_of_their_source(run: Run, tmp_path: Path) -> None:
    write_rows(tmp_path / "mine/rows.jsonl", pairs(30))
    first = run(tmp_path / "mine", "mine/out").provenance
    assert run(tmp_path / "mine", "mine/out").up_to_date
    assert run(tmp_path / "mine", "mine/out", force=True).provenance["gates"] == first["gates"]
    write_rows(tmp_path / "flat/rows.jsonl", pairs(30))
    first = run(tmp_path / "flat", "flat").provenance
    again = run(tmp_path / "flat", "flat", force=True).provenance
    assert again["gates"] == first["gates"]


def test_no_output_takes_the_place_of_its_source(run: Run, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "mine/train.jsonl", pairs(30))
    with pytest.raises(DataError, match=r"train\.jsonl would be written over") as caught:
        run(path, "mine")
    assert "--out" in caught.value.hint


def _chat(row: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"role": "user", "content": row["instruction"]}, {"role": "assistant", "content": row["command"]}]


def _stream(rows: list[dict[str, Any]], folder: Path) -> list[LoadedRow]:
    path = write_rows(folder / "rows.jsonl", rows)
    return list(load_rows(open_sources(Settings.model_validate({"sources": [{"path": str(path)}]})), SKIP))


def _refused(rows: list[LoadedRow]) -> list[LoadedRow]:
    return [row for row in rows if row.fault]


def test_rows_that_repeat_are_no_doubt(tmp_path: Path) -> None:
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
    rows = [row.command for row in load_rows(opened, STOP)]
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
    assert read_rows(tmp_path / "out/logs/rejected.jsonl")[0]["origin"] == "rows.jsonl:31"
    with pytest.raises(DataError, match=r"rows\.jsonl:31: broken_json"):
        run(path, "stopped", filters={"off": ("lint",), "bad_line": "stop"})


def test_mixed_columns_and_duplicate_ids_lose_nothing(run: Run, tmp_path: Path) -> None:
    rows = [{"id": 7, **row} for row in pairs(30)]
    other = {"text": "List", "shell": "ls"}
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

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli_tuner.cli import check_many
from cli_tuner.cli.check_many import judged


def here(command: str) -> tuple[str, str]:
    return command, f"{os.getpid()}"


@pytest.mark.parametrize(
    "n", [0, 1, check_many._ALONE, check_many._ALONE + 1, check_many._ALONE + 70 * check_many._CHUNK + 3]
)
def test_every_command_is_judged_once_and_in_order(n: int) -> None:
    commands = [f"echo {number}" for number in range(n)]
    assert [level for level, _ in judged(iter(commands), here)] == commands


def test_a_few_commands_start_no_worker_and_many_do() -> None:
    few = {pid for _, pid in judged(["ls"] * 10, here)}
    assert few == {str(os.getpid())}
    if (os.cpu_count() or 1) > 1:
        many = {pid for _, pid in judged(["ls"] * (check_many._ALONE + 4 * check_many._CHUNK), here)}
        assert len(many) > 1


def test_a_fault_in_a_worker_is_raised_here() -> None:
    def judge(command: str) -> tuple[str, str]:
        if command == "bad":
            raise ValueError("on purpose")
        return command, command

    with pytest.raises(ValueError, match="on purpose"):
        list(judged([*["ls"] * (check_many._ALONE + 10), "bad"], judge))


def test_a_bad_line_far_down_is_named_and_what_was_judged_before_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from cli_tuner.cli.main import main

    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"command": "ls"}\n' * 1600 + "not json\n", "utf-8")
    assert main(["check", "--file", str(rows), "--field", "command", "--json"]) == 2
    out, err = capsys.readouterr()
    assert "rows.jsonl:1601: not JSON" in err
    assert len(out.splitlines()) >= 1500

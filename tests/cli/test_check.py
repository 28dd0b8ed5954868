"""`cli-tuner check`: exit codes, JSON lines in order, and messages that name the next step."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from cli_tuner.cli.main import main


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_safe_command_exits_zero_and_a_dangerous_one_exits_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "ls -l"]) == 0
    assert main(["check", "rm -rf /"]) == 1
    assert main(["check", "chmod 777 x"]) == 0
    assert main(["check", "--fail-on", "review", "chmod 777 x"]) == 1
    assert "SAFE" in capsys.readouterr().out


def test_json_is_one_object_a_line_in_input_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.jsonl"
    commands = ["ls", "rm -rf /", "chmod 777 x", "echo ü é"]
    path.write_text("".join(json.dumps({"cmd": each}) + "\n" for each in commands), encoding="utf-8")
    assert main(["check", "--file", str(path), "--field", "cmd", "--json"]) == 1
    out = lines(capsys.readouterr().out)
    assert [each["command"] for each in out] == commands
    assert [each["verdict"] for each in out] == ["SAFE", "DANGEROUS", "REVIEW", "SAFE"]
    assert all("findings" in each for each in out)


def test_lines_come_from_stdin_whatever_their_bytes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"ls\nrm -rf /\n\nls \xff\xfe\n")))
    assert main(["check", "-", "--lines", "--json"]) == 1
    assert [each["verdict"] for each in lines(capsys.readouterr().out)] == [
        "SAFE",
        "DANGEROUS",
        "SAFE",
        "SAFE",
    ]


@pytest.mark.parametrize(
    ("script", "code"),
    [(b"rm -rf \\\n/\n", 1), (b"cat <<E\nrm -rf /\nE\n", 0), (b"x=rm\r\n$x -rf /\r\n", 1), (b"", 0)],
)
def test_stdin_is_one_script(monkeypatch: pytest.MonkeyPatch, script: bytes, code: int) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(script)))
    assert main(["check", "-"]) == code


def test_lines_without_stdin_is_a_usage_error() -> None:
    assert main(["check", "--lines", "ls"]) == 2


def test_explain_shows_what_would_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--explain", "bash -c 'rm -rf /'"]) == 1
    assert "- rm -rf /  (bash -c)" in capsys.readouterr().out


def test_profiles_and_policy_files_are_used(tmp_path: Path) -> None:
    assert main(["check", "git push --force"]) == 0
    assert main(["check", "--profile", "ops", "git push --force"]) == 1
    path = tmp_path / "p.yaml"
    path.write_text("version: 1\nprofiles: {default: {}}\nseverities: {FS001: SAFE}\n", encoding="utf-8")
    assert main(["check", "--policy", str(path), "rm -rf /"]) == 0


@pytest.mark.parametrize(
    ("rows", "part"),
    [
        ("{\n", ":1: not JSON"),
        ('{"a": 1}\n', "command: no such field"),
        ('{"command": 3}\n', "int, not text"),
        ("[]\n", "expected a JSON object"),
        ('{"command": "ls"}\nx\n', ":2: not JSON"),
    ],
)
def test_bad_rows_are_named_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: str, part: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(rows, encoding="utf-8")
    assert main(["check", "--file", str(path)]) == 2
    assert part in capsys.readouterr().err


def test_bad_usage_has_a_hint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 2
    assert main(["check", "ls", "--file", "x"]) == 2
    assert main(["check", "--file", str(tmp_path / "none.jsonl")]) == 2
    assert main(["check", "--profile", "nope", "ls"]) == 2
    shown = capsys.readouterr().err
    assert "no such file" in shown and "hint:" in shown and "no profile named 'nope'" in shown

"""`check --hook`: answers in each host's words, says nothing about what is safe, and fails closed."""

from __future__ import annotations

import io
import json
import sys

import pytest

from cli_tuner.cli.main import main

CALL = {"hook_event_name": "PreToolUse", "tool_name": "Bash"}


def ask(monkeypatch: pytest.MonkeyPatch, host: str, text: str) -> int:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    return main(["check", "--hook", host])


def call(command: object) -> str:
    return json.dumps({**CALL, "tool_input": {"command": command}})


@pytest.mark.parametrize(
    ("host", "command", "path", "value"),
    [
        ("claude", "rm -rf /", ("hookSpecificOutput", "permissionDecision"), "deny"),
        ("claude", "chmod 777 x", ("hookSpecificOutput", "permissionDecision"), "ask"),
        ("codex", "rm -rf /", ("hookSpecificOutput", "permissionDecision"), "deny"),
        ("gemini", "rm -rf /", ("decision",), "deny"),
    ],
)
def test_a_host_is_answered_in_its_own_words(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    host: str,
    command: str,
    path: tuple[str, ...],
    value: str,
) -> None:
    assert ask(monkeypatch, host, call(command)) == 0
    answer = json.loads(capsys.readouterr().out)
    for key in path:
        answer = answer[key]
    assert answer == value


@pytest.mark.parametrize("host", ["claude", "codex", "gemini"])
def test_a_safe_command_and_another_tool_get_no_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], host: str
) -> None:
    assert ask(monkeypatch, host, call("ls -l")) == 0
    assert ask(monkeypatch, host, json.dumps({"tool_name": "Read", "tool_input": {"file_path": "/etc/passwd"}})) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("host", ["codex", "gemini"])
def test_a_review_is_told_where_the_host_asks_by_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], host: str
) -> None:
    assert ask(monkeypatch, host, call("chmod 777 x")) == 0
    assert "PM007" in json.loads(capsys.readouterr().out)["systemMessage"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"tool_input": 3}', '{"tool_input": {"command": 3}}'])
def test_input_that_cannot_be_read_is_blocked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    assert ask(monkeypatch, "claude", text) == 2
    assert capsys.readouterr().out == ""


def test_a_list_of_words_is_a_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(monkeypatch, "codex", call(["bash", "-lc", "rm -rf /"])) == 0
    assert "FS001" in capsys.readouterr().out


def test_an_unknown_host_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(monkeypatch, "emacs", "{}") == 2

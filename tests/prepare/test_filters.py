from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli_tuner.errors import PrerequisiteError
from cli_tuner.prepare.filters import Candidate, Reason, chain, first_reason, read_row
from cli_tuner.prepare.loaded import LoadedRow
from cli_tuner.prepare.settings import Filters
from cli_tuner.shell.answer.lexicon import reads_as_command, reads_as_prose


def _judge(instruction: object, command: object, **changes: object) -> str:
    row = read_row(LoadedRow("x:1", 0, instruction, command))
    if isinstance(row, Candidate):
        reason = first_reason(chain(Filters.model_validate(changes)), row)
        return reason.reason if reason else ""
    return row.reason


@pytest.mark.parametrize(
    ("instruction", "command", "reason"),
    [
        (None, "ls", "missing_column"),
        ("List", 7, "not_text"),
        ("  ", "ls", "empty_instruction"),
        ("?!.", "ls", "empty_instruction"),
        ("List files", " \t", "empty_command"),
        ("ab", "ls", "short_instruction"),
        ("x" * 1001, "ls", "long_instruction"),
        ("List files", "ls " + "a" * 2000, "long_command"),
        ("List\x00 files", "ls", "control_character"),
        ("List files", "l\u200bs", "control_character"),
        ("List files", "ls \udc80", "control_character"),
        ("List files", "rm note\u202etxt", "control_character"),
        ("List files", "Use this:\n```\nls\n```", "markdown_fence"),
        ("List files", "ls\npwd", "multiple_lines"),
        ("Update the packages", "# update all packages", "comment"),
        ("List files", "ls <dir>", "placeholder"),
        ("List files", "ls {{dir}}", "placeholder"),
        ("List files", "cp [FILE] [DESTINATION]", "placeholder"),
        ("List files", "mysql -pYOUR_PASSWORD", "placeholder"),
        ("List files", "You can use the ls command to list them", "prose"),
        ("List files", "列出当前目录中的所有文件", "not_latin"),
        ("列出当前目录", "ls", "not_latin"),
        ("List files", "echo 'x", "parse_error"),
        ("Free space", "rm -rf /", "dangerous"),
    ],
)
def test_each_filter_gives_its_reason(instruction: object, command: object, reason: str) -> None:
    assert _judge(instruction, command) == reason


@pytest.mark.parametrize(
    "command",
    [
        "ls -la",
        "$ ls -la",
        "ls\r\n",
        'for f in *.txt; do mv -- "$f" "${f%.txt}.md"; done',
        "awk '/<tag>/ {print}' a.xml",
        "grep '[A-Z]' a.txt",
        "wc -l < input > output",
        "find . -name '*.py' -and -not -name 'the*'",
        "if [ -f a ]; then echo yes; fi",
        "echo café",
    ],
)
def test_honest_commands_pass(command: str) -> None:
    assert _judge("Do something honest", command) == ""


def test_filters_are_switched_off_by_name() -> None:
    assert _judge("List files", "echo 'x", off=["syntax", "shape"]) == ""
    assert _judge("List files", "ls\npwd", multiline=True) == ""
    assert _judge("Free space", "rm -rf /", off=["danger"]) == ""


def test_review_is_kept_and_marked_or_refused_by_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    from cli_tuner.prepare import filters

    finding = SimpleNamespace(rule_id="R1", why="asks for a second look")
    verdict = SimpleNamespace(level=SimpleNamespace(name="REVIEW"), findings=[finding, finding])
    monkeypatch.setattr(filters, "_verdict", filters._verdict.__wrapped__)
    monkeypatch.setattr(filters, "analyze", lambda command: verdict)
    row = read_row(LoadedRow("x:1", 0, "Restart it", "reboot", ["poweroff"]))
    assert isinstance(row, Candidate)
    assert first_reason(chain(Filters()), row) is None
    assert (row.safety, row.safety_rules, row.references) == ("REVIEW", "R1", [])
    refused = first_reason(chain(Filters(review="reject")), row)
    assert refused == Reason("danger", "review", "R1: asks for a second look")


def test_secrets_are_found_by_kind_and_not_shown() -> None:
    pytest.importorskip("detect_secrets")
    key = "AKIA" + "QYLPMN5HHHFPZAM2"
    row = read_row(LoadedRow("x:1", 0, "Log in", f"aws configure set aws_access_key_id {key}"))
    assert isinstance(row, Candidate)
    assert first_reason(chain(Filters(secrets=True)), row) == Reason("secrets", "secret", "AWS Access Key")


@pytest.mark.parametrize(
    ("instruction", "command", "kind"),
    [
        ("Mail the log to Bob", "mail -s log bob.smith@gmail.com < x.log", "e-mail address"),
        ("Send a text to +1 415 555 0132", "echo hi | sms", "telephone number"),
        ("Look for card 4111 1111 1111 1111", "grep -r 4111 .", "payment card"),
        ("Find the number", "grep -rn '078-05-1120' records", "US SSN"),
    ],
)
def test_personal_data_is_found_by_kind_and_not_shown(instruction: str, command: str, kind: str) -> None:
    pytest.importorskip("datafog_core")
    row = read_row(LoadedRow("x:1", 0, instruction, command))
    assert isinstance(row, Candidate)
    assert first_reason(chain(Filters()), row) is None
    assert first_reason(chain(Filters(pii=True)), row) == Reason("pii", "personal_data", kind)


@pytest.mark.parametrize(
    ("instruction", "command"),
    [
        ("Mail the log", "mail -s log user@example.com < x.log"),
        ("Copy it there", "scp x.log user@host:/tmp/"),
        ("Show all but the first bytes", "tail -c +347340107 big.bin"),
        ("Make a file of 120024000 bytes", "truncate -s 120024000 big.bin"),
        ("Files changed since 2008-09-29", "find . -newermt 2008-09-29 ! -newermt 2008-09-30"),
        ("Ping the router at 192.168.1.110", "ping -c 4111 192.168.1.110"),
        ("Wait on port 10001", "nc -l 10001"),
    ],
)
def test_what_only_looks_like_personal_data_stays(instruction: str, command: str) -> None:
    pytest.importorskip("datafog_core")
    row = read_row(LoadedRow("x:1", 0, instruction, command))
    assert isinstance(row, Candidate)
    assert first_reason(chain(Filters(pii=True)), row) is None


def test_a_reference_with_a_secret_or_personal_data_is_dropped() -> None:
    pytest.importorskip("datafog_core")
    row = read_row(LoadedRow("x:1", 0, "Mail the log", "mail root < x", ["mail ann@gmail.com < x", "mailx root < x"]))
    assert isinstance(row, Candidate)
    assert first_reason(chain(Filters(pii=True)), row) is None
    assert row.references == ["mailx root < x"]


def test_a_scan_whose_package_is_missing_is_a_missing_prerequisite(monkeypatch: pytest.MonkeyPatch) -> None:
    from cli_tuner.prepare import pii

    pii._scanner.cache_clear()
    monkeypatch.setitem(sys.modules, "datafog_core", None)
    with pytest.raises(PrerequisiteError, match="needs datafog-core"):
        pii.find_pii("x")


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_no_text_breaks_a_filter(text: str) -> None:
    _judge(text, text, off=["danger"])


@pytest.mark.parametrize(
    "text", ["ls", "./run.sh --all", "x=1; echo $x", "sudo apt-get install jq", "while read l; do echo $l; done"]
)
def test_commands_read_as_commands(text: str) -> None:
    assert reads_as_command(text) and not reads_as_prose(text)


@pytest.mark.parametrize(
    "text",
    [
        "Find all the files that are in the folder",
        "To list it, simply type ls and press enter",
        "It depends on what you mean by large",
    ],
)
def test_sentences_do_not(text: str) -> None:
    assert not reads_as_command(text) and reads_as_prose(text)

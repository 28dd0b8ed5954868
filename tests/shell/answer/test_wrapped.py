"""The command comes out of what models wrap it in, and none comes out of English."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.shell.answer.command_only import command_only
from cli_tuner.shell.answer.extract import extract, find
from tests.shell.answer.wrapped import COMMANDS, SENTENCES, WRAPPINGS

SAMPLES = [
    json.loads(line)
    for path in sorted(Path("data/samples").glob("*.jsonl"))
    if path.name != "flawed.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_command_comes_out_of(wrapping: str) -> None:
    assert {one: extract(WRAPPINGS[wrapping](one)) for one in COMMANDS} == {one: one for one in COMMANDS}


@given(st.sampled_from(COMMANDS), st.sampled_from(sorted(WRAPPINGS)), st.sampled_from(sorted(WRAPPINGS)))
def test_taking_a_command_out_twice_changes_nothing(command: str, inner: str, outer: str) -> None:
    once = extract(WRAPPINGS[outer](WRAPPINGS[inner](command)))
    assert extract(once) == extract(extract(once))


@pytest.mark.parametrize("sentence", SENTENCES)
def test_no_command_comes_out_of(sentence: str) -> None:
    assert not command_only(extract(sentence)), find(sentence)


@pytest.mark.integration
def test_of_our_own_rows_commands_come_out_and_requests_do_not() -> None:
    """The rate of the law: of each wrapping at least 95 %, of requests without code spans at most 1.5 %.

    Half of those that are taken do hold a command, such as "Run ls -l over every file".
    """
    commands = sorted({row["command"] for row in SAMPLES if "\n" not in row["command"]})[::7]
    requests = sorted({row["instruction"] for row in SAMPLES if "`" not in row["instruction"]})
    for name, wrap in WRAPPINGS.items():
        missed = [one for one in commands if extract(wrap(one)) != one]
        assert len(missed) <= 0.05 * len(commands), (name, missed[:5])
    taken = [one for one in requests if command_only(extract(one))]
    assert len(taken) <= 0.015 * len(requests), taken[:20]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ls # list files", False), ("find the largest file here", False), ("ls", True), ("list open files", False)],
)
def test_command_only_has_one_definition(text: str, expected: bool) -> None:
    assert command_only(text) is expected

"""Readings: what a terminal, a person or a shell could make of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.generate.readings import has_hidden, is_plain, readings


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[31mrm\x1b[0m -rf /", "\x1b]0;x\x07rm -rf /", "\x1b]8;;http://x\x1b\\rm -rf /", "\x9b31mrm -rf /",
        "\x1bPq\x1b\\rm -rf /", "rx\x08m -rf /", "r\u200bm -rf /", "\ufeffrm -rf /", "r\u00adm -rf /", "rm\u2060 -rf /",
        "r\ufe0fm -rf /", "rm -rf /\U000e0041", "ｒｍ -rf /",
    ],
)  # fmt: skip
def test_a_disguised_text_is_read_plainly_too(text: str) -> None:
    assert "rm -rf /" in readings(text)


def test_what_breaks_a_line_on_a_terminal_breaks_it_in_a_reading() -> None:
    for one in "\r\x0b\x0c\x85\u2028\u2029":
        assert "ls\nrm -rf /" in readings(f"ls{one}rm -rf /")


def test_plain_text_has_no_other_reading() -> None:
    assert readings("ls -l\n\tpwd") == []


@given(st.text(max_size=40))
def test_no_reading_but_the_text_itself_holds_what_a_terminal_obeys(text: str) -> None:
    assert is_plain(text) <= (not has_hidden(text))
    for form in readings(text):
        assert form != text
        assert not has_hidden(form)

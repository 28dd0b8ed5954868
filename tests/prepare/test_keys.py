from __future__ import annotations

import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cli_tuner.prepare.keys import collapse_space, loose_form, shell_words


@given(st.text(alphabet="ab '\"\\\n\t$*;#\u00a0\x0b", max_size=30))
@example("find . -name '*.txt' \"a b\" c\\ d 'x'\"y\"z")
def test_shell_words_are_those_of_shlex(text: str) -> None:
    try:
        expected = " ".join(shlex.split(text))
    except ValueError:
        expected = collapse_space(text)
    if not any(mark in text for mark in "'\"\\"):
        expected = collapse_space(text)  # both drop white space only; exotic spaces count as space here
    assert shell_words(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [("ls  -l", "LS -l"), ("echo 'a b'", 'echo "a b"'), ("ls;", "ls"), ("grep a\\b", "grep ab")],
)
def test_the_loose_form_ignores_case_quotes_and_space(one: str, other: str) -> None:
    assert loose_form(one) == loose_form(other)

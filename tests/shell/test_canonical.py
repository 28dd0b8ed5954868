"""Equal normal forms mean equal commands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.shell.canonical import canonical


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ls   -l", "ls -l"),
        ('grep "a" b', "grep a b"),
        ("grep 'a b' c", 'grep "a b" c'),
        ("ls # note", "ls"),
        ("r\\m x", "rm x"),
        ("echo $'a\\tb'", "echo 'a\tb'"),
    ],
)
def test_writing_that_differs_in_nothing_is_equal(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ls *.c", "ls '*.c'"),
        ("echo $a", "echo '$a'"),
        ("ls; pwd", "ls pwd"),
        ("echo a  b", "echo 'a  b'"),
        ("~/x", "'~/x'"),
        ("a=b", "'a=b'"),
        ("echo \\$a", "echo $a"),
        ("'if' x", "if x"),
    ],
)
def test_writing_that_differs_in_meaning_is_not_equal(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


def test_broken_text_is_itself() -> None:
    assert canonical("  echo 'a ") == "echo 'a"


@given(st.text(max_size=60))
def test_it_never_raises_and_is_idempotent(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)

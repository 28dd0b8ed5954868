"""What two outputs may differ in and still say the same, and what they may not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.evaluate.alike import alike, masked


@pytest.mark.parametrize(
    ("wanted", "given_", "command", "why"),
    [
        ("a\nb\n", "a\nb\n", "cat f", "the same output"),
        ("  3 f\n", "3 f", "wc -l f", "the same output but for blanks"),
        ("./a\n./b\n", "a\nb\n", "find .", "the same output but for how paths begin and end"),
        ("b\na\n", "a\nb\n", "find . -type f", "the same lines; the reference promises no order"),
        ("x\ny\n", "     1\tx\n     2\ty\n", "cat f", "the same lines, numbered"),
        ("4.0K\t/w\n", "4\t/w\n", "du -sh /w", "the same sizes in other units"),
        ("57 f.sh\n", "57\n", "wc -w f.sh", "the same but for the name of the file that was asked about"),
        ("one file.txt\n", "one two file.txt\n", "grep one", "the same lines with more said in each"),
        ("_=/bin/a\nA=1\n", "A=1\n_=/bin/b\n", "env", "the same output but for blanks"),
        ("2.5\n", "2.5 words\n", "awk 1", "the same lines with more said in each"),
        ("/usr/bin/sh\n", "sh is /usr/bin/sh\n", "which sh", "the same lines with more said in each"),
    ],
)
def test_what_says_the_same_is_accepted_with_the_reason(wanted: str, given_: str, command: str, why: str) -> None:
    assert alike(wanted, given_, command) == why


@pytest.mark.parametrize(
    ("wanted", "given_", "command"),
    [
        ("a\nb\n", "b\na\n", "cat f"),
        ("a\nb\n", "b\na\n", "find . | sort -r"),
        ("a\nb\n", "b\na\n", "find . | sort | head -2"),
        ("a\nb\n", "b\na\n", "sort f"),
        ("a\nb\n", "a\n", "find ."),
        ("a\n", "a\na\n", "find ."),
        ("5 f\n", "5 9 40 f\n", "wc -l f"),
        ("5\n", "6\n", "wc -l < f"),
        ("5\n", "5 f\n", "du -sb f | cut -f1"),
        ("4096\n", "4\n", "stat -c %s f"),
        ("Hello\n", "Hello   \n", "echo x | sed 's/[ \\t]*$//'"),
        ("tmpfs\n", "tmpfs 100 3 97 3% /\n", "df . | awk '{print $1}'"),
        ("a\n", "", "ls"),
        ("", "a\n", "ls"),
    ],
)
def test_what_says_something_else_is_not(wanted: str, given_: str, command: str) -> None:
    assert alike(wanted, given_, command) == ""


def test_a_plain_sort_of_a_walk_is_for_the_reader_unless_the_other_sorts_in_its_own_way() -> None:
    free = "the same lines; the reference promises no order"
    assert alike("a\nb\n", "b\na\n", "find . | sort", "find .") == free
    assert alike("a\nb\n", "b\na\n", "find . | sort", "find . | sort -r") == ""


@given(st.text(max_size=200), st.sampled_from(["cat f", "find .", "ls | sort"]))
def test_every_output_is_like_itself(text: str, command: str) -> None:
    assert alike(text, text, command) == "the same output"


@given(st.lists(st.from_regex(r"[a-z]{1,6}", fullmatch=True), min_size=2, max_size=8, unique=True))
def test_a_missing_line_is_never_overlooked(lines: list[str]) -> None:
    assert alike("\n".join(lines), "\n".join(lines[:-1]), "find .") == ""


def test_numbers_are_masked_whole() -> None:
    assert masked("up 3:54, load 9.35, 8") == masked("up 13:55, load 10.1, 7") == "up #, load #, #"

"""Text from outside stays text: as a Markdown cell, as a fenced block, inside a script element."""

from __future__ import annotations

import ast
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cli_tuner.report.text import cell, cut, fence, quoted, script_json, visible
from tests.report.fake_evaluation import NASTY

# What GitHub reads: tables, HTML, bare addresses.
GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
ANY = st.one_of(
    st.text(max_size=60),
    st.text("|`\\\n\r*_[]()<>&!#~$ -+=1.:/@\u202e\x1b", max_size=40),
    st.sampled_from([*NASTY.values()]),
)


def test_characters_that_do_not_print_are_shown_as_escapes() -> None:
    assert visible("a\x1b[31mb\u202ec\u2028d\ud800e\tf\ng") == "a\\x1b[31mb\\u202ec\\u2028d\\ud800e\tf\ng"
    assert visible("naïve 日本 → ✓") == "naïve 日本 → ✓"


def test_a_long_text_is_cut_and_says_how_much_is_missing() -> None:
    assert cut("x" * 12, longest=10) == "x" * 10 + "… (2 more characters)"
    assert cut("x" * 10, longest=10) == "x" * 10


@given(ANY)
def test_a_cell_is_one_cell_and_reads_as_what_it_was(text: str) -> None:
    tokens = GITHUB.parse(f"| a | b |\n|---|---|\n| {cell(text)} | end |\n")
    assert sum(token.type == "td_open" for token in tokens) == 2
    first = next(token for before, token in pairwise(tokens) if before.type == "td_open")
    assert {child.type for child in first.children or []} <= {"text", "text_special"}
    shown = "".join(child.content for child in first.children or [])
    expected = " ⏎ ".join(visible(text).splitlines()).replace("\t", " ").strip()
    assert shown == expected


@given(ANY)
def test_a_fence_holds_the_whole_text_and_ends_after_it(text: str) -> None:
    tokens = GITHUB.parse(f"before\n\n{fence(text)}\n\nafter\n")
    blocks = [token for token in tokens if token.type == "fence"]
    assert len(blocks) == 1
    assert blocks[0].content.rstrip("\n") == visible(text).rstrip("\n")
    assert tokens[-2].content == "after"


@given(ANY)
def test_json_for_a_script_cannot_end_it_and_reads_back(text: str) -> None:
    written = script_json({"text": text})
    assert not set(written) & set("<>&\u2028\u2029")
    assert written.isascii()
    assert json.loads(written) == {"text": text}


def test_json_for_a_script_holds_no_number_that_json_lacks() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        script_json([float("nan")])


@given(ANY)
def test_a_quoted_name_is_one_python_string(text: str) -> None:
    written = quoted(text)
    assert "`" not in written
    assert "\n" not in written
    assert ast.literal_eval(written) == visible(text)

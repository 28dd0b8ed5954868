"""Extraction: the code of an answer without its wrapping; text without one stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.shell.answer.extract import extract


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ls -l", "ls -l"),
        ("```bash\nls -l\n```", "ls -l"),
        ("```bash\r\nls -l\r\n```\r\n", "ls -l"),
        ("Text\n\n~~~\nls\n~~~\nmore", "ls"),
        ("```json\n{}\n```\n```sh\nls\n```", "ls"),
        ("```python\nprint(1)\n```", "print(1)"),
        ("````\na\n```\nb\n````", "a\n```\nb"),
        ("```bash\nls", "ls"),
        ("```ls -l```", "ls -l"),
        ("```bash ls -l```", "ls -l"),
        ("```\n```", ""),
        ("`ls -l`", "ls -l"),
        ("``ls``", "ls"),
        ("`a` `b`", "`a` `b`"),
        ("echo `date`", "echo `date`"),
        ("'ls -l'", "ls -l"),
        ("'ls'", "ls"),
        ("'frob'", "'frob'"),
        ("'a b' 'c'", "'a b' 'c'"),
        ("$ ls -l\na b\n$ pwd\n/x", "ls -l\npwd"),
        ("$ ls \\\n> -l\na", "ls \\\n-l"),
        ("me@host:~/x$ ls", "ls"),
        ("$HOME/bin/x", "$HOME/bin/x"),
        ("  - `ls` lists", "- `ls` lists"),
        ("", ""),
    ],
)
def test_code_comes_out_of(text: str, code: str) -> None:
    assert extract(text) == code


@given(st.text(alphabet="ab `~$'\"\n\\>", max_size=60))
def test_no_text_raises_and_nothing_is_made_up(text: str) -> None:
    assert set(extract(text)) <= set(text)

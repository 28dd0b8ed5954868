"""The first statement: where Bash would run what it has read."""

from __future__ import annotations

import pytest

from cli_tuner.generate.statement import first_statement


@pytest.mark.parametrize(
    ("text", "first", "rest"),
    [
        ("ls", "ls", ""),
        ("ls\npwd", "ls", "pwd"),
        ("\n# why\n\nls\n# more", "ls", "# more"),
        ("if true; then\n  ls\nfi\npwd", "if true; then\n  ls\nfi", "pwd"),
        ("echo 'a\nb'\npwd", "echo 'a\nb'", "pwd"),
        ("ls |\n  wc -l\npwd", "ls |\n  wc -l", "pwd"),
        ("a \\\\\nb", "a \\\\", "b"),
        ("cat <<-'X'\n\tls\n\tX\npwd", "cat <<-'X'\n\tls\n\tX", "pwd"),
        ("cat <<A\nls", "cat <<A\nls", ""),
        ("cat <<< word\npwd", "cat <<< word", "pwd"),
        ("f() {\nls\n}\nf", "f() {\nls\n}", "f"),
        ("echo 'never closed\nls", "echo 'never closed\nls", ""),
        ("", "", ""),
    ],
)
def test_a_text_is_cut_after_its_first_statement(text: str, first: str, rest: str) -> None:
    assert first_statement(text) == (first, rest)

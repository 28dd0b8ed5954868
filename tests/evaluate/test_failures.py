"""Why an answer is wrong is said in words, and a right one needs none."""

from __future__ import annotations

import pytest

from cli_tuner.evaluate.failures import why_wrong
from cli_tuner.evaluate.score import score
from cli_tuner.ports import Completion


@pytest.mark.parametrize(
    ("text", "reference", "why"),
    [
        ("ls -la", "ls -l -a", ""),
        ("rm -rf /", "ls", "dangerous: "),
        ("", "ls", "no command in it"),
        ("ls '", "ls", "does not parse as Bash"),
        ("ls --recursively", "ls -R", "no such option: ls --recursively"),
        ("df -h", "du -h", "runs df, not du"),
        ("ls -l", "ls -la", "ls lacks -a"),
        ("ls -la", "ls -l", "ls has -a too much"),
        ("cat f | sort", "cat f | uniq", "runs cat and sort, not cat and uniq"),
        ("head -n 3 f", "head -n 4 f", "other operands or values"),
    ],
)
def test_the_first_difference_is_named(text: str, reference: str, why: str) -> None:
    said = why_wrong(score(Completion(text, 3, "end"), [reference]), (reference,))
    assert said.startswith(why) and bool(said) is bool(why)


def test_what_did_the_same_in_the_sandbox_is_not_wrong() -> None:
    scored = score(Completion("find . -maxdepth 1", 3, "end"), ["ls -a"])
    scored.extracted_scores["execution_match"] = 1.0
    assert why_wrong(scored, ("ls -a",)) == ""

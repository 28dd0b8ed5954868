"""Words that a native engineer would need a glossary for do not come back: in messages, names, docstrings and docs."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

pytestmark = pytest.mark.contract
PLAIN = {
    "mend": "fix",
    "mends": "fixes",
    "mended": "fixed",
    "mending": "fixing",
    "torn": "incomplete",
    "untouched copy": "restore the original files",
    "smaller bites": "smaller micro batches",
    "smaller bite": "smaller micro batch",
    "give more digits": "ambiguous id prefix",
    "in silence": "silently",
    "without a word": "silently",
    "finetuned": "tuned",
}
MODULES = {"arrivals", "typed", "mentions", "touches", "ladder", "spool", "utils", "helpers", "misc"}
# `Finding.mend` is a field of `check --json` and of written records; renaming it is a change of their schema.
STILL = {
    "cli_tuner/cli/check_hook.py": 1,
    "cli_tuner/generate/guard.py": 2,
    "cli_tuner/generate/session.py": 2,
    "cli_tuner/release/local_paths.py": 1,
    "cli_tuner/safety/analyze.py": 1,
    "cli_tuner/safety/explain.py": 1,
    "cli_tuner/safety/rules/base.py": 4,
    "cli_tuner/safety/rules/operations.py": 4,
    "cli_tuner/safety/verdict.py": 4,
    "docs/safety.md": 1,
}
STILL_NAMED = {
    "cli_tuner/prepare/spool.py",
    "cli_tuner/safety/effects/mentions.py",
    "cli_tuner/shell/arrivals.py",
    "cli_tuner/shell/typed.py",
}
WORDS = re.compile(
    r"\b(?:" + "|".join(word.replace(" ", r"\s+(?:#\s+)?") for word in PLAIN) + r")\b", flags=re.IGNORECASE
)


def read() -> list[Path]:
    roots = (("cli_tuner", "*.py"), ("benchmarks", "*.py"), ("docs", "*.md"), ("configs", "*.yaml"))
    return [
        Path("README.md"),
        Path("Makefile"),
        *(path for root, kind in roots for path in sorted(Path(root).rglob(kind))),
    ]


def test_the_words_of_the_list_do_not_come_back() -> None:
    found = Counter(path.as_posix() for path in read() for _ in WORDS.finditer(path.read_text("utf-8")))
    assert found == Counter(STILL), "fewer: take the file off the list; more: " + ", ".join(map(str, PLAIN.items()))


def test_a_module_says_what_it_holds() -> None:
    named = {path.as_posix() for path in Path("cli_tuner").rglob("*.py") if path.stem in MODULES}
    assert named == STILL_NAMED


def test_a_word_is_found_across_a_line_break_and_not_inside_another() -> None:
    assert WORDS.search("it goes on without a\n    # word") and WORDS.search("Torn files")
    assert not WORDS.search("recommended, amendment, tornado")

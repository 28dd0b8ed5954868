"""Patterns match as the standard library's do, and few of them are remembered."""

from __future__ import annotations

import fnmatch

import pytest

from cli_tuner.shell import globs


@pytest.mark.parametrize("pattern", ["*", "r?", "[a-r]m", "[!a]m", "*.log", "", "RM", "[", "a\nb", "(x)"])
@pytest.mark.parametrize("text", ["rm", "RM", "a.log", "", "[", "a\nb", "(x)", "dm"])
def test_it_agrees_with_fnmatch(text: str, pattern: str) -> None:
    assert globs.glob_matches(text, pattern) == fnmatch.fnmatchcase(text, pattern)


def test_a_corpus_of_patterns_does_not_stay_in_memory() -> None:
    for number in range(2000):
        globs.glob_matches("a", f"*{number}")
    assert globs._matcher.cache_info().currsize <= 512

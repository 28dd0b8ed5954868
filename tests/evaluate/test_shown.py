"""Options that only change how an answer is shown do not count; those that choose what is shown do."""

from __future__ import annotations

import pytest

from cli_tuner.evaluate.shown import shown_apart


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ls", "ls -l", True),
        ("ls -a", "ls -alh", True),
        ("df", "df -h", True),
        ("find . -exec du -b {} +", "find . -exec du -h -b {} +", True),
        ("env", "printenv", True),
        ("od -t c f", "od -An -t c f", True),
        ("ls", "ls -a", False),
        ("ps", "ps -e", False),
        ("du f", "du -s f", False),
        ("grep -l x f", "grep x f", False),
        ("cp a b", "cp -r a b", False),
    ],
)
def test_only_presentation_is_dropped(one: str, other: str, same: bool) -> None:
    assert (shown_apart(one) == shown_apart(other)) is same

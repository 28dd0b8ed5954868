"""Placeholders that stand in quotes, also where a search may look for markup."""

from __future__ import annotations

import pytest

from cli_tuner.prepare.shapes import misshapen


@pytest.mark.parametrize(
    "command",
    [
        'nl -b a "<filename>" | grep x',
        "grep '<search phrase>' notes",
        'sed -n 1p "<File Name>"',
        "cat '<path>'",
        "find / -name '<name_pattern>' | perl -pe 's/a/b/'",
        "df -kt<type>",
    ],
)
def test_a_name_for_something_is_a_placeholder_whatever_reads_it(command: str) -> None:
    assert misshapen(command, multiline=False)[0] == "placeholder"


@pytest.mark.parametrize("command", ["grep '<th>' page.html", "grep -o '<title>' x.xml", "sed 's/<b>//' f"])
def test_markup_that_is_searched_for_is_none(command: str) -> None:
    assert misshapen(command, multiline=False)[0] == ""

"""The option table says what the installed utilities say of themselves."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from cli_tuner.shell.forms.table import SAME_AS, TABLE, TWINS

pytestmark = pytest.mark.contract

_OPTIONS = re.compile(
    r"(?:(?:-[\w](?:\[[^\]]*\]| ?<\w+>| [A-Z][\w-]*|[A-Z]\w+)?"
    r"|--[a-z][\w-]*(?:\[=[^\]]*\]|[= ]<?(?:\[[^\]]*\])?[A-Z\w,|-]+>?)?)"
    r"(?:, +|\s(?=--?\w)|,\s*)?)+"
)
# Aliases that work and that --help leaves out.
_UNTOLD = {
    ("stat", "format"), ("gzip", "to-stdout"), ("gzip", "uncompress"), ("sed", "expression"), ("sed", "file"),
    ("chgrp", "from"), ("ls", "indicator-style"), ("tail", "follow"), ("diff", "width"), ("du", "time"),
}  # fmt: skip
# Options that take an optional value since coreutils 9.3, and none before.
_GAINED_A_VALUE = {("cp", "update"), ("mv", "update")}


def told(name: str) -> dict[str, tuple[set[str], str]]:
    """Return what `name --help` says: long option to its letters and how it takes a value."""
    done = subprocess.run([name, "--help"], capture_output=True, text=True, check=False)
    found: dict[str, tuple[set[str], str]] = {}
    for line in (done.stdout + done.stderr).splitlines():
        match = _OPTIONS.match(line.strip()) if line.strip().startswith("-") else None
        if match is None:
            continue
        letters = set(re.findall(r"(?:^|[, ])-(\w)", match[0]))
        for long, mark in re.findall(r"--([a-z][\w-]*)(\[=|=| <)?", match[0]):
            kind = {"": "", "=": "=", " <": "=", "[=": "?"}[mark]
            found[long] = (found.get(long, (set(), ""))[0] | letters, kind)
    return found


@pytest.mark.parametrize("name", sorted(TABLE))
def test_long_options_are_those_of_the_utility(name: str) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    real, twins = told(name), TWINS.get(name, {})
    wrong = []
    for long, (target, kind) in (TABLE[name].longs or {}).items():
        if (name, long) in _UNTOLD:
            continue
        letters, real_kind = real.get(long, (set(), "missing"))
        spelled = {twins.get(letter, letter) for letter in letters}
        kinds = {real_kind, "?"} if (name, long) in _GAINED_A_VALUE and real_kind == "" else {real_kind}
        if kind not in kinds or (len(target) == 1 and target not in spelled):
            wrong.append((long, target, kind, letters, real_kind))
    assert wrong == []


def test_every_group_and_list_names_options_that_exist() -> None:
    for name, utility in TABLE.items():
        known = set(utility.flags + utility.valued + utility.optional) | {n for n, _ in (utility.longs or {}).values()}
        named = {each for group in (*utility.groups, *utility.lists, utility.placed) for each in group}
        assert named <= known, (name, named - known)


def test_a_short_name_stands_for_a_command_that_is_known() -> None:
    assert {words[0] for words in SAME_AS.values()} - {".", "true"} <= set(TABLE)

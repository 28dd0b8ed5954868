"""Options that programs do not have are found, and real commands have none."""

from __future__ import annotations

import json
import re
import shutil
import string
import subprocess
from pathlib import Path

import pytest

from cli_tuner.evaluate.known_options import NOT_ASKED, PATH, checked_options
from cli_tuner.evaluate.scores import judge
from cli_tuner.ports import Completion
from cli_tuner.shell.forms.table import TABLE

ROWS = [line.split("\t") for line in PATH.read_text("utf-8").splitlines() if line and not line.startswith("#")]
KNOWN = {name: frozenset(options.split(" ")) for name, options in ROWS}


@pytest.mark.parametrize(
    ("command", "invented"),
    [
        ("ls -la --color=auto", ()),
        ("ls --recursively", ("ls --recursively",)),
        ("find . -newermt 2024-01-01 -perm -u+x -naem x", ("find -naem",)),
        ("sort -k2,2n -t, f | uniq -ci", ()),
        ("sort -k2 f | uniq --count-all", ("uniq --count-all",)),
        ("grep --recurs x .", ()),
        ("grep -Q x f", ("grep -Q",)),
        ("tar -czf a.tgz b && chmod -x b", ()),
        ("head -5 f; tail -n5 f", ()),
        ("cat -- -Z", ()),
        ("find . -exec grep -Q x {} ;", ("grep -Q",)),
        ("nobodyknows --anything", ()),
        ("echo --anything -Z", ()),
    ],
)
def test_an_option_that_does_not_exist_is_named(command: str, invented: tuple[str, ...]) -> None:
    assert checked_options(command)[1] == invented


def test_every_letter_that_a_program_lacks_is_found() -> None:
    missed = []
    for name, options in KNOWN.items():
        if name in NOT_ASKED or len(options) < 3:
            continue
        taken = {one[1:2] for one in options}
        lacking = [letter for letter in string.ascii_letters if letter not in taken]
        missed += [f"{name} -{letter}" for letter in lacking[:3] if not checked_options(f"{name} -{letter} f")[1]]
    assert missed == ["gunzip -d", "zcat -c"]  # scripts that hand their options to gzip


def test_our_own_sample_commands_have_hardly_any() -> None:
    rows = [json.loads(line) for file in sorted(Path("data/samples").glob("[a-z]*.jsonl")) if file.stem != "flawed"
            for line in file.read_text("utf-8").splitlines()]  # fmt: skip
    found = [checked_options(row["command"]) for row in rows]
    looked = sum(count > 0 for count, _ in found)
    assert looked > 700
    assert sum(bool(invented) for _, invented in found) <= 0.01 * looked


def test_a_row_without_options_that_are_known_does_not_count() -> None:
    def rate(text: str) -> float | None:
        return judge(text, Completion(text, 1, "end"), ["ls"]).scores["invented_option_rate"]

    assert [rate(text) for text in ("ls", "nobodyknows -x", "ls -l", "ls --nope")] == [None, None, 0.0, 1.0]


@pytest.mark.contract
@pytest.mark.parametrize(
    "name", ["cp", "cut", "df", "du", "find", "grep", "gzip", "head", "ls", "sed", "sort", "tar", "wc"]
)
def test_what_the_installed_program_says_of_itself_is_in_the_table(name: str) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    said = subprocess.run([name, "--help"], capture_output=True, text=True, check=False).stdout
    options = set(re.findall(r"^ +(-\w)(?=[, ])", said, re.MULTILINE)) | set(
        re.findall(r"(?<=[ ,])(--[a-z][\w-]+)", said)
    )
    assert len(options) > 3 or name == "find"
    strange = sorted(one for one in options - KNOWN[name] if checked_options(f"{name} {one}")[1])
    assert strange == []


def test_the_table_agrees_with_the_forms_table() -> None:
    for name in KNOWN.keys() & TABLE.keys():
        row = TABLE[name]
        assert {f"-{letter}" for letter in row.flags + row.valued} <= KNOWN[name]

"""The rows of programs say what the installed programs say of themselves."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from cli_tuner.shell.programs.program import Program
from cli_tuner.shell.programs.table import PROGRAMS

pytestmark = pytest.mark.contract

# `-s, --signal=SIGNAL  text`, `-I R`, `--max-lines[=N]`: letters and long names, and how they take a value.
_VALUE = r"(?:[ =]?(?:<[\w-]+>|\[=?<?[\w-]+>?\]|[A-Z][\w-]*))?"
_END = r"(?:,\s*|$|\s(?=-)|(?=\s{2,}))"
_LINE = re.compile(rf"^\s*((?:-\w|--[a-z][\w-]*){_VALUE}{_END})+")
_OPTION = re.compile(r"(--[a-z][\w-]*|-\w)(\[=[^\]]*\]|\[[A-Za-z-]+\]|[= ]?<[\w-]+>|[= ][A-Z][\w-]*)?")
# Programs whose --help acts, asks, or waits.
_NOT_ASKED = frozenset({"vi", "vim", "view", "ex", "more", "less", "ip", "ssh", "exec", "command", "builtin", "coproc"})

# What a --help shows without its value, and options of subcommands that the row stands for.
_UNTOLD = {
    "npx": {"package"},
    "heaptrack": {"output"},
    "taskset": {"pid"},
    "nsenter": {"setuid", "setgid"},
    "zgrep": {"exclude-dir", "exclude-from", "include", "exclude"},
    "xargs": {"max-lines"},
    "dotenv": {"export"},
    "curl": {"help"},
    "cargo": {"color", "explain"},
    "rvim": {"log"},
}


def told(name: str) -> dict[str, str]:
    """Return what `name --help` says: option without dashes -> `` (a flag), `=` (a value) or `?` (an optional one)."""
    try:
        done = subprocess.run(
            [name, "--help"], capture_output=True, text=True, check=False, timeout=10, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return {}
    found: dict[str, str] = {}
    for line in (done.stdout + done.stderr).splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        options = _OPTION.findall(match[0])
        kind = next((("?" if mark[:1] == "[" else "=") for _, mark in reversed(options) if mark), "")
        for option, _ in options:
            found.setdefault(option.lstrip("-"), kind)
    return found


ROWS = sorted(
    ((name, row) for row in PROGRAMS for name in row.names if not row.grammar.one_dash and name not in _NOT_ASKED),
    key=lambda each: each[0],
)


@pytest.mark.parametrize(("name", "row"), ROWS, ids=[name for name, _ in ROWS])
def test_an_option_takes_a_value_in_the_row_as_it_does_in_the_program(name: str, row: Program) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    real = told(name)
    said = {**dict.fromkeys(row.grammar.flags, ""), **dict.fromkeys(row.grammar.valued, "=")}
    said |= dict.fromkeys(row.grammar.optional, "?")
    long = {option for option in real if len(option) > 1} - _UNTOLD.get(name, set())
    wrong = {option: (said[option], real[option]) for option in said.keys() & long if said[option] != real[option]}
    missing = {option for option in long - said.keys() if real[option] == "="}
    assert (wrong, missing) == ({}, set())

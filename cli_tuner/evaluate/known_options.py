# ruff: noqa: SIM905  (a table of names is one string)
"""Does a command use options that its programs do not have? Against a table of real ones, compiled from their owners.

Covered: programs of the table (`known_options.txt`, whose head names its sources and licence), long options, their
unambiguous beginnings, and letters, alone or together. A letter behind one that may take a value counts as its value.
Not covered: values, programs with subcommands, and programs that the table does not know: these are never judged.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path

from cli_tuner.evaluate.flags import own_words
from cli_tuner.shell.evaluate import evaluate
from cli_tuner.shell.flow import is_known
from cli_tuner.shell.forms.table import TABLE, Utility

PATH = Path(__file__).with_name("known_options.txt")
NOT_ASKED = frozenset(
    """
    echo printf test true false yes expr eval exec source let sh bash zsh env xargs sudo awk gawk mawk nawk perl ruby nc
    ncat netcat java kill set seq dd w ssh tr alias export time watch history shift trap command nice type killall pkill
    screen gcc ping top
    """.split()
)
"""Programs whose words are text, another command or another language, or which take numbers and signals for options."""
_SAME_AS = {"gunzip": "gzip", "zcat": "gzip", "bunzip2": "bzip2", "unxz": "xz", "egrep": "grep", "fgrep": "grep"}
"""Programs that hand their options to another."""
_FEW = 3
"""A program of which fewer options are known is not judged: its table is not whole."""


@cache
def _table() -> dict[str, frozenset[str]]:
    lines = PATH.read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {name: frozenset(listed.split(" ")) for name, listed in rows}


@lru_cache(maxsize=1 << 14)
def checked_options(command: str) -> tuple[int, tuple[str, ...]]:
    """Return how many options of a command could be looked up, and those that do not exist, as `program -x`."""
    looked, invented = 0, []
    seen: set[tuple[int, int, str]] = set()
    for invocation in evaluate(command).invocations:
        place = (invocation.start, invocation.end, invocation.program)
        words = [word for word in own_words(invocation) if is_known(word)]
        known = _known(invocation.program)
        if known is None or place in seen:
            continue
        seen.add(place)
        for word in words[: words.index("--")] if "--" in words else words:
            if len(word) > 1 and word[0] == "-" and not word[1:2].isdigit():
                looked += 1
                if not _exists(word, invocation.program, known):
                    invented.append(f"{invocation.program} {word}")
    return looked, tuple(invented)


def _known(program: str) -> frozenset[str] | None:
    """Return the options of a program; None where they are not known."""
    known = _table().get(_SAME_AS.get(program, program), frozenset())
    return known if len(known) >= _FEW and program not in NOT_ASKED else None


_VALUES = {
    "find": re.compile(r"-(?:version|newer[aBcm][aBcmt]|[ugoa]*[-+=][rwxXst].*)"),
    "chmod": re.compile(r"-[rwxXst]+([-+=,].*)?"),
}
"""Words that look like options and are modes, or one of a family of tests."""


def _exists(word: str, program: str, known: frozenset[str]) -> bool:
    name, value = word.partition("=")[0], _VALUES.get(program)
    if value and value.fullmatch(word):
        return True
    if name in known or word in known:
        return True
    if word.startswith("--"):
        return any(one.startswith(name) for one in known)
    letters = name[1:]
    row = TABLE.get(program)
    for at, letter in enumerate(letters):
        if f"-{letter}" not in known:
            return at > 0 and _may_take(row, letters[:at])
        if at and not letter.isalpha():
            return True
    return True


def _may_take(row: Utility | None, letters: str) -> bool:
    """Tell whether one of these letters may take a value: always where the table does not say."""
    return row is None or any(letter in row.valued or letter in row.optional for letter in letters)

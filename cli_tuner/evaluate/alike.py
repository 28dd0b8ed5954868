"""Do two commands say the same? Their outputs compared as strictly as the reference's own promise, and with the reason.

Laws: what is equal byte for byte is equal; an accepted pair always has a reason; a line that one has and the other has
not is never overlooked, except where the relation says so (a heading). What tolerance there is was chosen so that it
does not forgive another number, another file or another order where the reference sorts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_ORDERS = re.compile(r"\b(?:sort|tac|head|tail|nl|shuf|rev|uniq|tsort|paste|comm|join)\b|\bls\b[^|]*\s-\w*[tSXrU]")
"""What shows that the order of the lines is meant: a program that orders or cuts by place, or `ls` told to sort."""
_WALKS = re.compile(r"\b(?:find|ls|du|env|printenv|set|locale|lsof|ps|dpkg|apt|diff|tree|xargs)\b|grep[^|]*\s-\w*[rR]")
"""What lists in an order that nobody promises: folders as they lie on disk, variables, processes."""
_MINDS_BLANKS = re.compile(r"\\[st]|:space:|:blank:|\[ |tr -[ds]|expand|column|fmt|fold")
_FOR_THE_READER = re.compile(r"\|\s*sort\s*(?=\||$)")
"""A plain `sort` of what was listed in no promised order; it makes a list stable and asks for nothing."""
_SORTS_OTHERWISE = re.compile(r"\bsort\s[^|]*-\w*[rnkhVMgt]|\b(?:tac|shuf)\b")
_SHELLS_OWN = re.compile(r"^(?:_|SHLVL)=.*\n?", re.MULTILINE)
_BLANKS = re.compile(r"[^\S\n]+")
_HUMAN = re.compile(r"(\d+(?:\.\d+)?)([BKMGTP])(?:i?B)?")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_UNITS = {unit: 1024.0**power for power, unit in enumerate("BKMGTP")}
_HEADING = re.compile(r"total \d[\d.]*[BKMGT]?")


def alike(wanted: str, given: str, command: str, other: str = "") -> str:
    """Return why the output `given` says what `wanted` says, empty where it does not.

    Args:
        wanted: What the reference printed.
        given: What the other command printed.
        command: The reference, which shows whether order and blanks are meant.
        other: The other command, which may sort in a way of its own.
    """
    if wanted == given:
        return "the same output"
    wanted, given = (_SHELLS_OWN.sub("", text) for text in (wanted, given))
    if _MINDS_BLANKS.search(command):
        return _BLANK if wanted.rstrip("\n") == given.rstrip("\n") else ""
    for reason, shape in ((_BLANK, _blanks), ("the same output but for how paths begin and end", _paths)):
        wanted, given = shape(wanted), shape(given)
        if wanted == given:
            return reason
    asked = command if _SORTS_OTHERWISE.search(other) else _FOR_THE_READER.sub("", command)
    free = bool(_WALKS.search(command)) and not _ORDERS.search(asked)
    ours, theirs = given.splitlines(), wanted.splitlines()
    if free and Counter(ours) == Counter(theirs):
        return "the same lines; the reference promises no order"
    if (
        len(theirs) == 1
        and theirs[0].split(" ")[1:]
        and theirs[0].split(" ")[1] in command
        and ours == theirs[0].split(" ")[:1]
    ):
        return "the same but for the name of the file that was asked about"
    if len(theirs) == len(ours) == 1 and _names_a_path(theirs[0], ours[0]):
        return "the same lines with more said in each"
    return _in_other_words(theirs, ours, command, ordered=not free)


def _names_a_path(wanted: str, given: str) -> bool:
    """Tell whether a line says the one path that is the answer, and hardly more: `bash is /usr/bin/bash`."""
    words = given.split(" ")
    return wanted.count("/") > 1 and " " not in wanted and wanted in words and len(words) <= _FEW_WORDS


_FEW_WORDS = 3


_BLANK = "the same output but for blanks"


def _blanks(text: str) -> str:
    lines = (_BLANKS.sub(" ", line).strip() for line in text.splitlines())
    return "\n".join(lines).strip("\n")


def _paths(text: str) -> str:
    """Take off what a path may begin and end with and still be the same path for a command that runs in `/`."""
    return "\n".join(" ".join(_path(word) for word in line.split(" ")) for line in text.splitlines())


def _path(word: str) -> str:
    if "/" not in word or "://" in word:
        return word
    return word.removeprefix("./").lstrip("/").rstrip("/") or "/"


def _in_other_words(wanted: Sequence[str], given: Sequence[str], command: str, *, ordered: bool) -> str:
    """Compare line by line what is the same but written otherwise."""
    if not wanted or not given:
        return ""
    if [line for line in wanted if line] == [line.partition(" ")[2] for line in _numbered(given)]:
        return "the same lines, numbered"
    if not ordered:
        wanted, given = sorted(wanted, key=_by_words), sorted(given, key=_by_words)
    given = [line for line in given if not _HEADING.fullmatch(line)] or given
    if len(wanted) != len(given):
        return ""
    pairs = list(zip(wanted, given, strict=True))
    if all(_sizes_alike(one, other) for one, other in pairs):
        return "the same sizes in other units"
    if all(_says_more(one, other, command) for one, other in pairs):
        return "the same lines with more said in each"
    return ""


def _by_words(line: str) -> str:
    return line.rpartition(" ")[2]


def _numbered(lines: Sequence[str]) -> list[str]:
    full = [line for line in lines if line]
    return full if all(line.partition(" ")[0] == str(number) for number, line in enumerate(full, 1)) else []


def _sizes_alike(one: str, other: str) -> bool:
    """Tell whether two lines are equal but for sizes of which at least one is written with its unit."""
    ours, theirs = one.split(" "), other.split(" ")
    return len(ours) == len(theirs) and all(map(_size_alike, ours, theirs))


def _size_alike(one: str, other: str) -> bool:
    if one == other:
        return True
    written = [_HUMAN.fullmatch(word) for word in (one, other)]
    if not any(written):
        return False
    bare = [word for word, match in zip((one, other), written, strict=True) if match is None]
    sizes = [float(match[1]) * _UNITS[match[2]] for match in written if match]
    if not bare:
        return abs(sizes[0] - sizes[1]) <= 0.06 * max(sizes)
    if not _NUMBER.fullmatch(bare[0]):
        return False
    return any(abs(float(bare[0]) * unit - sizes[0]) <= 0.06 * max(sizes[0], 1.0) for unit in (1, 512, 1024, 1024**2))


def _says_more(less: str, more: str, command: str) -> bool:
    """Tell whether a line holds all words of the other in order, and what it adds could not be taken for them.

    A short line that has numbers may not get further ones: `wc` beside `wc -l` adds counts that were not asked for. One
    word alone may be part of anything, but for a checksum, or a number with its unit.
    """
    ours, theirs = _WORDS.findall(less), _WORDS.findall(more)
    if any(map(_CHECKSUM.fullmatch, ours)):
        return not Counter(ours) - Counter(theirs)
    rest, added = iter(theirs), list[str]()
    for word in ours:
        for other in rest:
            if other == word:
                break
            added.append(other)
        else:
            return False
    added += rest
    numbers = any(map(_NUMBER.fullmatch, ours))
    if len(ours) == 1:
        return numbers and 0 < len(added) <= 2 and all(word.isalpha() and word not in command for word in added)
    if numbers and len(ours) < _LONG and any(map(_NUMBER.fullmatch, added)):
        return False
    return len(added) <= _MOST_ADDED


_CHECKSUM = re.compile(r"[0-9a-f]{32,128}")
_LONG = 5
_WORDS = re.compile(r"[^\s:=()]+")
_MOST_ADDED = 9
"""Columns that `ls -l` adds to a name, and one."""


def masked(text: str) -> str:
    """Return a text with its numbers as `#`: what is left of an answer that varies from run to run."""
    return _VARIES.sub("#", text)


_VARIES = re.compile(r"\d+(?:[.,:]\d+)*")

"""The tree of one row: the base tree, and the files and folders that its references name.

Names are taken from references only, never from completions, so that both sides meet the same tree. A file gets lines
with what the references search for, enough of them that the first twenty are not the last twenty; a folder that a
reference looks into gets files with the names and endings that it looks for. What a reference makes is not there yet.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from functools import lru_cache

from cli_tuner.evaluate.fixture_tree import WORDS, base_tree
from cli_tuner.evaluate.tree import HOME, Entry, Tree
from cli_tuner.shell.evaluate import evaluate
from cli_tuner.shell.flow import is_known
from cli_tuner.shell.forms.options import read
from cli_tuner.shell.forms.table import TABLE
from cli_tuner.shell.forms.words import Arg, literal
from cli_tuner.shell.model import Invocation

_PATH = re.compile(r"/?(?:[A-Za-z0-9_][\w. -]*/)*[A-Za-z0-9_][\w. -]*")
_FILE = re.compile(r".*\.[A-Za-z][A-Za-z0-9]{0,6}")
_PLAIN = re.compile(r"[A-Za-z0-9_][\w. -]*")
_ENDING = re.compile(r"\*(\.[A-Za-z][A-Za-z0-9]{0,6})")
_PATTERN = re.compile(r"[\w@:=. -]{2,24}")
# Programs that look into the folders they are given, and those that make what they are given.
_LOOKS = frozenset(["find", "ls", "du", "tar", "cd", "chmod", "chown", "chgrp", "zip", "rsync", "tree", "diff", "grep"])
_SCRIPTED = frozenset(["grep", "egrep", "fgrep", "sed", "awk", "gawk", "mawk"])
_READS = _SCRIPTED | frozenset(
    [
        "cat",
        "tac",
        "rev",
        "nl",
        "head",
        "tail",
        "sort",
        "uniq",
        "wc",
        "cut",
        "od",
        "fold",
        "fmt",
        "paste",
        "comm",
        "join",
    ]
)
_REMOVES = frozenset(["rmdir", "rm"])
_MAKES = frozenset(["mkdir", "touch", "ln", "mktemp", "mkfifo", "tee", "git", "ssh", "scp", "curl", "wget"])
_CLOSED = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/proc", "/sys", "/dev", "/tmp", "/root", "/run", "/boot")  # noqa: S108
_MAX_NAMES = 16
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Named:
    """What references name.

    Attributes:
        files: Files that should be there.
        folders: Folders that should be there, with something in them.
        empty: Folders that should be there and may be empty.
        values: All literal words.
    """

    files: list[str]
    folders: list[str]
    empty: list[str]
    values: list[str]


@lru_cache(maxsize=4096)
def tree_for(references: tuple[str, ...]) -> Tree:
    """Return the tree in which a row with these right answers runs."""
    return planted(base_tree(), references)


def planted(base: Tree, references: tuple[str, ...], *, whole: bool = False) -> Tree:
    """Return the tree `base` with what the references name and it lacks."""
    found = named(references, whole=whole)
    wanted = [value for value in found.values if _PATTERN.fullmatch(value) and not value.startswith("-")]
    bare = [name for name in dict.fromkeys([*found.files, *found.values]) if _FILE.fullmatch(name)]
    bare = [name for name in bare if _PLAIN.fullmatch(name)]
    endings = [f"sample{match[1]}" for value in found.values if (match := _ENDING.fullmatch(value))]
    tree = dict(base)
    for folder in found.folders:
        if folder in base:
            continue
        for number, name in enumerate(dict.fromkeys([*bare, *endings, "first.txt", "second.log"])):
            _file(tree, f"{folder}/{name}", wanted, number)
    for number, name in enumerate([*found.files, *([] if whole else endings)]):
        _file(tree, name, wanted, number)
    return tree


@lru_cache(maxsize=4096)
def named(references: tuple[str, ...], *, whole: bool = False) -> Named:
    """Return what the references name; with `whole`, every path is absolute."""
    files: dict[str, None] = {}
    folders: dict[str, None] = {}
    empty: dict[str, None] = {}
    values: dict[str, None] = {}
    patterns: dict[str, None] = {}
    made: set[str] = set()

    def home(path: str) -> str:
        return f"/{path.removeprefix('./').lstrip('/')}" if whole else _at_home(path)

    for invocation in (each for command in references for each in evaluate(command).invocations):
        words = [word for word in invocation.texts() if is_known(word)]
        values.update(dict.fromkeys(word.replace("\ue010", "*") for word in words))
        for above, _, pattern in (home(word).rpartition("/") for word in values if "*" in word and "/" in word):
            if _plantable(above):
                folders[above] = None
                patterns[pattern] = None
        targets = [item.target.text for item in invocation.redirects if not item.writes]
        operands = _operands(invocation)
        for number, path in enumerate(filter(_plantable, map(home, [*operands, *targets]))):
            copied = invocation.program in ("cp", "mv") and number + 1 < len(operands)
            if invocation.program in _MAKES:
                made.add(path.rstrip("/"))
            elif invocation.program in _REMOVES and not _FILE.fullmatch(path):
                empty[path.rstrip("/")] = None
            elif _FILE.fullmatch(path) or (invocation.program in _READS and number < len(operands)):
                files[path] = None
            elif (invocation.program in _LOOKS or copied) and not _FILE.fullmatch(path):
                folders[path.rstrip("/")] = None
            folders.setdefault(path.rpartition("/")[0], None)
        written = [home(item.target.text) for item in invocation.redirects if item.writes]
        folders.update({path.rpartition("/")[0]: None for path in written if _plantable(path)})
        made.update(written)
    there = [[name for name in each if name and name not in made][:_MAX_NAMES] for each in (files, folders, empty)]
    return Named(there[0], there[1], there[2], [*values, *patterns])


def _operands(invocation: Invocation) -> list[str]:
    """Return the words that may be paths, without values of options where the table knows them."""
    words = [word for word in invocation.texts() if is_known(word)]
    if invocation.program == "find":
        cut = next((number for number, word in enumerate(words) if word.startswith(("-", "(", "!"))), len(words))
        return words[:cut]
    if invocation.wraps:
        return []
    utility = TABLE.get(invocation.program)
    found = read(invocation.program, utility, [literal(word) for word in words]) if utility else None
    if found is None:
        return [word for word in words if not word.startswith("-")]
    operands = [each.value or "" for each in found.operands if isinstance(each, Arg)]
    if invocation.program in _SCRIPTED and not found.has("e", "f"):
        operands = operands[1:]
    if found.has("r", "R") and invocation.program in _SCRIPTED:
        return [f"{operand}/first.txt" for operand in operands]
    archives = [option.value.value for option in found.options if option.name == "f" and option.value]
    extracts = invocation.program == "tar" and not found.has("c")
    return [*operands, *(name for name in archives if name and extracts)]


def _at_home(path: str) -> str:
    return path.removeprefix(f"{HOME}/") if path != HOME else ""


def _plantable(path: str) -> bool:
    inside = path.rstrip("/") or "/"
    if not _PATH.fullmatch(inside) or len(inside) > 80 or inside.count("/") > 6:
        return False
    return inside != "/" and not any(inside == closed or inside.startswith(f"{closed}/") for closed in _CLOSED)


def _file(tree: dict[str, Entry], path: str, wanted: list[str], number: int) -> None:
    content = document(number, wanted)
    packed = gzip.compress(content, mtime=0) if path.endswith(".gz") and ".tar" not in path else content
    add_file(tree, path, packed, 3600 + number * 7 * _DAY)


def add_file(tree: dict[str, Entry], path: str, content: bytes, age_s: int, mode: int = 0o644) -> None:
    """Add a file and the folders above it, where nothing else is."""
    parts = path.split("/")
    for depth in range(1 + path.startswith("/"), len(parts)):
        above = "/".join(parts[:depth])
        if tree.setdefault(above, Entry(mode=0o755, age_s=_DAY)).content is not None:
            return
    tree.setdefault(path, Entry(content, mode, age_s))


def document(seed: int, wanted: list[str], *, blank: bool = False) -> bytes:
    """Return 60 lines and more: words, columns between commas, what is wanted, and neighbours that are equal."""
    lines: list[str] = []
    for number in range(60):
        at = (seed * 11 + number * 5) % len(WORDS)
        row = [WORDS[(at + step * 3) % len(WORDS)] for step in range(3 + (seed + number) % 4)]
        if wanted and number % 3 == 0:
            row.insert(number % 2, wanted[(number // 3) % len(wanted)])
        lines.append((",".join([*row, "x", "y"]) if number % 2 else " ".join(row)) + f" {(seed + number * 37) % 101}")
        if number % 7 == 0:
            lines.append(lines[-1])
        if blank and number % 9 == 4:
            lines += ["", lines[-1][:12].upper()]
    return ("\n".join(lines) + "\n").encode()

"""More trees for one row: what a reference could have meant shows only where trees differ.

From the row's own tree further ones are generated, with files beside those that the references look for: other names,
endings, sizes, ages, modes and depths on both sides of every bound that a reference names, and other contents. Names
come from references only, never from completions. Nothing unnatural is made (no folder called `a.txt`, no line feed in
a name), because two right answers may differ there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice, pairwise

from cli_tuner.evaluate.row_tree import Named, add_file, document, named
from cli_tuner.evaluate.tree import Entry, Tree, World
from cli_tuner.shell.evaluate import evaluate
from cli_tuner.shell.flow import is_known

_DAY, _MINUTE = 86_400, 60
_GLOB = re.compile(r"[\w.*?\[\]! -]*[*?\[][\w.*?\[\]! -]*")
_SIZE = re.compile(r"[+-]?(\d+)([bcwkMG]?)")
_UNIT = {"": 512, "b": 512, "c": 1, "w": 2, "k": 1024, "M": 1 << 20, "G": 1 << 30}
_LARGEST = 1 << 17
_BOUNDS = {"-mtime": _DAY, "-mmin": _MINUTE, "-atime": _DAY, "-amin": _MINUTE}
_STEMS = ("alpha", "Beta", "gamma2")
_MOST_FOLDERS = 6
N_VARIANTS = 2


def variants(world: World, references: tuple[str, ...]) -> list[World]:
    """Return the world itself and `N_VARIANTS` worlds grown from it."""
    found = named(references, whole=world.whole)
    return [world, *(World(grown(world, found, references, seed), world.whole, world.now, world.variables)
                     for seed in range(1, N_VARIANTS + 1))]  # fmt: skip


def grown(world: World, found: Named, references: tuple[str, ...], seed: int) -> Tree:
    """Return the tree with more files where the references look; `seed` decides contents and which names are taken."""
    tree = dict(world.tree)
    words = [word for word in found.values if re.fullmatch(r"[\w@:=. -]{2,24}", word) and not word.startswith("-")]
    for number, name in enumerate(found.files):
        content = document(seed * 3 + number, words, blank=True)
        before = tree.get(name)
        if before is None:
            add_file(tree, name, content, 3600 + number * _DAY)
        elif before.content is not None and not before.link and _is_text(before.content):
            tree[name] = Entry(content, before.mode, before.age_s)
    for folder in found.empty:
        _folder(tree, folder)
    if any(is_listing(one) for one in references):
        _grow_folders(tree, world, found, references, words, seed)
    return tree


def is_listing(command: str) -> bool:
    """Tell whether a command looks into folders at all."""
    return bool(re.search(r"\b(?:find|ls|du|tree|tar|diff|zip|cp|mv|chmod|chown|rm)\b|grep[^|]* -\w*[rR]|\*", command))


def _grow_folders(
    tree: dict[str, Entry], world: World, found: Named, references: tuple[str, ...], words: list[str], seed: int
) -> None:
    tops = [folder for folder in found.folders if folder and folder != "/"]
    below = [name for name, entry in world.tree.items() if entry.content is None
             and any(name.startswith(f"{top}/") for top in tops)]  # fmt: skip
    names = _names(found.values, seed)
    bounds = _bounds(references)
    for depth, folder in enumerate(islice(dict.fromkeys([*tops, *below[:: 1 + seed]]), _MOST_FOLDERS)):
        if tree.get(folder, Entry()).content is not None:
            continue
        for number, name in enumerate(names):
            age = (1 + depth + number * (seed + 1)) * _DAY * 3
            add_file(tree, f"{folder}/{name}", document(seed * 7 + number, words, blank=True), age)
        add_file(tree, f"{folder}/.kept{seed}", b"kept\n", 40 * _DAY)
        add_file(tree, f"{folder}/void{seed}.txt", b"", 50 * _DAY)
        add_file(tree, f"{folder}/nested{seed}/deeper/{names[0]}", document(seed, words), 5 * _DAY)
        _folder(tree, f"{folder}/hollow{seed}")
        for number, (size, age, mode) in enumerate(bounds):
            for name in names[:2]:
                add_file(tree, f"{folder}/b{number}{name}", b"x" * size, age, mode)


def _names(values: Iterable[str], seed: int) -> list[str]:
    """Return names that match each pattern, some that match it but for the case, and some that do not."""
    names: dict[str, None] = {}
    for value in values:
        if _GLOB.fullmatch(value) and "/" not in value:
            match = re.sub(r"\[!?(\w)[^]]*\]", r"\1", value).replace("?", "x")
            for stem in _STEMS[: 1 + seed]:
                names[match.replace("*", stem)] = None
            names[match.replace("*", "upper").upper()] = None
        elif re.fullmatch(r"[\w-]+(?:\.\w{1,6})?", value) and len(value) < 24:
            names[value] = None
    plain = (f"{_STEMS[seed % 3]}.txt", f"plain{seed}", "NOTES.md")
    return [*dict.fromkeys([*[name for name in names if name.strip(". ")][:8], *plain])]


def _bounds(references: tuple[str, ...]) -> list[tuple[int, int, int]]:
    """Return (size, age, mode) on both sides of each bound that a test of `find` names."""
    found: dict[tuple[int, int, int], None] = {}
    for words in (each.texts() for one in references for each in evaluate(one).invocations if each.program == "find"):
        for test, value in pairwise(words):
            if not is_known(value):
                continue
            if test == "-size" and (match := _SIZE.fullmatch(value)):
                unit = _UNIT[match[2]]
                sizes = [int(match[1]) * unit + step for step in (-unit, -1, 0, 1, unit, unit + 1)]
                found.update({(size, 9 * _DAY, 0o644): None for size in sizes if 0 <= size <= _LARGEST})
            elif test in _BOUNDS and (number := value.lstrip("+-")).isdigit():
                unit = _BOUNDS[test]
                ages = [int(unit * (int(number) + step)) for step in (-1.5, -0.5, 0.5, 1.5)]
                found.update({(20, age, 0o644): None for age in ages if age >= 0})
            elif test == "-perm" and (mode := value.lstrip("-/")).isdigit() and set(mode) <= set("01234567"):
                wanted = int(mode, 8)
                found.update({(30, 8 * _DAY, one & 0o7777): None for one in (wanted, wanted ^ 0o4, wanted | 0o200)})
    return list(found)[:12]


def _folder(tree: dict[str, Entry], path: str) -> None:
    add_file(tree, f"{path}/x", b"", 0)
    if tree.get(f"{path}/x") == Entry(b"", age_s=0):
        del tree[f"{path}/x"]


def _is_text(content: bytes) -> bool:
    return b"\0" not in content and content.isascii()

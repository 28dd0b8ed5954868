# ruff: noqa: SIM905  (tables: names are one string)
"""Write the expression of `find` in one way: tests that commute in order, implied words left out.

Source: POSIX find and the GNU findutils manual, "Finding Files". Tests next to each other are joined by "and"
and have no effect, so their order tells nothing; actions, `-o`, `,` and parentheses stay where they are.
"""

from __future__ import annotations

from collections.abc import Callable

from cli_tuner.shell.forms.words import Arg, literal, template

_ALONE = frozenset(
    "-empty -executable -readable -writable -nouser -nogroup -true -false -xdev -mount -noleaf -depth -d".split()
)
_VALUED = frozenset(
    "-name -iname -path -ipath -wholename -iwholename -regex -iregex -lname -ilname -type -xtype -size -perm -user "
    "-group -uid -gid -mtime -atime -ctime -mmin -amin -cmin -newer -anewer -cnewer -newermt -newerat -newerct -links "
    "-inum -samefile -fstype -used -maxdepth -mindepth".split()
)
_GLOBAL = frozenset(["-maxdepth", "-mindepth", "-depth", "-d", "-xdev", "-mount", "-noleaf"])
_SPELLED = {
    "-and": "-a", "-or": "-o", "-not": "!", "-wholename": "-path", "-iwholename": "-ipath", "-mount": "-xdev",
    "-d": "-depth",
}  # fmt: skip
_ACTIONS = {
    "-print": 0, "-print0": 0, "-ls": 0, "-delete": 0, "-prune": 0, "-quit": 0, "-printf": 1, "-fprint": 1,
    "-fprint0": 1, "-fls": 1, "-fprintf": 2,
}  # fmt: skip
_RUNS = frozenset(["-exec", "-execdir", "-ok", "-okdir"])
_JOINTS = frozenset(["-o", ",", "(", ")", "!"])
_AFTER_NO_AND = frozenset(["-o", "-or", ",", ")", "-a", "-and"])
_SILENT = frozenset(["-prune", "-quit"])

Simple = Callable[[list[Arg]], list[Arg]]


class _Unreadable(Exception):
    """The expression is not one that we know."""


class _Item:
    """One part of an expression: its first word in the normal spelling, and all its words."""

    def __init__(self, name: str, words: list[Arg]) -> None:
        self.name = name
        self.words = words
        self.key = [word.text for word in words]

    @property
    def is_test(self) -> bool:
        return self.name in _ALONE or self.name in _VALUED or self.name == "!test"


def find(args: list[Arg], simple: Simple) -> list[Arg]:
    """Return the words behind `find` in their normal form; as they are where they are not understood.

    Args:
        args: The words.
        simple: Writes the command of `-exec` in its normal form.
    """
    cut = next((number for number, arg in enumerate(args) if _starts_expression(arg)), len(args))
    head, body = args[:cut], args[cut:]
    if any(arg.many or arg.may_be_option for arg in head):
        return args
    try:
        items = _items(body, simple)
    except _Unreadable:
        return args
    items = _in_order(_global_first(_negations(items)))
    items = _without_print(items)
    starts = head or [literal(".")]
    if [start.value for start in starts] == ["./"] and _only_files(items):
        starts = [literal(".")]
    return [*starts, *(word for item in items for word in item.words)]


def _starts_expression(arg: Arg) -> bool:
    return arg.value is not None and (arg.value in ("(", "!", ")", ",") or arg.value.startswith("-"))


def _items(words: list[Arg], simple: Simple) -> list[_Item]:
    found: list[_Item] = []
    at = 0
    while at < len(words):
        name = words[at].value
        if name is None:
            raise _Unreadable
        name = _SPELLED.get(name, name)
        if name in _RUNS:
            item, at = _run(name, words, at, simple)
            found.append(item)
            continue
        count = 1 if name in _VALUED else 0 if name in _ALONE or name in _JOINTS or name == "-a" else _ACTIONS.get(name)
        values = words[at + 1 : at + 1 + (count or 0)]
        if count is None or len(values) != count or any(value.many for value in values):
            raise _Unreadable
        at += 1 + count
        if name != "-a":
            found.append(_Item(name, [literal(name), *values]))
        elif not found or found[-1].name in _JOINTS - {")"} or at == len(words) or words[at].value in _AFTER_NO_AND:
            raise _Unreadable
    return found


def _run(name: str, words: list[Arg], at: int, simple: Simple) -> tuple[_Item, int]:
    for end in range(at + 1, len(words)):
        value = words[end].value
        if value == ";" or (value == "+" and words[end - 1].value == "{}"):
            break
        if words[end].many:
            raise _Unreadable
    else:
        raise _Unreadable
    several = words[end].value == "+"
    command = [word if word.value is None else template(word.value, many=several) for word in words[at + 1 : end]]
    if command and command[0].value is not None:
        command = simple(command)
    return _Item(name, [literal(name), *command, words[end]]), end + 1


def _negations(items: list[_Item]) -> list[_Item]:
    """Join `!` with the test behind it."""
    found: list[_Item] = []
    for item in items:
        if found and found[-1].name == "!" and item.is_test and item.name not in _GLOBAL:
            found[-1] = _Item("!test", [*found[-1].words, *item.words])
        else:
            found.append(item)
    return found


def _global_first(items: list[_Item]) -> list[_Item]:
    """Move options that act on the whole search to the front: each is true, and acts wherever it stands."""
    moved = [item for item in items if item.name in _GLOBAL]
    if len({item.name for item in moved}) < len(moved):
        return items
    if any(item.name in _JOINTS for item in items) and items[: len(moved)] != moved:
        return items
    return sorted(moved, key=lambda item: item.key) + [item for item in items if item.name not in _GLOBAL]


def _in_order(items: list[_Item]) -> list[_Item]:
    found: list[_Item] = []
    run: list[_Item] = []
    for item in items:
        if item.is_test and item.name not in _GLOBAL:
            run.append(item)
            continue
        found += sorted(run, key=lambda each: each.key)
        found.append(item)
        run = []
    return found + sorted(run, key=lambda each: each.key)


def _without_print(items: list[_Item]) -> list[_Item]:
    """Leave out a last `-print` that find would add: no other action, nothing but "and" around it."""
    if not items or items[-1].name != "-print":
        return items
    others = [item.name for item in items[:-1]]
    acts = any((name in _ACTIONS and name not in _SILENT) or name in _RUNS for name in others)
    joined = "," in others or _top_level_or(others) or others[-1:] == ["!"]
    return items if acts or joined else items[:-1]


def _top_level_or(names: list[str]) -> bool:
    depth = 0
    for name in names:
        depth += (name == "(") - (name == ")")
        if name == "-o" and depth == 0:
            return True
    return False


def _only_files(items: list[_Item]) -> bool:
    """Tell whether the start itself, a folder, is never shown: `./` and `.` differ in nothing else."""
    if not all(item.is_test or item.name in ("-print", "-print0") for item in items):
        return False
    tests = [[word.value for word in item.words] for item in items]
    return any(test in (["-type", "f"], ["-type", "l"]) for test in tests)

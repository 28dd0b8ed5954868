"""Write one simple command in its normal form: name, options, operands, and the command it hands on.

The law: the command that comes out does what the one that went in does. Assumed, as everywhere in these forms:
the utilities are the GNU ones of the table, POSIXLY_CORRECT is unset, files that are named can be read.
"""

from __future__ import annotations

from collections.abc import Callable

from cli_tuner.shell.forms.find import find
from cli_tuner.shell.forms.options import Reading, read
from cli_tuner.shell.forms.programs import PROGRAMS, first_lines
from cli_tuner.shell.forms.table import SAME_AS, TABLE
from cli_tuner.shell.forms.words import Arg, literal, template
from cli_tuner.shell.patterns import late

MORE = Arg("", many=True)
"""Stands for words that somebody adds later, as xargs does."""
_HANDS_ON = frozenset(["sudo", "nohup", "nice"])
_SIGNALS = {"1": "HUP", "2": "INT", "3": "QUIT", "6": "ABRT", "9": "KILL", "14": "ALRM", "15": "TERM"}
_NAMED_SIGNAL = late(r"-(?:SIG)?([A-Z]{3,4}|\d{1,2})")


def simple(words: list[Arg], *, piped: bool = False) -> list[Arg]:
    """Return the words of a simple command in their normal form.

    Args:
        words: Name and arguments; `MORE` as the last where more will be added.
        piped: Whether its standard input is the output of another command.
    """
    name = words[0].value if words else None
    if name in SAME_AS:
        words = [*map(literal, SAME_AS[name]), *words[1:]]
        name = str(words[0].value)
    if name is None:
        return words
    if name == "find":
        return [words[0], *find(words[1:], simple)]
    if name in _BUILTINS:
        return _BUILTINS[name](words)
    utility = TABLE.get(name)
    found = read(name, utility, _old_tar(words[1:]) if name == "tar" else words[1:]) if utility else None
    if found is None:
        return words
    if name in PROGRAMS:
        PROGRAMS[name](found)
    name, found = first_lines(name, found, piped=piped)
    if name == "xargs":
        _xargs(found)
    elif name in _HANDS_ON:
        _handed_on(found)
    return [literal(name), *found.words()]


def _old_tar(args: list[Arg]) -> list[Arg]:
    """Give the first word of `tar xzf …` its dashes."""
    letters = args[0].value if args else None
    utility = TABLE["tar"]
    if not letters or not letters.isalpha() or any(utility.kind(letter) is None for letter in letters):
        return args
    rest = args[1:]
    found: list[Arg] = []
    for letter in letters:
        found.append(literal("-" + letter))
        if utility.kind(letter) == "=":
            if not rest or rest[0].many:
                return args
            found.append(rest.pop(0))
    return found + rest


def _handed_on(found: Reading) -> None:
    words = [operand for operand in found.operands if isinstance(operand, Arg)] + found.rest
    if words and words[0].value and "=" not in words[0].value:
        found.operands, found.rest = list(simple(words)), []


def _xargs(found: Reading) -> None:
    """Name the place `{}`, leave out `echo`, and put the handed-on command in its normal form."""
    words = [operand for operand in found.operands if isinstance(operand, Arg)] + found.rest
    place = next((option for option in found.options if option.name == "I"), None)
    if place is not None:
        mark = place.value.value if place.value else None
        if not mark or not all(word.value is not None for word in words):
            return
        if mark != "{}":
            if any("{}" in str(word.value) for word in words):
                return
            words = [literal(str(word.value).replace(mark, "{}")) for word in words]
            place.value = literal("{}")
        words = [template(str(word.value)) for word in words]
    elif [word.value for word in words] == ["echo"]:
        words = []
    if not words or words[0].value is None:
        found.operands, found.rest = list(words), []
        return
    inner = simple(words if place is not None else [*words, MORE])
    found.operands, found.rest = [word for word in inner if word is not MORE], []


def _echo(words: list[Arg]) -> list[Arg]:
    values = [word.value for word in words[1:]]
    if not values or None in values or str(values[0]).startswith("-"):
        return words
    return [words[0], literal(" ".join(map(str, values)))]


def _bracket(words: list[Arg]) -> list[Arg]:
    return [literal("test"), *words[1:-1]] if words[-1].value == "]" else words


def _kill(words: list[Arg]) -> list[Arg]:
    args = words[1:]
    match = _NAMED_SIGNAL.fullmatch(args[0].value or "") if args else None
    rest = args[1:]
    if match is None and len(args) > 1 and args[0].value in ("-s", "-n"):
        match, rest = _NAMED_SIGNAL.fullmatch("-" + (args[1].value or "")), args[2:]
    name = _SIGNALS.get(match[1], match[1]) if match else ""
    if not rest or name not in _SIGNALS.values() or rest[0].value == "--":
        return words
    return [words[0], *([] if name == "TERM" else [literal("-s"), literal(name)]), *rest]


def _printf(words: list[Arg]) -> list[Arg]:
    text = words[1].value if len(words) == 2 else None
    if not text or not text.endswith("\\n") or "%" in text or text.count("\\") > 1 or text.startswith("-"):
        return words
    return [literal("echo"), literal(text[:-2])]


_BUILTINS: dict[str, Callable[[list[Arg]], list[Arg]]] = {
    "echo": _echo,
    "[": _bracket,
    "kill": _kill,
    "printf": _printf,
}

"""Rewrite what single utilities are told: patterns, scripts, sets, lists, defaults.

Each function takes a reading (options in order) and changes it only where both spellings do the same on every
input. What reads its input in two ways (a regular expression whose dialect matters) is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cli_tuner.shell.forms.options import Option, Reading
from cli_tuner.shell.forms.words import Arg, literal
from cli_tuner.shell.patterns import late

_SAME = r"[A-Za-z0-9 _/,:;@%=<>\"'&#!~-]"
_FIXED = late(f"{_SAME}+")
# One atom means the same in basic and in extended regular expressions, and so does a star behind it.
_ATOM = rf"(?:(?:{_SAME}|\.|\\[.\[\]*^$/]|\[\^?[A-Za-z0-9_ .,:/-]+\])\*?)"
_COMMON = late(rf"\^?{_ATOM}+\$?")
_CLASSES = {"[:lower:]": "a-z", "[:upper:]": "A-Z", "[:digit:]": "0-9"}
_CASES = (["[:lower:]", "[:upper:]"], ["[:upper:]", "[:lower:]"])
_SUBSTITUTE = late(r"s([|,#@!:;_%+=~])([^\\/\n]*?)\1([^\\/\n]*?)\1([gpIi0-9]*)")
_PRINTED = late(r"1(?:,([1-9]\d{0,8}))?p")
_QUIT = late(r"([1-9]\d{0,8})q")
_RANGE = late(r"(\d*)(-?)(\d*)")
_AWK_STRING = late(r'("(?:[^"\\]|\\.)*")')


def _pattern_first(found: Reading) -> None:
    """Turn the only `-e X` into the operand that X would be."""
    scripts = [option for option in found.options if option.name in ("e", "f")]
    if len(scripts) != 1 or scripts[0].name == "f" or found.rest or scripts[0].value is None:
        return
    if scripts[0].value.many or scripts[0].value.may_be_option:
        return
    found.options.remove(scripts[0])
    found.operands.insert(0, scripts[0].value)


def grep(found: Reading) -> None:
    """Write the pattern as an operand, and without -E, -F and -G where all dialects agree."""
    _pattern_first(found)
    if found.has("e", "f", "P") or not found.operands or not isinstance(found.operands[0], Arg):
        return
    pattern = found.operands[0].value
    if pattern is None:
        return
    dialect = next((option for option in found.options if option.name in "EFG"), None)
    parts = pattern.split("\\|")
    if (dialect is None or dialect.name == "G") and len(parts) > 1 and all(_COMMON.fullmatch(part) for part in parts):
        found.operands[0] = literal("|".join(parts))
        found.options = sorted([each for each in found.options if each is not dialect] + [Option("E")], key=_name)
    elif dialect is not None and (_FIXED if dialect.name == "F" else _COMMON).fullmatch(pattern):
        found.options.remove(dialect)


def _name(option: Option) -> str:
    return option.name


def sed(found: Reading) -> None:
    """Write the script as an operand, and a substitution with slashes."""
    _pattern_first(found)
    if found.has("e", "f") or not found.operands or not isinstance(found.operands[0], Arg):
        return
    script = found.operands[0].value
    match = _SUBSTITUTE.fullmatch(script) if script else None
    if match and match[1] not in match[2] + match[3]:
        found.operands[0] = literal(f"s/{match[2]}/{match[3]}/{match[4]}")


def first_lines(name: str, found: Reading, *, piped: bool) -> tuple[str, Reading]:
    """Return `head` or `tail` where a sed script does only their work, on one input that is its own."""
    operands, names = found.plain(), [option.name for option in found.options]
    if name != "sed" or not operands or len(operands) > 2 or (len(operands) < 2 and not piped):
        return name, found
    script = operands[0].value or ""
    if names == ["n"] and script == "$p":
        return "tail", _lines("1", operands[1:], found)
    lines = _PRINTED.fullmatch(script) if names == ["n"] else _QUIT.fullmatch(script) if not names else None
    return ("head", _lines(lines[1] or "1", operands[1:], found)) if lines else (name, found)


def _lines(number: str, operands: list[Arg], found: Reading) -> Reading:
    kept: list[Arg | Option] = list(operands)
    options = [] if number == "10" else [Option("n", "=", literal(number))]
    return Reading(options, kept, [], found.dashes)


def awk(found: Reading) -> None:
    """Take out the blanks around braces, commas and semicolons of a program without regular expressions."""
    if found.has("f") or not found.operands or not isinstance(found.operands[0], Arg):
        return
    program = found.operands[0].value
    if program is None:
        return
    pieces = _AWK_STRING.split(program)
    outside = "".join(pieces[::2])
    if any(mark in outside for mark in '/#\\\n"'):
        return
    pieces[::2] = [re.sub(r" *([{};,]) *", r"\1", piece) for piece in pieces[::2]]
    found.operands[0] = literal("".join(pieces).strip(" "))


def tr(found: Reading) -> None:
    """Write classes and bracketed ranges as ranges; bytes above 127 belong to no class in C and UTF-8."""
    operands = found.plain()
    if not operands or any(arg.value is None for arg in operands):
        return
    sets = [str(arg.value) for arg in operands]
    if len(sets) == 1 or sets in _CASES or not sets[-1].startswith("[:"):  # others are refused by tr
        sets = [_CLASSES.get(each, each) for each in sets]
    if len(sets) == 2 and all(re.fullmatch(r"\[[a-zA-Z]-[a-zA-Z]\]", each) for each in sets):
        sets = [each[1:-1] for each in sets]
    found.operands = [literal(each) for each in sets]


def cut(found: Reading) -> None:
    """Write a list of fields or bytes as sorted ranges that do not touch."""
    if found.has("output-delimiter"):
        return
    for option in found.options:
        if option.name in "bcf" and option.value is not None and option.value.value:
            ranges = _ranges(option.value.value)
            option.value = literal(ranges) if ranges else option.value


def _ranges(text: str) -> str:
    spans: list[tuple[int, int]] = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part)
        if match is None or not (match[1] or match[3]):
            return ""
        low = int(match[1] or 1)
        high = int(match[3] or (1 << 40)) if match[2] else low
        if not 0 < low <= high or len(part) > 18:
            return ""
        spans.append((low, high))
    merged: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return ",".join(_span(low, high) for low, high in merged)


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-" if high == 1 << 40 else f"{low}-{high}"


def here(found: Reading) -> None:
    """Drop the operand `.` where the working folder is meant anyway."""
    operands = found.plain()
    if operands is not None and [arg.value for arg in operands] == ["."] and not found.has("d"):
        found.operands = []


def du(found: Reading) -> None:
    """Drop the operand `.`; -d is a depth here."""
    operands = found.plain()
    if operands is not None and [arg.value for arg in operands] == ["."]:
        found.operands = []


def seq(found: Reading) -> None:
    """Drop a first number and a step of 1."""
    operands = found.plain()
    values = [arg.value or "" for arg in operands or ()]
    if not operands or not all(re.fullmatch(r"[1-9]\d{0,8}|0", value) for value in values):
        return
    if len(values) == 3 and values[1] == "1":
        del operands[1], values[1]
    found.operands = list(operands[1:] if len(values) == 2 and values[0] == "1" else operands)


PROGRAMS: dict[str, Callable[[Reading], None]] = {
    "grep": grep, "sed": sed, "awk": awk, "gawk": awk, "mawk": awk, "tr": tr, "cut": cut, "ls": here, "du": du,
    "seq": seq,
}  # fmt: skip

"""Read options the way getopt does: clusters, attached values, long ones abbreviated, `--`, `--opt=value`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from cli_tuner.shell.flow import Word

_ONE_DASH = frozenset(["nx", "nw", "batch", "quiet"])  # long options that some programs write with one dash


@dataclass(slots=True)
class Options:
    """Options of one invocation: names without dashes, values where they take one, and the operands."""

    flags: set[str] = field(default_factory=set)
    values: dict[str, Word] = field(default_factory=dict)
    operands: list[Word] = field(default_factory=list)

    def has(self, *names: str) -> bool:
        """Tell whether any of `names` was given; a long name also in its abbreviations of 3+ letters."""
        for name in names:
            if name in self.flags:
                return True
            if len(name) > 3 and any(len(flag) > 2 and name.startswith(flag) for flag in self.flags):
                return True
        return False

    def value(self, *names: str) -> Word | None:
        """Return the value of the first of `names` that was given."""
        return next((self.values[name] for name in names if name in self.values), None)


def read_options(words: list[Word], valued: Collection[str] = (), *, until_operand: bool = False) -> Options:
    """Split words into options and operands.

    Args:
        words: The arguments of one invocation.
        valued: Names that take a value: single letters and long names, without dashes.
        until_operand: Stop at the first operand; it and all that follows are operands.
    """
    found = Options()
    at = 0
    while at < len(words):
        text = words[at].text
        if text == "--":
            found.operands.extend(words[at + 1 :])
            break
        if len(text) < 2 or text[0] != "-":
            if until_operand:
                found.operands.extend(words[at:])
                break
            found.operands.append(words[at])
        elif text[1] == "-":
            at += _long(found, words, at, valued)
        else:
            at += _cluster(found, words, at, valued)
        at += 1
    return found


def _long(found: Options, words: list[Word], at: int, valued: Collection[str]) -> int:
    word = words[at]
    name, equals, value = word.text[2:].partition("=")
    found.flags.add(name)
    if equals:
        found.values[name] = Word(value, word.start, word.end, word.quoted, word.flow)
    elif at + 1 < len(words) and _takes_value(name, valued):
        found.values[name] = words[at + 1]
        return 1
    return 0


def _takes_value(name: str, valued: Collection[str]) -> bool:
    return name in valued or (len(name) > 3 and any(each.startswith(name) for each in valued if len(each) > 1))


def _cluster(found: Options, words: list[Word], at: int, valued: Collection[str]) -> int:
    word = words[at]
    letters = word.text[1:]
    if letters in _ONE_DASH:
        found.flags.add(letters)
        return 0
    if letters in valued:
        found.flags.add(letters)
        if at + 1 < len(words):
            found.values[letters] = words[at + 1]
        return 1
    for place, letter in enumerate(letters):
        found.flags.add(letter)
        if letter not in valued:
            continue
        rest = letters[place + 1 :]
        if rest:
            found.values[letter] = Word(rest, word.start, word.end, word.quoted, word.flow)
            return 0
        if at + 1 < len(words):
            found.values[letter] = words[at + 1]
        return 1
    if len(letters) > 1:
        found.flags.add(letters)
    return 0

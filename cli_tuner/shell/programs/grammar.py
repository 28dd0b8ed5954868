"""Read options the way getopt does: clusters, attached values, long ones abbreviated, `--`, `--opt=value`.

`Grammar.read` is the one reader of options. Reference: getopt_long(3), POSIX Utility Syntax Guidelines.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache

from cli_tuner.shell.flow import Word

_ONE_DASH = frozenset(["nx", "nw", "batch", "quiet"])  # long options that some programs write with one dash
_NONE: frozenset[str] = frozenset()


@dataclass(slots=True)
class Arguments:
    """What one invocation was given: option names without dashes, their values, and the operands.

    Attributes:
        flags: Names of all options, also of those that take a value.
        values: The last value of each option that has one.
        operands: The words that are neither options nor values.
        every: All values in order, with the option's name.
    """

    flags: set[str] = field(default_factory=set)
    values: dict[str, Word] = field(default_factory=dict)
    operands: list[Word] = field(default_factory=list)
    every: list[tuple[str, Word]] = field(default_factory=list)

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

    def all_values(self, names: Collection[str]) -> list[Word]:
        """Return every value of the options `names`, in order."""
        return [word for name, word in self.every if name in names]

    def take(self, name: str, word: Word) -> None:
        """Note the value of an option."""
        self.values[name] = word
        self.every.append((name, word))


@dataclass(frozen=True, slots=True)
class Grammar:
    """The options of a program.

    Attributes:
        valued: Names that take a value: single letters and long names, without dashes.
        optional: Names whose value, if any, is attached (`-iSUFFIX`, `--in-place=SUFFIX`).
        flags: Long names without a value, as far as abbreviations of others would be ambiguous.
        lists: Names that take all words up to `;` or `+` (`find -exec`).
        stops: Whether the first operand ends the options.
        bundled: Whether the letters of the first word need no dash (`tar cf`).
        one_dash: Whether long names are written with one dash (`find -name`).
        pairs: Names that take two words (`bwrap --bind FROM TO`).
    """

    valued: frozenset[str] = _NONE
    optional: frozenset[str] = _NONE
    flags: frozenset[str] = _NONE
    lists: frozenset[str] = _NONE
    stops: bool = False
    one_dash: bool = False
    bundled: bool = False
    pairs: frozenset[str] = _NONE

    def read(self, words: list[Word], *, stops: bool | None = None) -> Arguments:
        """Split words into options, values and operands."""
        found = Arguments()
        stops = self.stops if stops is None else stops
        at = 0
        if self.bundled and words and words[0].text.isalpha():
            first = words[0]
            words = [Word("-" + first.text, first.start, first.end, first.quoted, first.flow), *words[1:]]
        while at < len(words):
            text = words[at].text
            if text == "--":
                found.operands.extend(words[at + 1 :])
                break
            if len(text) < 2 or text[0] != "-":
                if stops:
                    found.operands.extend(words[at:])
                    break
                found.operands.append(words[at])
            elif text[1] == "-" or self.one_dash:
                at += self._long(found, words, at)
            else:
                at += self._cluster(found, words, at)
            at += 1
        return found

    def full(self, name: str, *, long: bool = False) -> str:
        """Return the long name that `name` abbreviates, or `name` itself where that is not one name."""
        if (
            (len(name) < 2 and not long)
            or not name
            or name in self.valued
            or name in self.flags
            or name in self.optional
        ):
            return name
        found = [
            each for each in (*self.valued, *self.optional, *self.flags) if each.startswith(name) and len(each) > 1
        ]
        return found[0] if len(found) == 1 else name

    def _long(self, found: Arguments, words: list[Word], at: int) -> int:
        word = words[at]
        name, equals, value = word.text.lstrip("-").partition("=")
        name = self.full(name, long=word.text[1:2] == "-")
        found.flags.add(name)
        if equals:
            found.take(name, Word(value, word.start, word.end, word.quoted, word.flow))
        elif name in self.pairs:
            found.every.extend((name, each) for each in words[at + 1 : at + 3])
            return 2
        elif name in self.lists:
            end = next((p for p in range(at + 1, len(words)) if words[p].text in (";", "+")), len(words))
            return end - at
        elif at + 1 < len(words) and self._takes_value(name):
            found.take(name, words[at + 1])
            return 1
        return 0

    def _takes_value(self, name: str) -> bool:
        valued = self.valued
        return name in valued or (len(name) > 3 and any(each.startswith(name) for each in valued if len(each) > 1))

    def _cluster(self, found: Arguments, words: list[Word], at: int) -> int:
        word = words[at]
        letters = word.text[1:]
        if letters in _ONE_DASH:
            found.flags.add(letters)
            return 0
        if letters in self.valued:
            found.flags.add(letters)
            if at + 1 < len(words):
                found.take(letters, words[at + 1])
            return 1
        for place, letter in enumerate(letters):
            found.flags.add(letter)
            rest = letters[place + 1 :]
            if letter in self.optional:
                if rest:
                    found.take(letter, Word(rest, word.start, word.end, word.quoted, word.flow))
                return 0
            if letter not in self.valued:
                continue
            if rest:
                found.take(letter, Word(rest, word.start, word.end, word.quoted, word.flow))
                return 0
            if at + 1 < len(words):
                found.take(letter, words[at + 1])
            return 1
        if len(letters) > 1:
            found.flags.add(letters)
        return 0


def grammar(
    valued: str = "",
    optional: str = "",
    flags: str = "",
    lists: str = "",
    *,
    stops: bool = False,
    one_dash: bool = False,
    bundled: bool = False,
    pairs: str = "",
) -> Grammar:
    """Write a grammar with blank-separated names."""
    sets = [frozenset(text.split()) for text in (valued, optional, flags, lists, pairs)]
    return Grammar(sets[0], sets[1], sets[2], sets[3], stops, one_dash, bundled, sets[4])


@lru_cache(maxsize=512)
def _of(valued: tuple[str, ...], stops: bool) -> Grammar:
    return Grammar(frozenset(valued), stops=stops)


def read_options(words: list[Word], valued: Collection[str] = (), *, until_operand: bool = False) -> Arguments:
    """Read the words of a program that has no row: `valued` names the options that take a value."""
    return _of(tuple(valued), until_operand).read(words)

"""Read the options of an invocation by the table and write them in one order and one spelling.

The law: the program gets the same options, values and operands, in an order that it does not tell apart.
Whatever is uncertain (an option that is not in the table, one given twice, two that exclude each other)
makes the answer None: the words stay as they were typed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cli_tuner.shell.forms.table import TWINS, Utility
from cli_tuner.shell.forms.words import Arg, literal, template


@dataclass(slots=True)
class Option:
    """One option: its name in the normal form (a letter, or a long name) and its value."""

    name: str
    kind: str = ""
    value: Arg | None = None

    def words(self) -> list[Arg]:
        """Return how it is written."""
        dashes = "-" if len(self.name) == 1 else "--"
        if self.value is None:
            return [literal(dashes + self.name)]
        if len(self.name) == 1 and self.kind == "=":
            return [literal("-" + self.name), self.value]
        start = dashes + self.name + ("=" if len(self.name) > 1 else "")
        if self.value.value is not None:
            return [literal(start + self.value.value)]
        if self.value.typed is not None:
            return [template(start + self.value.typed)]
        return [Arg(literal(start).text + self.value.text, head=start)]


@dataclass(slots=True)
class Reading:
    """What an invocation says.

    Attributes:
        options: In the order of the normal form.
        operands: In their order; options that act on what follows them are among them.
        rest: Words from the first one that could be anything; nothing behind it may move.
        dashes: Whether `--` ended the options.
        permutes: Whether options may stand behind operands.
    """

    options: list[Option] = field(default_factory=list)
    operands: list[Arg | Option] = field(default_factory=list)
    rest: list[Arg] = field(default_factory=list)
    dashes: bool = False
    permutes: bool = True

    def has(self, *names: str) -> bool:
        """Tell whether any of `names` was given."""
        return any(option.name in names for option in self.options)

    def plain(self) -> list[Arg] | None:
        """Return the operands where all are known to be operands; None where one could be something else."""
        if self.rest or any(isinstance(operand, Option) for operand in self.operands):
            return None
        return [operand for operand in self.operands if isinstance(operand, Arg)]

    def words(self) -> list[Arg]:
        """Return the words behind the program's name."""
        found = [word for option in self.options for word in option.words()]
        behind = [word for one in self.operands for word in (one.words() if isinstance(one, Option) else [one])]
        behind += self.rest
        doubtful = behind if self.permutes else behind[:1]
        if self.dashes and any(word.may_be_option or word.many for word in doubtful):
            found.append(literal("--"))
        return found + behind


def read(name: str, utility: Utility, args: list[Arg]) -> Reading | None:
    """Read the words behind a program's name.

    Args:
        name: The program.
        utility: Its row of the table.
        args: Its words.
    """
    reader = _Reader(name, utility, args)
    return reader.found if reader.run() and reader.sort() else None


class _Reader:
    def __init__(self, name: str, utility: Utility, args: list[Arg]) -> None:
        self.utility = utility
        self.twins = TWINS.get(name, {})
        self.args = args
        self.found = Reading(permutes=utility.permutes)
        self.at = 0

    def run(self) -> bool:
        while self.at < len(self.args):
            arg = self.args[self.at]
            self.at += 1
            if arg.many or (arg.value is None and arg.may_be_option):
                self.found.rest = self.args[self.at - 1 :]
                return True
            text = arg.value
            if text is None or len(text) < 2 or text[0] != "-":
                self.found.operands.append(arg)
                if not self.utility.permutes:
                    return self._behind()
            elif text == "--":
                self.found.dashes = True
                return self._behind()
            elif not (self._long(text[2:]) if text[1] == "-" else self._cluster(text[1:])):
                return False
        return True

    def _behind(self) -> bool:
        behind = self.args[self.at :]
        cut = next((number for number, arg in enumerate(behind) if arg.many), len(behind))
        self.found.operands += behind[:cut]
        self.found.rest = behind[cut:]
        return True

    def _long(self, text: str) -> bool:
        name, equals, value = text.partition("=")
        entry = (self.utility.longs or {}).get(name)
        if entry is None:
            return False
        letter, kind = entry
        if kind == "=" and not equals:
            return self._take(letter)
        if equals and not kind:
            return False
        return self._add(Option(letter, kind, literal(value) if equals else None))

    def _cluster(self, letters: str) -> bool:
        if self.utility.number and letters.isdigit():
            return self._add(Option(self.utility.number, "=", literal(letters)))
        for place, letter in enumerate(letters):
            kind = self.utility.kind(letter)
            letter, rest = self.twins.get(letter, letter), letters[place + 1 :]
            if kind == "":
                if not self._add(Option(letter)):
                    return False
                continue
            if kind is None:
                return False
            if kind == "=" and not rest:
                return self._take(letter)
            return self._add(Option(letter, kind, literal(rest) if rest else None))
        return True

    def _take(self, letter: str) -> bool:
        """Use the next word as the value."""
        if self.at >= len(self.args) or self.args[self.at].many:
            return False
        self.at += 1
        return self._add(Option(letter, "=", self.args[self.at - 1]))

    def _add(self, option: Option) -> bool:
        if option.name in self.utility.placed:
            self.found.operands.append(option)
        elif option.value is None or (option.name, option.value.value) not in self.utility.defaults:
            self.found.options.append(option)
        elif len({each.name for each in self.found.options if self._excluded(each.name, option.name)}):
            return False
        return True

    def _excluded(self, one: str, other: str) -> bool:
        return one == other or any({one, other} <= group for group in self.utility.groups)

    def sort(self) -> bool:
        """Put the options in order; False where their order could matter."""
        names = [option.name for option in self.found.options]
        listed = {name: min(names) for names in self.utility.lists for name in names}
        if any(names.count(name) > 1 and name not in listed for name in names):
            return False
        if any(len(group.intersection(names)) > 1 for group in self.utility.groups):
            return False
        self.found.options.sort(key=lambda option: listed.get(option.name, option.name))
        return True

"""One row a program: its names, its grammar, and which of its options and variables carry a command."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cli_tuner.shell.programs.grammar import Grammar, grammar

_INERT = frozenset({"help", "version", "usage"})


class Form(Enum):
    """How the words that a program hands on become a command."""

    WORDS = "words"
    TEXT = "joined by blanks, for a shell"
    EITHER = "one word is text for a shell, several are words"
    EACH = "each word is text for a shell"


@dataclass(frozen=True, slots=True)
class Hands:
    """Where among a program's words the command stands that it runs.

    Attributes:
        form: What the words become.
        operands: How many operands go before the command.
        assigns: Whether `NAME=value` words may go before it.
        verbs: Subcommands of which one must come first (`exec`).
        inert: Options that keep it from running.
        after: Words that it starts behind (`--`, `-e`): without one of them there is none.
    """

    form: Form = Form.WORDS
    operands: int = 0
    assigns: bool = False
    verbs: frozenset[str] = frozenset()
    inert: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()


def hands(
    operands: int = 0,
    *,
    verbs: str = "",
    inert: str = "",
    after: str = "",
    assigns: bool = False,
    form: Form = Form.WORDS,
) -> Hands:
    """Write where the command stands, with blank-separated names."""
    return Hands(form, operands, assigns, frozenset(verbs.split()), frozenset(inert.split()), frozenset(after.split()))


@dataclass(frozen=True, slots=True)
class Program:
    """What is known of a program, whoever asks.

    Attributes:
        names: The names that it is installed under.
        grammar: How its words are read.
        runs: Options whose value is a command for a shell.
        marked: Whether only a marked part of such a value is one: `!cmd`, `exec=cmd`, `ProxyCommand=cmd`.
        options_from: Variables that hold more options.
        default_from: A variable that holds the value of an option that is not given, and that option.
        inert: Options that keep it from acting.
        typed: Whether a shell can be started by what is typed into it.
        hands: Where the command stands that it runs, if it is there to run one.
        mounts: Options whose value gives that command a folder of this machine under another name.
    """

    names: tuple[str, ...]
    grammar: Grammar
    runs: frozenset[str] = frozenset()
    marked: bool = False
    options_from: tuple[str, ...] = ()
    default_from: tuple[str, str] | None = None
    inert: frozenset[str] = _INERT
    typed: bool = False
    hands: Hands | None = None
    mounts: frozenset[str] = frozenset()

    @property
    def escapes(self) -> bool:
        """Tell whether the program can start a shell: by an option, or by what is typed into it."""
        return self.typed or bool(self.runs)


def program(
    names: str,
    valued: str = "",
    *,
    optional: str = "",
    flags: str = "",
    lists: str = "",
    runs: str = "",
    marked: bool = False,
    options_from: str = "",
    default_from: tuple[str, str] | None = None,
    stops: bool = False,
    one_dash: bool = False,
    typed: bool = False,
    bundled: bool = False,
    pairs: str = "",
    mounts: str = "",
    hands: Hands | None = None,
) -> Program:
    """Write a row with blank-separated names; options that run a command take a value without being named twice."""
    optional_names = frozenset(optional.split())
    carrying = [name for name in runs.split() if name not in optional_names]
    read = grammar(
        " ".join([valued, *carrying]), optional, flags, lists,
        stops=stops or (hands is not None and not hands.verbs), one_dash=one_dash, bundled=bundled, pairs=pairs,
    )  # fmt: skip
    return Program(
        tuple(names.split()), read, frozenset(runs.split()), marked,
        tuple(options_from.split()), default_from, typed=typed, hands=hands, mounts=frozenset(mounts.split()),
    )  # fmt: skip

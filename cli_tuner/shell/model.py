"""The words of evaluation: an effective invocation, its redirections, and the state a script carries along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cli_tuner.shell.flow import EMPTY, NO_TAGS, Flow, Variable, Word, shown

SHOWN_LENGTH = 200  # characters of an invocation that a person is shown


@dataclass(slots=True)
class Redirect:
    """One redirection: `operator` as typed, the descriptor (empty by default), a target or the text fed in."""

    operator: str
    descriptor: str
    target: Word
    flow: Flow | None = None

    @property
    def writes(self) -> bool:
        """Tell whether the redirection opens a file for writing."""
        return (self.operator[0] != "<" and self.operator != ">&") or self.operator == "<>"


def fed_by(redirects: list[Redirect], stdin: Flow | None) -> Flow | None:
    """Return what feeds a command: the last redirection of its input, else `stdin`."""
    for item in redirects:
        if item.flow is not None and item.descriptor in ("", "0"):
            stdin = item.flow
    return stdin


@dataclass(slots=True)
class Fact:
    """What code in another language would do: a verb and its literal target."""

    verb: str
    target: str = ""


@dataclass(slots=True)
class Invocation:
    """One program that would run, with the words it would get.

    Attributes:
        program: Name without its folder; `{` for a compound, `?` when it is not known, empty when there is none.
        head: The word the name came from.
        words: The arguments.
        assigns: Assignments that go before the program.
        stdin: What feeds it; `None` is the terminal.
        stdout: What it prints, as far as known.
        via: How it came to run: `sudo`, `bash -c`, `$( )`; empty at the top.
        facts: What code in another language that it carries would do.
        inner: The words that it hands on as a command.
        consumed: Whether another command reads what it prints.
    """

    program: str
    head: Word
    words: list[Word]
    start: int
    end: int
    redirects: list[Redirect] = field(default_factory=list)
    assigns: dict[str, str] = field(default_factory=dict)
    stdin: Flow | None = None
    stdout: Flow = EMPTY
    via: str = ""
    parent: Invocation | None = None
    cwd: str = ""
    background: bool = False
    looped: bool = False
    consumed: bool = False
    wraps: bool = False
    tags: frozenset[str] = NO_TAGS
    facts: list[Fact] = field(default_factory=list)
    code: str = ""
    inner: list[Word] = field(default_factory=list)

    def texts(self) -> list[str]:
        """Return the arguments' texts."""
        return [word.text for word in self.words]

    def shown(self) -> str:
        """Return the invocation as a person reads it, on one line."""
        room, parts = SHOWN_LENGTH + 1, []
        for part in self._parts():
            if part:
                parts.append(shown(part[: room + 1]))
                room -= len(parts[-1]) + 1
            if room < 0:
                break
        text = " ".join(parts).strip()
        text = text.encode("unicode_escape", "backslashreplace").decode() if not text.isprintable() else text
        return text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 3] + "..."

    def _parts(self) -> Iterator[str]:
        yield from (f"{name}={value}" for name, value in self.assigns.items())
        yield self.head.text or self.program
        yield from (word.text or "''" for word in self.words)
        yield from (f"{item.descriptor}{item.operator}{item.target.text}" for item in self.redirects)

    def stdin_tags(self) -> frozenset[str]:
        """Return where its input comes from."""
        return self.stdin.tags if self.stdin else NO_TAGS


@dataclass(slots=True)
class Function:
    """A function defined in the text: where its body lies."""

    text: str
    start: int
    end: int
    offset: int
    fixed: bool
    called: bool = False


@dataclass(slots=True)
class State:
    """What a script carries from one command to the next.

    Attributes:
        descriptors: What reading an open descriptor delivers.
        sinks: Where writing to an open descriptor goes: a path, or `>(code)`.
        fixed_names: Variables that were made read-only.
        last_pipe: Whether the last command of a pipeline runs in this shell.
        uncertain: Variables that may hold something else, because a branch or a sourced file may have set them.
        passed: Where the arguments come from.
    """

    variables: dict[str, Variable] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    files: dict[str, Flow] = field(default_factory=dict)
    descriptors: dict[str, Flow] = field(default_factory=dict)
    sinks: dict[str, str] = field(default_factory=dict)
    fixed_names: set[str] = field(default_factory=set)
    last_pipe: bool = False
    uncertain: set[str] = field(default_factory=set)
    arguments: list[str] | None = None
    cwd: str = ""
    passed: frozenset[str] = NO_TAGS

    def fork(self) -> State:
        """Return what a subshell starts from; files stay shared, as on disk."""
        return State(
            dict(self.variables), dict(self.functions), dict(self.aliases), self.files, dict(self.descriptors),
            dict(self.sinks), set(self.fixed_names), self.last_pipe, set(self.uncertain), self.arguments, self.cwd,
            self.passed,
        )  # fmt: skip

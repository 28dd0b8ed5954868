"""What a program's handler may ask of the evaluator: the one seam between programs and the walk of a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from cli_tuner.shell.flow import Flow, Word
from cli_tuner.shell.model import Invocation, Redirect, State
from cli_tuner.shell.words import Context


class Shell(Context, Protocol):
    """The state of one evaluation, and how more text or more words are run in it.

    Attributes:
        state: Variables, files, descriptors and the working directory.
        depth: How deep commands are nested.
        offset: Where the command that is looked at starts in the original text.
        fixed: The stretch of the original that stands for text with offsets of its own.
        parent: The invocation that runs the present text.
        stdin: What feeds it.
        active: Functions that are being called, aliases, and `|` for each pipeline.
        background: Whether it runs as a job.
        conditional_depth: How many branches are around it.
        at_exit: Code that `trap` set for the end.
    """

    state: State
    depth: int
    offset: int
    fixed: tuple[int, int] | None
    parent: Invocation | None
    stdin: Flow | None
    active: list[str]
    background: bool
    conditional_depth: int
    at_exit: list[tuple[Invocation, Word]]

    def may_go_on(self) -> bool:
        """Count a step and tell whether it is within bounds."""

    def spend(self, size: int) -> None:
        """Count work that grows with `size`."""

    def limit(self, what: str) -> None:
        """Note a bound that was met."""

    def emit(self, invocation: Invocation) -> Invocation:
        """Add an invocation to the result."""

    def dispatch(self, words: list[Word], span: tuple[int, int], *, stdin: Flow | None = None, via: str = "") -> Flow:
        """Run expanded words; return what they print."""

    def nested(
        self,
        text: str,
        offset: int,
        via: str,
        *,
        span: tuple[int, int] | None = None,
        stdin: Flow | None = None,
        parent: Invocation | None = None,
        shared: bool = False,
    ) -> Flow:
        """Run text; return what it prints."""

    def call(self, name: str, arguments: list[Word], stdin: Flow | None) -> Flow:
        """Call a function of the text."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return a stretch of the original text for one of the text being run."""

    def save(self, path: str, flow: Flow, *, append: bool = False) -> None:
        """Remember what a file holds."""

    def write(self, redirects: list[Redirect], flow: Flow) -> None:
        """Remember what redirections leave."""

    def set_unknown(self, name: str, flow: Flow | None = None) -> None:
        """Give a variable a value that is not known."""

    def shadow(self, name: str) -> None:
        """Remember what a variable held before a function made it local."""


Handler = Callable[[Shell, Invocation], Flow]

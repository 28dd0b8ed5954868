"""Streams through descriptors: `exec 3<file`, `{fd}>file`, `>&3`, `/dev/fd/3`, coprocesses.

Reference: Bash manual, "Redirections" and "Coprocesses".
"""

from __future__ import annotations

from typing import cast

from cli_tuner.shell import scan
from cli_tuner.shell.flow import Flow, Variable, Word
from cli_tuner.shell.model import Redirect, State
from cli_tuner.shell.patterns import late
from cli_tuner.shell.protocol import Shell

_OPENED = late(r"/dev/fd/(\d+)|/proc/(?:self|thread-self|\$\$)/fd/(\d+)")
_COPROC = late(r"\bcoproc[ \t]+(?:([A-Za-z_]\w{0,40})[ \t]+(?=[{(]))?")
_SIMPLE_END = late(r"[;&\n]|\Z")
_READING = frozenset({"<>", "<", "<<<", "<<", "<<-"})
_WRITING = frozenset({"<>", ">", ">>", ">|"})
_FIRST = 10  # the first descriptor that Bash hands out for `{name}`


def opened_as(evaluator: Shell, path: str) -> Flow | None:
    """Return what an open descriptor delivers that is read by its path."""
    match = _OPENED.fullmatch(path)
    return evaluator.state.descriptors.get(match.group(1) or match.group(2)) if match else None


class Descriptors:
    """The part of the evaluator that knows open descriptors."""

    state: State

    def descriptor(self, name: str) -> str:
        """Return the number of a descriptor; `{name}` gets a free one, or keeps the one it has."""
        if not name or name.isdigit() or not name.isidentifier():
            return name
        taken = len(self.state.descriptors) + len(self.state.sinks)
        number = str(_FIRST + taken)
        self.state.variables[name] = Variable([number])
        return number

    def sink(self, operator: str, descriptor: str, target: Word) -> Redirect | None:
        """Return the redirection that `>&3` means where it is known what 3 was opened for."""
        path = self.state.sinks.get(target.text) if operator == ">&" and descriptor in ("", "1") else None
        if path is None or path.startswith(">("):
            return None
        return Redirect(">>", "", Word(path, target.start, target.end))

    def open(self, item: Redirect) -> None:
        """Note what a redirection opens a descriptor above 2 for."""
        number, target = item.descriptor, item.target.text
        if not number.isdigit() or int(number[:3]) <= 2:
            return
        if item.operator in _READING or item.operator in _WRITING:
            opened = item.flow or Flow()
            socket = target.startswith(("/dev/tcp/", "/dev/udp/"))
            if socket or item.operator in _READING:
                self.state.descriptors[number] = opened.tagged("net", "socket") if socket else opened
        if item.operator in _WRITING:
            self.state.sinks[number] = target

    def feed(self, item: Redirect, flow: Flow) -> None:
        """Run the code that a descriptor was opened for with what is written to it."""
        sink = self.state.sinks.get(item.target.text, "") if item.operator == ">&" else ""
        if sink.startswith(">("):
            evaluator = cast("Shell", self)
            span = evaluator.span(item.target.start, item.target.end)
            evaluator.nested(sink[2:-1], item.target.start, ">( )", span=span, stdin=flow)


def coprocesses(evaluator: Shell, text: str, offset: int) -> str:
    """Open both descriptors of every coprocess in `text`; return the text with their headers blanked."""
    for match in list(_COPROC.finditer(text))[:4]:
        start = match.end()
        opening = text[start : start + 1]
        if opening in ("{", "("):
            end = scan.closing(text, start + 1, "}" if opening == "{" else ")")
        else:
            found = _SIMPLE_END.search(text, start)
            end = found.start() if found else len(text)
        if end < 0:
            continue
        body = text[start:end]
        inner = body[1:-1] if opening in ("{", "(") else body
        reads, writes = (str(_FIRST + 50 + len(evaluator.state.sinks) * 2 + place) for place in (0, 1))
        span = evaluator.span(offset + start, offset + end)
        evaluator.state.descriptors[reads] = evaluator.nested(inner, offset + start, "coproc", span=span, stdin=Flow())
        evaluator.state.sinks[writes] = f">({inner})"
        evaluator.state.variables[match.group(1) or "COPROC"] = Variable([reads, writes], array=True)
        text = text[: match.start()] + " " * (start - match.start()) + text[start:]
    return text

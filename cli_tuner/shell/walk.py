"""Walk one parsed script: pipelines, loops, branches, functions and compounds with redirections."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from cli_tuner.shell.flow import FILLED, Flow, Variable, Word
from cli_tuner.shell.loops import spawns
from cli_tuner.shell.model import Invocation, Redirect, fed_by
from cli_tuner.shell.parse import LEAVES, RawRedirect, Script, leaf
from cli_tuner.shell.patterns import late
from cli_tuner.shell.protocol import Shell
from cli_tuner.shell.words import expand

if TYPE_CHECKING:
    import tree_sitter

MAX_LOOP_VALUES = 6
MAX_TREE_DEPTH = 120
_FUNCTION = late(r"(?:function\s+)?([^\s()]+)\s*(?:\(\s*\))?")
_BRANCHES = frozenset({"if_statement", "case_statement", "while_statement", "for_statement", "c_style_for_statement"})
_SIMPLE_LEAVES = LEAVES - {"redirected_statement"}


class Walked(Shell, Protocol):
    """What the walk of a script asks of the evaluator besides.

    Attributes:
        looped: Whether a loop is around the command.
        endless: Whether that loop has no end and waits for none of its jobs.
        consumed: Whether another command reads what is printed.
    """

    looped: bool
    endless: bool
    consumed: bool

    def simple(self, script: Script, start: int, end: int, offset: int, stdin: Flow | None) -> Flow:
        """Evaluate one simple command; return what it prints."""

    def redirect(self, item: RawRedirect, script: Script, offset: int) -> Redirect:
        """Expand a redirection."""

    def define(self, name: str, text: str, offset: int) -> None:
        """Remember a function."""


class Walk:
    """One script at one offset of the original text."""

    def __init__(self, evaluator: Walked, script: Script, offset: int) -> None:
        self.on = evaluator
        self.script = script
        self.offset = offset
        self.tree_depth = 0

    def whole(self) -> Flow:
        """Walk everything; return what it prints."""
        if self.script.root is None:
            return self._plain()
        return self.node(self.script.root, self.on.stdin)

    def _plain(self) -> Flow:
        flow = self.on.stdin
        if len(self.script.commands) == 1:
            return self.on.simple(self.script, *self.script.commands[0], self.offset, flow)
        kept, self.on.state = self.on.state, self.on.state.fork()
        self.on.active.append("|")
        consumed = self.on.consumed
        for start, end in self.script.commands:
            last = (start, end) == self.script.commands[-1]
            if kept.last_pipe and last:
                self.on.state = kept
            self.on.consumed = consumed or not last
            flow = self.on.simple(self.script, start, end, self.offset, flow)
        self.on.consumed = consumed
        self.on.active.pop()
        self.on.state = kept
        return flow or Flow("")

    def node(self, node: tree_sitter.Node, stdin: Flow | None) -> Flow:
        """Walk one node of the tree."""
        kind = node.type
        if kind in _SIMPLE_LEAVES:
            return self.on.simple(self.script, node.start_byte, node.end_byte, self.offset, stdin)
        if not self.on.may_go_on():
            return Flow()
        branches = kind in _BRANCHES
        self.on.conditional_depth += branches
        self.tree_depth += 1
        if self.tree_depth > MAX_TREE_DEPTH:
            self.on.limit("nested too deeply")
            flow = Flow()
        else:
            flow = _KINDS.get(kind, Walk._sequence)(self, node, stdin)
        self.tree_depth -= 1
        self.on.conditional_depth -= branches
        return flow

    def _sequence(self, node: tree_sitter.Node, stdin: Flow | None) -> Flow:
        flow = Flow("")
        children = node.children
        for place, child in enumerate(children):
            if not child.is_named:
                continue
            behind = children[place + 1].type if place + 1 < len(children) else ""
            kept, self.on.background = self.on.background, self.on.background or behind == "&"
            state, self.on.state = self.on.state, self.on.state.fork() if behind == "&" else self.on.state
            depends = node.type == "list" and place > 0 and children[place - 1].type in ("&&", "||")
            self.on.conditional_depth += depends
            flow = flow.merged(self.node(child, stdin))
            self.on.conditional_depth -= depends
            self.on.background, self.on.state = kept, state
        return flow

    def _nothing(self, node: tree_sitter.Node, stdin: Flow | None) -> Flow:
        text = self._text(node)
        if "$(" in text or "`" in text:
            expand(text, self.offset + node.start_byte, self.on)
        return Flow("")

    def _subshell(self, node: tree_sitter.Node, stdin: Flow | None) -> Flow:
        kept, self.on.state = self.on.state, self.on.state.fork()
        flow = self._sequence(node, stdin)
        self.on.state = kept
        return flow

    def _pipeline(self, node: tree_sitter.Node, stdin: Flow | None) -> Flow:
        flow = stdin
        kept, self.on.state = self.on.state, self.on.state.fork()
        self.on.active.append("|")
        consumed = self.on.consumed
        children = node.named_children
        for place, child in enumerate(children, start=1):
            last = place == len(children)
            if kept.last_pipe and last:
                self.on.state = kept
            self.on.consumed = consumed or not last
            flow = self.node(child, flow)
        self.on.consumed = consumed
        self.on.active.pop()
        self.on.state = kept
        return flow or Flow("")

    def _redirected(self, node: tree_sitter.Node, stdin: Flow | None) -> Flow:
        body = node.child_by_field_name("body")
        if body is None or body.type in _SIMPLE_LEAVES:
            return self.on.simple(self.script, node.start_byte, node.end_byte, self.offset, stdin)
        if body.type in ("list", "pipeline") and body.named_children:
            return self._attached(node, body, stdin)
        return self._held(node, body, stdin)

    def _held(self, node: tree_sitter.Node, body: tree_sitter.Node, stdin: Flow | None) -> Flow:
        """Walk a compound whose redirections stand between its end and that of `node`."""
        cut = leaf(self.script, body.end_byte, node.end_byte)
        redirects = [self.on.redirect(item, self.script, self.offset) for item in cut.redirects]
        flow = self.node(body, fed_by(redirects, stdin))
        span = self.on.span(self.offset + node.start_byte, self.offset + node.end_byte)
        holder = Invocation("{", Word("{", *span), [], *span, redirects=redirects, stdin=flow)
        self.on.emit(holder)
        self.on.write(redirects, flow)
        return flow

    def _attached(self, node: tree_sitter.Node, body: tree_sitter.Node, stdin: Flow | None) -> Flow:
        """A redirection that the grammar hangs on a list belongs to the last command of it."""
        *before, last = body.named_children
        flow = stdin
        for child in before:
            printed = self.node(child, flow)
            flow = printed if body.type == "pipeline" else stdin
        if last.type in _SIMPLE_LEAVES:
            return self.on.simple(self.script, last.start_byte, node.end_byte, self.offset, flow)
        if last.type in ("list", "pipeline") and last.named_children:
            return self._attached(node, last, flow)
        return self._held(node, last, flow)

    def _for(self, node: tree_sitter.Node, stdin: Flow | None) -> Flow:
        name = node.child_by_field_name("variable")
        body = node.child_by_field_name("body")
        if body is None or name is None:
            return self._sequence(node, stdin)
        words: list[Word] = []
        for value in node.children_by_field_name("value"):
            words.extend(expand(self._text(value), self.offset + value.start_byte, self.on))
        flow = Flow("")
        looped, self.on.looped = self.on.looped, True
        for word in words[:MAX_LOOP_VALUES] or [Word(FILLED, 0, 0)]:
            self.on.state.variables[self._text(name)] = Variable([word.text or FILLED], word.tags)
            flow = flow.merged(self.node(body, stdin))
        self.on.looped = looped
        return flow

    def _loop(self, node: tree_sitter.Node, stdin: Flow | None) -> Flow:
        looped, self.on.looped = self.on.looped, True
        endless, self.on.endless = self.on.endless, self.on.endless or spawns(node, self.script.text)
        lines = 1
        if stdin is not None and stdin.text and "read" in self._text(node):
            lines = min(MAX_LOOP_VALUES, stdin.text.count("\n") or 1)
        flow = Flow("")
        rest = stdin
        for _ in range(lines):
            flow = flow.merged(self._sequence(node, rest))
            if rest is not None and rest.text is not None:
                rest = Flow(rest.text.partition("\n")[2], rest.tags)
        self.on.looped, self.on.endless = looped, endless
        return flow

    def _function(self, node: tree_sitter.Node, stdin: Flow | None) -> Flow:
        name = _FUNCTION.match(self._text(node))
        body = node.child_by_field_name("body")
        if name and body is not None:
            start = body.start_byte
            end = node.end_byte
            self.on.define(name.group(1), self.script.text[start:end], self.offset + start)
        return Flow("")

    def _text(self, node: tree_sitter.Node) -> str:
        return self.script.text[node.start_byte : node.end_byte]


_KINDS: dict[str, Callable[[Walk, tree_sitter.Node, Flow | None], Flow]] = {
    "subshell": Walk._subshell,
    "pipeline": Walk._pipeline,
    "redirected_statement": Walk._redirected,
    "for_statement": Walk._for,
    "while_statement": Walk._loop,
    "c_style_for_statement": Walk._loop,
    "function_definition": Walk._function,
    "word": Walk._nothing,
    "concatenation": Walk._nothing,
    "number": Walk._nothing,
    "variable_name": Walk._nothing,
    "extglob_pattern": Walk._nothing,
    "comment": Walk._nothing,
}

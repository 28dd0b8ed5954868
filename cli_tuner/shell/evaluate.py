"""Walk parsed Bash in order and derive the effective invocations: what would run, with which words.

The law: nothing is executed, nothing raises, and every bound (depth, count, length) that is met is named
in `Evaluation.limits`, so that a caller never mistakes "not looked at" for "nothing there". Branches are
all taken, loops run over the values that are known.
"""

from __future__ import annotations

import re

from cli_tuner.shell import carriers, parameters
from cli_tuner.shell.bounds import Bounds, Evaluation
from cli_tuner.shell.descriptors import coprocesses, opened_as
from cli_tuner.shell.dispatch import dispatch
from cli_tuner.shell.flow import FILLED, NO_TAGS, OUTPUT, Flow, Variable, Word, clean
from cli_tuner.shell.memory import Memory
from cli_tuner.shell.model import Invocation, Redirect, State, fed_by
from cli_tuner.shell.parse import ASSIGNMENT, MAX_LENGTH, RawRedirect, Script, leaf, parse_repaired
from cli_tuner.shell.patterns import late
from cli_tuner.shell.running import run_words
from cli_tuner.shell.state import alternatives
from cli_tuner.shell.walk import Walk
from cli_tuner.shell.words import expand, expand_heredoc, expand_text

_SESSION = late(
    r"^[ \t]*(?:sudo[ \t]+)?((?:jjs|jshell|tclsh|wish|python[\d.]*|irb|ghci|dotnet fsi|lua|node|erl|julia"
    r"|R|octave|guile|swipl|expect|jrunscript|php)"
    r"(?:[ \t]+-[aiqs])?)[ \t]*\n(?=\S)",
    re.MULTILINE,
)
_OFTEN = frozenset(("ls", "cd", "sudo", "su", "cat", "vi", "vim", "git", "ssh", "ps", "exit", "clear", "man", "less"))
_FILE_INPUT = late(r"\s*<\s*([^\s<>|;&]+)\s*")


def evaluate(command: str) -> Evaluation:
    """Return the effective invocations of `command`; never raises on any text."""
    evaluator = Evaluator()
    text = clean(command)
    if len(text) > MAX_LENGTH:
        evaluator.limit("longer than 64 KiB")
        text = text[:MAX_LENGTH]
    try:
        evaluator.run(text, 0)
        evaluator.run_uncalled()
        evaluator.run_session(text)
    except RecursionError:
        evaluator.limit("nested too deeply")
    evaluator.result.steps = evaluator.steps
    return evaluator.result


class Evaluator(Memory, Bounds):
    """The state of one evaluation; also the `Context` that words are expanded in."""

    def __init__(self) -> None:
        self.result = Evaluation()
        self.state = State()
        self.depth = self.offset = self.steps = self.conditional_depth = 0
        self.fixed = None
        self.parent: Invocation | None = None
        self.via = ""
        self.stdin: Flow | None = None
        self.feeding: Flow | None = None
        self.background = self.looped = self.endless = self.consumed = False
        self.shadowed: dict[str, Variable | None] | None = None
        self.active: list[str] = []
        self.at_exit: list[tuple[Invocation, Word]] = []

    @property
    def separators(self) -> str:
        """IFS, as set in the text."""
        variable = self.state.variables.get("IFS")
        return variable.values[0][:8] if variable and variable.values else " \t\n"

    def parameter(self, inside: str, *, quoted: bool) -> Flow:
        """Return the value of `${inside}`."""
        if not self.may_go_on():
            return Flow(FILLED)
        self.depth += 1
        flow = parameters.expand_parameter(self, inside, quoted=quoted)
        self.depth -= 1
        return flow

    def substitute(self, code: str, offset: int) -> Flow:
        """Return what `$(code)` prints, its final newlines taken off."""
        read = _FILE_INPUT.fullmatch(code)
        if read:
            target = expand_text(read.group(1), offset, self)
            if not target.text.startswith("/dev/tcp"):
                self.emit(Invocation("cat", target, [target], *self.span(offset, offset + len(code)), via="$(<)"))
                return self.state.files.get(target.text, Flow(OUTPUT)).tagged(f"file:{target.text}")
        flow = self.nested(code, offset, "$( )")
        if flow.text is None:
            return Flow(OUTPUT, flow.tags | {"output"})
        return Flow(flow.text.rstrip("\n"), flow.tags)

    def process(self, code: str, offset: int) -> Flow:
        """Return what `<(code)` delivers."""
        return self.nested(code, offset, "<( )")

    def consume(self, code: str, offset: int) -> Flow:
        """Feed the command's input to `>(code)`."""
        return self.nested(code, offset, ">( )", stdin=self.feeding or self.stdin)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return a span in the original text for a stretch of the text being run."""
        return self.fixed or (start, end)

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
        """Run `text` as a subshell (or in this shell when `shared`); return what it prints.

        Where offsets do not match, `span` is the stretch of the original that stands for all of `text`.
        """
        if not self.may_go_on():
            return Flow()
        kept = (self.state, self.fixed, self.parent, self.via, self.stdin, self.offset)
        self.state = self.state if shared else self.state.fork()
        self.fixed = span or self.fixed
        self.parent, self.via = parent or self.parent, via
        self.stdin = stdin if stdin is not None else self.stdin
        consumed, self.consumed = self.consumed, self.consumed or via in ("$( )", "<( )")
        self.depth += 1
        flow = self.run(text[:MAX_LENGTH], offset)
        self.depth -= 1
        self.consumed = consumed
        self.state, self.fixed, self.parent, self.via, self.stdin, self.offset = kept
        return flow

    def run(self, text: str, offset: int) -> Flow:
        """Parse and walk `text`, whose first character is at `offset`."""
        if not self.may_go_on():
            return Flow()
        self.offset = offset
        self.spend(len(text) >> 5)
        if "coproc" in text:
            text = coprocesses(self, text, offset)
        script = parse_repaired(text)
        if not script.sound:
            self.result.unsound.append(self.span(offset, offset + len(text)))
        return Walk(self, script, offset).whole()

    def run_uncalled(self) -> None:
        """Walk functions not called here, and aliases in place of a program: a later line will call them."""
        for invocation, word in self.at_exit:
            run_words(self, invocation, [word], "trap", shared=True)
        for name, function in list(self.state.functions.items()):
            if not function.called and self.may_go_on():
                self.call(name, [], None)
        for text in [text for name, text in self.state.aliases.items() if name in _OFTEN][:16]:
            self.nested(text, self.offset, "alias", span=(self.offset, self.offset))

    def run_session(self, text: str) -> None:
        """Read the lines after an interactive interpreter as its code: text as it is pasted into a terminal."""
        found = _SESSION.search(text) if "\n" in text else None
        if found and self.may_go_on():
            words = [Word(part, *found.span(1)) for part in found.group(1).split()]
            dispatch(self, words, found.span(1), stdin=Flow(text[found.end() :]), via="session")

    def call(self, name: str, arguments: list[Word], stdin: Flow | None) -> Flow:
        """Walk the body of a function of the text with its positional parameters set."""
        function = self.state.functions[name]
        function.called = True
        kept, passed = self.state.arguments, self.state.passed
        shadowed, self.shadowed = self.shadowed, {}
        self.state.arguments = [name, *(word.text for word in arguments)]
        self.state.passed = NO_TAGS.union(*(each.tags for each in arguments))
        self.active.append(name)
        fixed = self.fixed
        if function.fixed and fixed is None:
            self.fixed = (function.offset, function.offset)
        kept_in, self.stdin = self.stdin, stdin if stdin is not None else self.stdin
        self.depth += 1
        flow = self.run(function.text, function.offset)
        self.depth -= 1
        self.stdin, self.fixed = kept_in, fixed
        self.active.pop()
        self.unshadow()
        self.shadowed = shadowed
        self.state.arguments, self.state.passed = kept, passed
        return flow

    def dispatch(self, words: list[Word], span: tuple[int, int], *, stdin: Flow | None = None, via: str = "") -> Flow:
        """Run expanded words; return what they print."""
        return dispatch(self, words, span, stdin=stdin, via=via)

    def emit(self, invocation: Invocation) -> Invocation:
        """Add an invocation to the result."""
        invocation.parent = invocation.parent or self.parent
        invocation.via = invocation.via or self.via
        invocation.cwd = self.state.cwd
        invocation.background = self.background
        invocation.looped = self.looped
        invocation.consumed = self.consumed
        if self.endless and self.background:
            invocation.tags |= {"spawned"}
        self.steps += len(invocation.words)
        self.result.invocations.append(invocation)
        return invocation

    def simple(self, script: Script, start: int, end: int, offset: int, stdin: Flow | None) -> Flow:
        """Evaluate one simple command; return what it prints."""
        if not self.may_go_on():
            return Flow()
        flow = self.once(script, start, end, offset, stdin)
        for name, value in alternatives(self, script.text[start:end]):
            with_other = dict(self.state.variables)
            with_other[name] = Variable([value])
            kept, self.state.variables = self.state.variables, with_other
            self.once(script, start, end, offset, stdin)
            self.state.variables = kept
        return flow

    def once(self, script: Script, start: int, end: int, offset: int, stdin: Flow | None) -> Flow:
        """Evaluate one simple command with the values that variables have now."""
        self.offset = offset + start
        cut = leaf(script, start, end)
        raws = [(script.text[a:b], offset + a) for a, b in cut.words]
        assigns: list[tuple[str, int]] = []
        while raws and ASSIGNMENT.match(raws[0][0]):
            assigns.append(raws.pop(0))
        if raws and raws[0][0].startswith(("[[", "((")):
            self.conditional(raws)
            return Flow("")
        early = ">(" in script.text[start:end]
        redirects = [self.redirect(item, script, offset) for item in cut.redirects] if early else []
        self.feeding = fed_by(redirects, stdin) if early else stdin
        words = [word for raw, at in raws for word in expand(raw, at, self)]
        if not early:
            redirects = [self.redirect(item, script, offset) for item in cut.redirects]
        for word in words if self.state.passed else ():
            if word.flow is None and OUTPUT in word.text:
                word.flow = Flow(None, self.state.passed)
        span = self.span(offset + start, offset + end)
        if self.fixed:
            for word in (*words, *(item.target for item in redirects)):
                word.start, word.end = self.fixed
        return self.command(words, redirects, assigns, span, stdin)

    def redirect(self, item: RawRedirect, script: Script, offset: int) -> Redirect:
        """Expand a redirection; text fed in comes with it."""
        raw = script.text[item.start : item.end]
        if raw.startswith(">(") and item.operator == ">" and item.descriptor not in ("", "1", "2"):
            target = Word(raw, *self.span(offset + item.start, offset + item.end))  # runs when something is written
            return Redirect(">", self.descriptor(item.descriptor), target)
        target = expand_text(raw, offset + item.start, self)
        sink = self.sink(item.operator, item.descriptor, target)
        if sink is not None:
            return sink
        flow = None
        if item.heredoc is not None:
            body = item.heredoc
            flow = Flow(body.body) if body.quoted else expand_heredoc(body.body, offset + body.start, self)
        elif item.operator == "<<<":
            flow = Flow(target.text + "\n", target.tags)
        elif item.operator[0] == "<":
            flow = self.open_input(target, item.operator)
        return Redirect(item.operator, self.descriptor(item.descriptor), target, flow)

    def open_input(self, target: Word, operator: str) -> Flow:
        """Return what reading `target` delivers."""
        if operator == "<&":
            return self.state.descriptors.get(target.text, Flow())
        if target.text.startswith(("/dev/tcp/", "/dev/udp/")):
            return Flow(None, frozenset({"net", "socket"}))
        if "process" in target.tags:
            return Flow(None, target.tags) if target.flow is None else target.flow
        known = self.state.files.get(target.text) or opened_as(self, target.text)
        tags = (known.tags if known else NO_TAGS) | {f"file:{target.text}"}
        return Flow(known.text if known else None, tags)

    def command(
        self,
        words: list[Word],
        redirects: list[Redirect],
        assigns: list[tuple[str, int]],
        span: tuple[int, int],
        stdin: Flow | None,
    ) -> Flow:
        """Dispatch an expanded command: assignments alone, or a program."""
        values = [self.assign(raw, at, keep=not words) for raw, at in assigns]
        stdin = fed_by(redirects, stdin) if redirects else stdin
        if not words:
            carriers.prompts(self, dict(values), span)
            if redirects or assigns:
                nothing = Word("", *span)
                self.emit(Invocation("", nothing, [], *span, redirects=redirects, stdin=stdin, assigns=dict(values)))
                self.write(redirects, Flow(""))
            return Flow("") if stdin is None else stdin
        return dispatch(self, words, span, redirects=redirects, assigns=dict(values), stdin=stdin)

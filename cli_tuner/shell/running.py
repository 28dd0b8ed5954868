"""Run words or text as the command of another program, once or for the items of a list."""

from __future__ import annotations

from cli_tuner.shell.flow import OUTPUT, UNKNOWNS, Flow, Variable, Word, is_known, narrowed, plain
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs.program import Hands, Program
from cli_tuner.shell.protocol import Shell

_PLAIN = late(r"[\w./:=@%+,^-]+")


def run_inner(evaluator: Shell, invocation: Invocation, words: list[Word], stdin: Flow | None = None) -> Flow:
    """Dispatch words as the command that `invocation` runs."""
    if not words or not evaluator.may_go_on():
        return Flow()
    invocation.wraps = True
    invocation.inner = [*invocation.inner, *words]
    kept, evaluator.parent = evaluator.parent, invocation
    evaluator.depth += 1
    span = (invocation.start, invocation.end)
    flow = evaluator.dispatch(words, span, stdin=stdin or Flow(""), via=invocation.program)
    evaluator.depth -= 1
    evaluator.parent = kept
    return flow


def incoming(invocation: Invocation, *, blanks: bool = True) -> list[Word]:
    """Return the words that a list on standard input turns into."""
    flow = invocation.stdin or Flow(OUTPUT)
    span = (invocation.start, invocation.end)
    if flow.text is None or OUTPUT in flow.text:
        return [Word(OUTPUT, *span, flow=Flow(None, flow.tags | {"items"}))]
    pieces = flow.text.replace("\0", "\n").split(None if blanks else "\n")[:32]
    return [Word(piece, *span, flow=flow) for piece in pieces if piece]


def fill(command: list[Word], marker: str, item: Word) -> list[Word]:
    """Return `command` with `item` where `marker` stands."""
    tags = item.flow
    return [
        Word(
            word.text.replace(marker, item.text),
            word.start,
            word.end,
            word.quoted,
            _suffixed(word.text, marker, tags),
        )
        if marker in word.text
        else word
        for word in command
    ]


def _suffixed(text: str, marker: str, flow: Flow | None) -> Flow | None:
    """`{}.bak` names what is derived from an item, not the item; `dir/{}` names it below another folder."""
    if flow is None or text == marker:
        return flow
    if text.endswith("/" + marker) and text.count(marker) == 1:
        folder = text[: -len(marker)]
        return Flow(
            flow.text, frozenset(f"{tag.partition(':')[0]}:{folder}" if ":" in tag else tag for tag in flow.tags)
        )
    return Flow(flow.text, frozenset(narrowed(tag) for tag in flow.tags))


def command_of(row: Program, hands: Hands, words: list[Word]) -> tuple[list[Word], list[str]]:
    """Return the words of the command that a program would run, and the `NAME=value` words before it.

    Args:
        row: The program's row.
        hands: Where its command stands.
        words: Its arguments. No words come back where it runs nothing.
    """
    texts = [word.text for word in words]
    if hands.verbs:
        start = next(
            (
                place + 1
                for place, text in enumerate(texts)
                if text in hands.verbs and (len(text) > 1 or all(each[:1] == "-" for each in texts[:place]))
            ),
            len(texts),
        )
        words, texts = words[start:], texts[start:]
    if hands.after:
        start = next((place + 1 for place, text in enumerate(texts) if text in hands.after), len(texts))
        inert = hands.inert & row.grammar.read(words[: start - 1], stops=False).flags
        return ([] if inert else words[start:]), []
    assigns: list[str] = []
    skip = hands.operands
    while words:
        read = row.grammar.read(words, stops=True)
        if read.flags & hands.inert:
            return [], []
        words = read.operands
        if words and hands.assigns and _assigns(words[0].text):
            assigns.append(words[0].text)
        elif skip > 0:
            skip -= 1
        else:
            break
        words = words[1:]
    return words, assigns


def _assigns(text: str) -> bool:
    name, equals, _ = text.partition("=")
    return bool(equals) and name.replace("_", "a").isalnum() and not name[0].isdigit()


def quoted(text: str) -> str:
    """Quote `text` so that it is one word again; holes stay holes."""
    if _PLAIN.fullmatch(text) or UNKNOWNS.intersection(text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"


def execute_flow(evaluator: Shell, invocation: Invocation, flow: Flow, via: str, *, shared: bool = False) -> Flow:
    """Run what a stream holds, or note what is known of a stream that cannot be read."""
    if flow.text is not None and is_known(flow.text):
        span = (invocation.start, invocation.end)
        if "decoded" in flow.tags:
            invocation.tags |= {"run:unwrapped"}
        return evaluator.nested(
            flow.text, invocation.start, via, span=span, parent=invocation, stdin=Flow(""), shared=shared
        )
    tags = {f"run:{tag}" for tag in flow.tags} or {"run:unknown"}
    if flow.text is not None:
        tags.add("run:output" if OUTPUT in flow.text else "run:variable")
        span = (invocation.start, invocation.end)
        evaluator.nested(flow.text, invocation.start, via, span=span, parent=invocation)
    invocation.tags |= tags
    return Flow(None, flow.tags)


def run_words(evaluator: Shell, invocation: Invocation, words: list[Word], via: str, *, shared: bool) -> Flow:
    """Run words joined by blanks as Bash text: `eval`, `ssh`, `watch`."""
    if not words:
        return Flow("")
    text = " ".join(plain(word.text) for word in words)
    tags = frozenset().union(*(word.tags for word in words))
    if not is_known(text) and tags:
        invocation.tags |= {f"run:{tag}" for tag in tags}
    elif "decoded" in tags:
        invocation.tags |= {"run:unwrapped"}
    invocation.wraps = True
    invocation.inner = words
    span = evaluator.fixed or (words[0].start, words[-1].end)
    exact = len(words) == 1 and words[0].end - words[0].start == len(text) and evaluator.fixed is None
    return evaluator.nested(text, words[0].start, via, span=None if exact else span, parent=invocation, shared=shared)


def run_string(evaluator: Shell, invocation: Invocation, word: Word, via: str) -> Flow:
    """Run one word as Bash text in a subshell."""
    return run_words(evaluator, invocation, [word], via, shared=False)


def wrapped(evaluator: Shell, invocation: Invocation, words: list[Word], assigns: list[str]) -> Flow:
    """Dispatch words as the command of a program that passes its input on, with the variables given before it."""
    invocation.inner = words
    kept, evaluator.parent = evaluator.parent, invocation
    saved = evaluator.state.variables
    if assigns:
        evaluator.state.variables = dict(saved)
        for text in assigns:
            name, _, value = text.partition("=")
            evaluator.state.variables[name] = Variable([value])
            invocation.assigns.setdefault(name, value)
    flow = Flow()
    if evaluator.may_go_on():
        evaluator.depth += 1
        span = (invocation.start, invocation.end)
        flow = evaluator.dispatch(words, span, stdin=invocation.stdin, via=invocation.program)
        evaluator.depth -= 1
    evaluator.state.variables = saved if assigns else evaluator.state.variables
    evaluator.parent = kept
    return flow

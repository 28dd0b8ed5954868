"""Run words as the command of another program, once or for the items of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli_tuner.shell.flow import OUTPUT, Flow, Word, narrowed
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.programs.program import Hands, Program

if TYPE_CHECKING:
    from cli_tuner.shell.evaluate import Evaluator


def run_inner(evaluator: Evaluator, invocation: Invocation, words: list[Word], stdin: Flow | None = None) -> Flow:
    """Dispatch words as the command that `invocation` runs."""
    from cli_tuner.shell.dispatch import dispatch

    if not words or not evaluator.may_go_on():
        return Flow()
    invocation.wraps = True
    invocation.inner = [*invocation.inner, *words]
    kept, evaluator.parent = evaluator.parent, invocation
    evaluator.depth += 1
    span = (invocation.start, invocation.end)
    flow = dispatch(evaluator, words, span, stdin=stdin or Flow(""), via=invocation.program)
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
        start = next((place + 1 for place, text in enumerate(texts) if text in hands.verbs), len(texts))
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

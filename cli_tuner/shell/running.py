"""Run words as the command of another program, once or for the items of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli_tuner.shell.flow import OUTPUT, Flow, Word, narrowed
from cli_tuner.shell.model import Invocation

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

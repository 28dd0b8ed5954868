"""An effect: what one effective invocation does to one target. Rules judge effects, never text."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from cli_tuner.safety import paths, targets
from cli_tuner.shell.flow import Word, is_known
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs import git
from cli_tuner.shell.programs.grammar import Arguments, read_options
from cli_tuner.shell.programs.table import find

NONE: frozenset[str] = frozenset()
_A_VERSION = late(r"[v^~=]?\d")
_INERT = frozenset({"--help", "--version", "--usage"})
# How much of a search is hit: all of it, what one weak filter leaves, or what strong filters leave.
SEARCHED = {
    "found": ("every",),
    "broad": ("broad",),
    "glob": ("broad", "glob"),
    "some": ("filtered",),
    "owned": ("filtered", "owned"),
    "aged": ("broad", "owned"),
}


@dataclass(slots=True)
class Effect:
    """A verb on a target.

    Attributes:
        verb: `delete`, `overwrite`, `format`, `send`, `run`, …
        target: What it acts on, as text.
        place: Where that lies in the lattice of `targets`; empty where the target is no path.
        traits: Options (`recursive`, `filtered`) and traits of the path (`secret`, `log`).
    """

    verb: str
    target: str
    place: str
    traits: frozenset[str]
    invocation: Invocation
    span: tuple[int, int]


Effects = Iterator[Effect]
Maker = Callable[[Invocation], Iterable[Effect]]


def effect(invocation: Invocation, verb: str, target: str = "", *traits: str, word: Word | None = None) -> Effect:
    """Make an effect on something that is not a path (a service, a host, nothing)."""
    span = (word.start, word.end) if word is not None else (invocation.start, invocation.end)
    return Effect(verb, target, "", frozenset(traits), invocation, span)


def on_path(invocation: Invocation, verb: str, word: Word, *traits: str, path: str | None = None) -> Effect:
    """Make an effect on a path, classified where the invocation runs."""
    text = word.text if path is None else path
    place = targets.classify(text, invocation.cwd)
    full = targets.normal(text, invocation.cwd)
    found = paths.traits(full)
    return Effect(
        verb,
        full if invocation.cwd and text[:1] != "/" else text,
        place,
        found.union(traits),
        invocation,
        (word.start, word.end),
    )


def on_word(invocation: Invocation, verb: str, word: Word, *traits: str) -> Effects:
    """Make the effects on an operand: itself, or what a search or a list feeds in."""
    roots = [tag for tag in word.tags if tag.startswith(("found:", "broad:", "glob:", "some:", "owned:", "aged:"))]
    if not roots or is_known(word.text):
        yield on_path(invocation, verb, word, *traits)
        return
    for tag in roots:
        kind, _, root = tag.partition(":")
        yield on_path(invocation, verb, word, *traits, *SEARCHED[kind], "searched", path=root)


def options_of(invocation: Invocation, valued: str = "", *, until_operand: bool = False) -> Arguments:
    """Read an invocation's words by the grammar of its program, else with `valued` as options that take a value."""
    row = find(invocation.program)
    if row is not None:
        return row.grammar.read(invocation.words, stops=until_operand or None)
    return read_options(invocation.words, valued.split(), until_operand=until_operand)


def cancelled(invocation: Invocation) -> bool:
    """Tell whether `--help` or `--version` keeps the program from acting; as another option's value they do not."""
    texts = invocation.texts()
    if not _INERT.intersection(texts):
        return False
    pairs = itertools.pairwise(texts)
    if not _INERT.intersection(texts) - {"--version"} and any(
        a == "--version" and _A_VERSION.match(b) for a, b in pairs
    ):
        return False  # `cargo yank --version 1.0.0`: the version that is meant
    if invocation.program == "git":
        return git.inert(invocation.words)
    row = find(invocation.program)
    if row is not None:
        return bool(row.inert & row.grammar.read(invocation.words).flags)
    return any(text in _INERT for text in texts[: texts.index("--") if "--" in texts else None])

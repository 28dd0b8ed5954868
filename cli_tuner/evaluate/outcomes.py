"""Did two commands do the same on every tree? Outcomes compared, with the reason that was the weakest.

The law: a pair is accepted only when every tree accepts it, and at least one tree has something to compare.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from cli_tuner.evaluate.alike import alike, masked
from cli_tuner.evaluate.sandbox import Outcome
from cli_tuner.evaluate.tree import Effect
from cli_tuner.shell.answer.lexicon import UTILITIES


@dataclass(frozen=True, slots=True)
class Known:
    """A reference and what it did on each tree; `varies` when its numbers change from run to run."""

    reference: str
    outcomes: list[Outcome]
    varies: bool


def by_outcomes(known: Known, given: Sequence[Outcome], command: str) -> str:
    """Return why `command` did the same as a reference on every tree, empty where it did not."""
    doer = any(one.effect for one in known.outcomes) and not any(_said(one) for one in known.outcomes)
    reasons = [_same(known, one, other, command, doer=doer) for one, other in zip(known.outcomes, given, strict=True)]
    if not all(reasons):
        return ""
    weakest = max((why for why in reasons if why != _SILENT), key=_STRENGTH.index, default="")
    return weakest and f"{weakest}, on {len(reasons)} trees"


def kind_of(runs: Sequence[tuple[Outcome, Outcome]]) -> str:
    """Return what becomes of a reference that ran twice on every tree; one of `execution.KINDS`."""
    if any(is_missing(first) for first, _ in runs):
        return "cannot_run_here"
    if any(not _repeats(first, second) for first, second in runs):
        return "flaky"
    return "counted" if any(first.observable for first, _ in runs) else "nothing_to_compare"


def _repeats(first: Outcome, second: Outcome) -> bool:
    """Tell whether two runs did the same, but for printed numbers where enough else is printed to compare."""
    if first.effect != second.effect or first.failure or second.failure:
        return False
    said = [masked(outcome.stdout.decode("utf-8", "replace")) for outcome in (first, second)]
    return first.stdout == second.stdout or (said[0] == said[1] and len(_LETTERS.findall(said[0])) >= _ENOUGH)


_LETTERS = re.compile(r"[A-Za-z]{2,}")
_ENOUGH = 3


_MISSING = re.compile(
    r"([\w.+-]+): (?:command )?not found"
    r"|(?:xargs|env|nohup|timeout|nice|time|find): [‘'\"]?([\w.+-]+)[’'\"]?: No such file"
)


def is_missing(outcome: Outcome) -> bool:
    """Tell whether a program of which it is known that it exists was not found."""
    return any(set(names) & _absent() for names in _MISSING.findall(outcome.stderr))


@cache
def _absent() -> frozenset[str]:
    return frozenset(name for name in UTILITIES if name.islower() and shutil.which(name) is None)


_SILENT = "nothing, both"
_MESSAGE = "the same effect, and a message"
_MASKED = "the same output but for numbers that vary from run to run"
_STRENGTH = (
    "the same effect", "the same output", "the same output but for blanks",
    "the same output but for how paths begin and end", "the same lines; the reference promises no order",
    "the same but for the name of the file that was asked about", "the same lines, numbered",
    "the same sizes in other units", "the same lines with more said in each", _MESSAGE, _MASKED,
)  # fmt: skip
_KEEPS_TIMES = re.compile(r"\btouch\b|\btar\b|rsync|cpio|--preserve|--archive|\bcp\b[^|;&]* -\w*[ap]")


_VERBOSE = re.compile(
    r"^(?:rmdir: removing|mkdir: created|removed |renamed |created |mode of |ownership of |changed |'[^']*' -> ).*\n?",
    re.MULTILINE,
)


def _said(outcome: Outcome) -> str:
    """Return what was printed without what `-v` says of each change."""
    return _VERBOSE.sub("", outcome.stdout.decode("utf-8", "replace"))


def _same(known: Known, wanted: Outcome, given: Outcome, command: str, *, doer: bool) -> str:
    """Compare what happened on one tree; of a reference that only ever changes files, messages do not matter."""
    if given.failure or _files(known.reference, wanted.effect) != _files(known.reference, given.effect):
        return ""
    if not wanted.stdout and not given.stdout:
        return "the same effect" if wanted.effect else _SILENT
    if doer or (wanted.effect and _only_tells(_said(wanted), wanted.effect)):
        return _MESSAGE if wanted.effect else _SILENT
    said = [outcome.stdout.decode("utf-8", "replace") for outcome in (wanted, given)]
    if known.varies:
        return _MASKED if masked(said[0]) == masked(said[1]) else ""
    return alike(said[0], said[1], known.reference, command)


def _only_tells(said: str, effect: Effect) -> bool:
    """Tell whether an output is empty or only names, line by line, what was changed, as `-v` does."""
    names = {name.rpartition("/")[2] for name in effect}
    return all(any(name in line for name in names) for line in said.splitlines())


def _files(reference: str, effect: Effect) -> Effect:
    """Return an effect without times of files that have a content, unless the reference has to do with times."""
    if _KEEPS_TIMES.search(reference):
        return effect
    return {name: what[:3] if what and what[0] == "file" else what for name, what in effect.items()}


def difference(wanted: Sequence[Outcome], given: Sequence[Outcome]) -> str:
    """Say on which tree two commands first did something else."""
    for number, (one, other) in enumerate(zip(wanted, given, strict=True)):
        if other.failure:
            return f"{other.failure} on tree {number}"
        if one.effect != other.effect:
            return f"other files changed on tree {number}"
        if one.stdout != other.stdout:
            return f"another output on tree {number}"
    return "another output"

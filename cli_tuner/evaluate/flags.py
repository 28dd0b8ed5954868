"""Which utilities a command runs with which flags: what flag scores, templates and `nlc2cmd_ts` rest on.

`nlc2cmd_ts` is our own: the formula of the NLC2CMD challenge (Agarwal et al., 2021, https://arxiv.org/abs/2103.02523)
over what tree-sitter parses, where the challenge used bashlint. Its figures are not those of the challenge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cli_tuner.shell.canonical import canonical
from cli_tuner.shell.evaluate import evaluate
from cli_tuner.shell.flow import is_known
from cli_tuner.shell.forms.options import Option, read
from cli_tuner.shell.forms.table import TABLE
from cli_tuner.shell.forms.words import Arg, literal
from cli_tuner.shell.model import Invocation

# Programs whose options are words behind one dash.
_WORDY = frozenset(["find", "java", "javac", "openssl", "ffmpeg", "convert", "mogrify", "gcc", "g++", "terraform"])
_RUNS = frozenset(["-exec", "-execdir", "-ok", "-okdir"])


@dataclass(frozen=True, slots=True)
class Use:
    """One utility and the flags it got, in the spelling of the table where it is known."""

    utility: str
    flags: frozenset[str]


@lru_cache(maxsize=1 << 14)
def uses(command: str) -> tuple[Use, ...]:
    """Return the utilities that `command` runs, in order, each place of the text once."""
    found: list[Use] = []
    seen: set[tuple[int, int, str, str]] = set()
    for invocation in evaluate(command).invocations:
        place = (invocation.start, invocation.end, invocation.program, invocation.via)
        if invocation.program in ("", "?", "{") or place in seen:
            continue
        seen.add(place)
        found.append(Use(invocation.program, frozenset(_flags(invocation))))
    return tuple(found)


def _flags(invocation: Invocation) -> list[str]:
    words = own_words(invocation)
    utility = TABLE.get(invocation.program)
    if utility is not None:
        args = [literal(word) if is_known(word) else Arg(word, head="x") for word in words]
        found = read(invocation.program, utility, args)
        if found is not None:
            named = [*found.options, *(each for each in found.operands if isinstance(each, Option))]
            return [option.name if len(option.name) > 1 else f"-{option.name}" for option in named]
    return [flag for word in words for flag in _split(word, invocation.program)]


def _split(word: str, program: str) -> list[str]:
    """Name the flags of one word of a program that the table does not know."""
    if len(word) < 2 or word[0] != "-" or word == "--":
        return []
    if word.startswith("--"):
        return [word.partition("=")[0][2:]]
    letters = word[1:].rstrip("0123456789")
    if program in _WORDY or not letters.isalpha() or len(letters) > 5:
        return [word]
    return [f"-{letter}" for letter in letters]


def own_words(invocation: Invocation) -> list[str]:
    """Return the words without those that are handed on as a command."""
    words = invocation.texts()
    if invocation.program == "find":
        kept: list[str] = []
        inside = False
        for word in words:
            if not inside:
                kept.append(word)
            inside = (inside and word not in (";", "+")) or word in _RUNS
        return kept
    inner = [word.text for word in invocation.inner]
    for at in range(len(words)):
        if inner and words[at:] == inner[: len(words) - at]:
            return words[:at]
    return words


def flag_scores(completion: str, reference: str) -> tuple[float, float, float]:
    """Return precision, recall and F1 of the (utility, flag) pairs; all 1 where neither side has a flag."""
    given = {(use.utility, flag) for use in uses(completion) for flag in use.flags}
    wanted = {(use.utility, flag) for use in uses(reference) for flag in use.flags}
    if not given and not wanted:
        return 1.0, 1.0, 1.0
    common = len(given & wanted)
    precision = common / len(given) if given else 0.0
    recall = common / len(wanted) if wanted else 0.0
    return precision, recall, 2 * common / (len(given) + len(wanted))


def nlc2cmd_ts(completion: str, reference: str) -> float:
    """Return the mean over utilities, aligned by position, of `U (1 + F) / 2 - (1 - U)`, in [-1, 1].

    U tells whether the utilities are the same; F is `(2 |A & B| - |A | B|) / max(|A|, |B|)` over their flags, and 1
    without flags. A place where one side has no utility counts -1. Two commands without any utility score 1 when
    their canonical forms are equal, else -1.
    """
    given, wanted = uses(completion), uses(reference)
    if not given and not wanted:
        return 1.0 if canonical(completion) == canonical(reference) else -1.0
    shared = [_one(a, b) for a, b in zip(given, wanted)]  # noqa: B905  (what has no partner is counted below)
    return (sum(shared) - abs(len(given) - len(wanted))) / max(len(given), len(wanted))


def _one(given: Use, wanted: Use) -> float:
    if given.utility != wanted.utility:
        return -1.0
    a, b = given.flags, wanted.flags
    overlap = (2 * len(a & b) - len(a | b)) / max(len(a), len(b)) if a or b else 1.0
    return (1 + overlap) / 2

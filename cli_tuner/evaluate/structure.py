"""What a command is made of: utilities in order, their flags, and its shape without the words that vary.

`nlc2cmd_ts` is the NLC2CMD competition's score (Agarwal et al. 2021, https://arxiv.org/abs/2103.02523) on our parser
instead of theirs, hence its own name: per utility `U (1 + F) / 2 - (1 - U)`, with `U` 1 where both name the same
utility and `F = (2 |A n B| - |A u B|) / max(|A|, |B|)` over flags (1 where neither has any), aligned by position.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cli_tuner.shell.evaluate import evaluate

_LONG_WITH_ONE_DASH = frozenset(["find", "java", "ffmpeg", "openssl", "convert", "gcc", "xclip", "exiftool"])
_COUNTS = frozenset(["head", "tail", "fold", "kill", "nice", "git"])  # `-20` is a number to them, not a flag
_NUMBER = re.compile(r"-\d+")


@dataclass(frozen=True, slots=True)
class Part:
    """One program of a command.

    Attributes:
        utility: Its name, without a folder.
        flags: Its options by name, values left out: `-n`, `--name`.
        n_operands: Its words that are no options.
        via: How it came to run: `sudo`, `xargs`; empty at the top.
    """

    utility: str
    flags: frozenset[str]
    n_operands: int
    via: str


def parts(command: str) -> list[Part]:
    """Return the programs that a command would run, in order; empty for what does not run any."""
    found = []
    for one in evaluate(command).invocations:
        if not one.program or one.program in ("{", "?"):
            continue
        handed_on = {id(word) for word in one.inner}
        words = [word.text for word in one.words if word.text and id(word) not in handed_on]
        flags = frozenset(flag for word in words for flag in _flags(one.program, word))
        operands = sum(not (word.startswith("-") and len(word) > 1) for word in words)
        found.append(Part(one.program, flags, operands, one.via))
    return found


def _flags(utility: str, word: str) -> list[str]:
    if not word.startswith("-") or word in ("-", "--"):
        return []
    if word.startswith("--"):
        return [word.partition("=")[0]]
    if utility in _COUNTS and _NUMBER.fullmatch(word):
        return ["-#"]
    if utility in _LONG_WITH_ONE_DASH:
        return [word]
    letters = re.match(r"-[A-Za-z]+", word)
    return [f"-{letter}" for letter in letters[0][1:]] if letters else [word]


def template(command: str) -> tuple[tuple[str, tuple[str, ...], int, str], ...]:
    """Return the shape of a command: utilities, sorted flags and the number of operands, without their words."""
    return tuple((one.utility, tuple(sorted(one.flags)), one.n_operands, one.via) for one in parts(command))


def nlc2cmd_ts(completion: str, reference: str) -> float:
    """Compare utilities and flags by position; in [-1, 1], 1 for the reference itself."""
    ours, theirs = parts(completion), parts(reference)
    longest = max(len(ours), len(theirs))
    if not longest:
        return 1.0 if completion.strip() == reference.strip() else -1.0
    total = sum(_part_score(one, other) for one, other in zip(ours, theirs, strict=False))
    return (total - (longest - min(len(ours), len(theirs)))) / longest


def _part_score(one: Part, other: Part) -> float:
    if one.utility != other.utility:
        return -1.0
    both, either = len(one.flags & other.flags), len(one.flags | other.flags)
    most = max(len(one.flags), len(other.flags))
    return (1 + ((2 * both - either) / most if most else 1.0)) / 2


def flag_overlap(completion: str, reference: str) -> tuple[float, float, float]:
    """Return precision, recall and F1 over pairs of utility and flag; all 1 where neither has any."""
    ours, theirs = (
        {(one.utility, flag) for one in parts(text) for flag in one.flags} for text in (completion, reference)
    )
    if not ours and not theirs:
        return 1.0, 1.0, 1.0
    both = len(ours & theirs)
    precision, recall = both / len(ours) if ours else 0.0, both / len(theirs) if theirs else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if both else 0.0

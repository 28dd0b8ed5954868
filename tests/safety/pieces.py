# ruff: noqa: E501  (commands and tables stay on one line)
"""Pieces of Bash that fuzzing puts together, and the two ways it does so."""

from __future__ import annotations

import random

from tests.safety.catastrophic import CATASTROPHIC, HARMLESS

PIECES = [
    *CATASTROPHIC, *HARMLESS, "'", '"', "`", "$(", ")", "${", "}", "{", "((", "))", "[[", "]]", "<<E\n", "<<<", "|", "||", "&&", "&", ";", "\n", "\\", "\\\n", "#", "*", "$x", "${x:-",
    "$'", "if ", "then ", "fi", "for i in ", "; do ", "done", "case x in ", "esac", "f() {", "<(", ">(", "> ", ">> ", "2>&1", "&> ", "{a,b}", "{1..9}", "a=", "a=(", "~", "/dev/tcp/1/2",
    "eval ", "bash -c ", "xargs ", "sudo ", "env ", "base64 -d", "printf ", "echo -e ", "\ue000", "\udc80", "\0", "\x1b", "\u202e", "é", "ﬀ",
]  # fmt: skip


def mixture(dice: random.Random) -> str:
    """Put up to seven pieces next to each other."""
    return "".join(dice.choices(PIECES, k=dice.randint(1, 7)))


def mutation(dice: random.Random) -> str:
    """Replace a stretch of a catastrophic command by a piece."""
    command = dice.choice(CATASTROPHIC)
    at = dice.randint(0, len(command))
    return command[:at] + dice.choice(PIECES) + command[at + dice.randint(0, 6) :]

"""The forms in which two texts count as the same: what deduplication, groups and the leakage proof agree on.

Each form is one that an outside check may use: the command with white space collapsed, split and joined by the
shell's own word rules, in our canonical form, and with case, quotes and backslashes ignored.
"""

from __future__ import annotations

import shlex
import unicodedata
from collections.abc import Callable

from cli_tuner.prepare.shingles import normalise_text
from cli_tuner.shell.canonical import canonical

_QUOTING = str.maketrans("", "", "'\"\\`")


def collapse_space(text: str) -> str:
    """Turn each run of white space into one space."""
    return " ".join(text.split())


def shell_words(command: str) -> str:
    """Split into words as a shell does and join by spaces; collapsed white space where that fails."""
    try:
        return " ".join(shlex.split(command))
    except ValueError:
        return collapse_space(command)


def loose_form(command: str) -> str:
    """Ignore case, width, quotes, backslashes and a closing semicolon."""
    folded = unicodedata.normalize("NFKC", command).casefold().translate(_QUOTING)
    return collapse_space(folded).rstrip("; ")


COMMAND_FORMS: dict[str, Callable[[str], str]] = {
    "white_space": collapse_space,
    "shell_words": shell_words,
    "canonical": canonical,
    "loose": loose_form,
}
"""Names to forms of a command; equal in any of them is the same command."""

INSTRUCTION_FORMS: dict[str, Callable[[str], str]] = {"normalised": normalise_text}
"""Names to forms of an instruction."""

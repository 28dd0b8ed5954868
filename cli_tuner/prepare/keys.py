"""The forms in which two texts count as the same: what deduplication, groups and the leakage proof agree on.

Each form is one that an outside check may use: the command with white space collapsed, split and joined by the
shell's own word rules, in our canonical form, and with case, white space, quotes and backslashes ignored; the
instruction with punctuation turned into spaces, dropped, or dropped with the spaces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cli_tuner.prepare.shingles import Kind, normalise_text
from cli_tuner.shell.canonical import canonical

LONGEST_COMMAND = 2000
"""Characters above which a text is no command, but an answer in words, and is not parsed."""
LONG_ANSWER = 12
"""Words below which an answer of a conversation says nothing by itself (a price, a label, `yes`): it counts together
with its request only."""
_QUOTING = str.maketrans("", "", "'\"\\`")


def collapse_space(text: str) -> str:
    """Turn each run of white space into one space."""
    return " ".join(text.split())


_WORD = re.compile(r"(?:[^ \t\r\n'\"\\]|\\.|'[^']*'|\"(?:[^\"\\]|\\.)*\")+", re.DOTALL)
_PIECE = re.compile(r"\\(.)|'([^']*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_ESCAPED = re.compile(r"\\([\"\\])")


def shell_words(command: str) -> str:
    """Join by spaces what `shlex.split` splits; collapsed white space where quotes do not close.

    Ten times as fast as shlex, which reads one character at a time; a test holds them equal.
    """
    if not any(mark in command for mark in "'\"\\"):
        return collapse_space(command)
    words, end = [], 0
    for match in _WORD.finditer(command):
        if command[end : match.start()].strip(" \t\r\n"):
            return collapse_space(command)
        words.append(_PIECE.sub(_unquote, match.group()))
        end = match.end()
    return collapse_space(command) if command[end:].strip(" \t\r\n") else " ".join(words)


def _unquote(match: re.Match[str]) -> str:
    escaped, single, double = match.groups()
    if double is not None:
        return _ESCAPED.sub(r"\1", double)
    return escaped if escaped is not None else str(single)


def loose_form(command: str) -> str:
    """Ignore case, width, white space, quotes, backslashes and a closing semicolon."""
    folded = unicodedata.normalize("NFKC", command).casefold().translate(_QUOTING)
    return "".join(folded.split()).rstrip(";")


COMMAND_FORMS: dict[str, Callable[[str], str]] = {
    "white_space": collapse_space,
    "shell_words": shell_words,
    "canonical": lambda command: canonical(command) if len(command) <= LONGEST_COMMAND else collapse_space(command),
    "loose": loose_form,
}
"""Names to forms of a command; equal in any of them is the same command."""

_PUNCTUATION = re.compile(r"[^\w\s]")


def without_punctuation(text: str) -> str:
    """Fold case, drop punctuation and leave nothing in its place (`_` is none), collapse white space."""
    return collapse_space(_PUNCTUATION.sub("", text.lower()))


def letters(text: str) -> str:
    """Keep letters and digits alone."""
    return normalise_text(text).replace(" ", "")


INSTRUCTION_FORMS: dict[str, Callable[[str], str]] = {
    "normalised": normalise_text,
    "without_punctuation": without_punctuation,
    "letters": letters,
}
"""Names to forms of an instruction."""
NORMALISED = "normalised"
"""The form of an instruction by which further commands are references of one example."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A row in all its forms, each made once.

    Attributes:
        instruction: By the names of `INSTRUCTION_FORMS`.
        command: By the names of `COMMAND_FORMS`.
        raw: The instruction with case and white space ignored only.
    """

    instruction: Mapping[str, str]
    command: Mapping[str, str]
    raw: str


def texts_of(row: Mapping[str, Any]) -> Texts:
    """Make all forms of a row; its `canonical` column spares the dearest, where the row has one.

    A row without a verdict (`safety` is empty) is a conversation, of which nothing is read as Bash.
    """
    command, is_chat = row["command"], row.get("safety") == ""
    known: str | None = collapse_space(command) if is_chat else row.get("canonical")
    forms = {
        name: known if name == "canonical" and known is not None else form(command)
        for name, form in COMMAND_FORMS.items()
    }
    instruction = {name: form(row["instruction"]) for name, form in INSTRUCTION_FORMS.items()}
    if is_chat and len(command.split()) < LONG_ANSWER:
        forms = {name: f"{instruction[NORMALISED]} | {text}" for name, text in forms.items()}
    return Texts(instruction, forms, collapse_space(row["instruction"].lower()))


View = tuple[Kind, Callable[[Texts], str]]

VIEWS: dict[str, View] = {
    "pair_chars": ("chars", lambda row: f"{row.instruction['normalised']} | {row.command['white_space']}"),
    "pair_bare_chars": ("chars", lambda row: normalise_text(f"{row.raw} {row.command['white_space']}")),
    "instruction_chars": ("chars", lambda row: row.instruction["normalised"]),
    "instruction_raw_chars": ("chars", lambda row: row.raw),
    "command_chars": ("chars", lambda row: row.command["white_space"]),
    "command_shell_chars": ("chars", lambda row: row.command["shell_words"]),
    "command_loose_chars": ("chars", lambda row: row.command["loose"]),
    "command_canonical_chars": ("chars", lambda row: row.command["canonical"]),
    "instruction_words": ("words", lambda row: row.instruction["normalised"]),
    "instruction_raw_words": ("words", lambda row: row.raw),
    "instruction_bare_words": ("words", lambda row: row.instruction["without_punctuation"]),
    "pair_words": ("words", lambda row: f"{row.instruction['without_punctuation']} {row.command['white_space']}"),
    "command_words": ("words", lambda row: row.command["white_space"]),
    "command_shell_words": ("words", lambda row: row.command["shell_words"]),
    "command_canonical_words": ("words", lambda row: row.command["canonical"]),
}
"""What nearness is measured on: name to kind of 5-gram and text; the longest texts first, they take longest."""

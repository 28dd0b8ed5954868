"""The ways in which one text can be read: as bytes, on a terminal, without what is invisible, with look-alikes undone.

The law of the guard rests on this: a command that is dangerous in any reading is dangerous. Sources: ECMA-48 (control
sequences), Unicode TR36 (invisible characters), TR15 (NFKC). Not covered: look-alike letters of other scripts, which
the analyser itself reports (TI003, TI004).
"""

from __future__ import annotations

import re
import unicodedata

_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor moves, erasing
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|\Z)"  # OSC, DCS: titles, clipboard
    r"|\x1b[ -/]*[0-~]"
)
_BACKSPACE = re.compile(r"[^\x08\n]\x08")
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_PLAIN = re.compile(r"[\t\n\x20-\x7e]*")


def is_plain(text: str) -> bool:
    """Tell whether `text` is printable ASCII with newlines and tabs, which has one reading only."""
    return _PLAIN.fullmatch(text) is not None


def readings(text: str) -> list[str]:
    """Return the distinct other readings of `text`; none of plain text."""
    if is_plain(text):
        return []
    bare = _SEQUENCE.sub("", text)
    kept = _without_hidden(bare)
    blanked = _without_hidden(bare, " ")
    erased = _without_hidden(_erased(bare))
    forms = (kept, blanked, erased, unicodedata.normalize("NFKC", kept), _without_hidden(text))
    return [form for form in dict.fromkeys(forms) if form != text]


def has_hidden(text: str) -> bool:
    """Tell whether `text` holds a character that a terminal obeys or does not show."""
    return any(_is_hidden(one) for one in text)


def escaped(text: str) -> str:
    """Return `text` with every character that does not print as its escape, newlines and tabs aside."""
    return "".join(one if one.isprintable() or one in "\n\t" else one.encode("unicode_escape").decode() for one in text)


def _erased(text: str) -> str:
    while _BACKSPACE.search(text):
        text = _BACKSPACE.sub("", text)
    return text


def _without_hidden(text: str, instead: str = "") -> str:
    """Drop what is invisible; a carriage return, form feed or line separator begins a line."""
    lines = re.sub("[\r\x0b\x0c\x85\u2028\u2029]", "\n", text)
    return "".join(instead if _is_hidden(one) else one for one in lines)


def _is_hidden(one: str) -> bool:
    if one in "\n\t":
        return False
    return unicodedata.category(one) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp") or one in _FILLERS or _selects(one)


def _selects(one: str) -> bool:
    return "\ufe00" <= one <= "\ufe0f" or "\U000e0100" <= one <= "\U000e01ef"

"""Effects of the text itself on who reads it: control characters, reordered text, hosts that look alike.

Sources: Trojan Source (CVE-2021-42574), Unicode TR36 and TS39. Not covered: confusables within one script.
"""

from __future__ import annotations

import re
import unicodedata

from cli_tuner.safety.effects.base import Effect, effect
from cli_tuner.shell.flow import Word
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late

_ODD = late(r"[^\t\n\x20-\x7e]")
_BIDI = late("[\u202a-\u202e\u2066-\u2069]")
_CONTROL = late(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028\u2029\u2060-\u2064\ufeff\u00ad\u115f\u1160\u3164\U000e0000-\U000e007f]"
)
_OBEYED = late("\x1b\\](?:52|50|1337|777)[;P]|\x1bP(?:\\+q|\\$q)|\x1b\\[2[01]t")
_BLANK = late("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\uff01-\uff5e]")
_HOST = late(r"(?:[a-z][a-z0-9+.-]*://|@)(?:[^/@\s\"']*@)?([^/\s:\"'?#|;&)]+)", re.IGNORECASE)
_CONFUSABLE = (
    "CYRILLIC",
    "GREEK",
    "ARMENIAN",
    "FULLWIDTH",
    "CHEROKEE",
    "MATHEMATICAL",
    "LATIN SMALL LETTER ALPHA",
    "LATIN SMALL LETTER SCRIPT",
)


def effects_of_text(command: str) -> list[Effect]:
    """Return the effects that `command` has on a terminal or a reader."""
    found: list[Effect] = []
    if "xn--" in command:
        found.extend(_hosts(command))
    if not _ODD.search(command):
        return found
    for verb, pattern in (("bidi", _BIDI), ("control", _CONTROL)):
        match = pattern.search(command)
        if match:
            found.append(_at(verb, match.start(), match.end(), f"U+{ord(match.group()):04X}"))
    if "xn--" not in command:
        found.extend(_hosts(command))
    return found


def _at(verb: str, start: int, end: int, target: str) -> Effect:
    word = Word(target, start, end)
    return effect(Invocation("", word, [], start, end), verb, target)


def _hosts(command: str) -> list[Effect]:
    found: list[Effect] = []
    for match in list(_HOST.finditer(command))[:16]:
        host = match.group(1)
        mixed = any(_looks_latin(character) for character in host)
        if mixed:
            found.append(_at("homograph", match.start(1), match.end(1), host))
        elif re.search(r"(?:^|\.)xn--", host) or not host.isascii():
            found.append(_at("hidden-space", match.start(1), match.end(1), host))
    return found


def _looks_latin(character: str) -> bool:
    if character.isascii():
        return False
    name = unicodedata.name(character, "")
    return name.startswith(_CONFUSABLE)


def effects_of_output(invocation: Invocation) -> list[Effect]:
    """Return the effects of what a program prints on the terminal that shows it: the clipboard, typed answers."""
    text = invocation.stdout.text
    if invocation.program in ("echo", "printf") and text and _OBEYED.search(text):
        return [effect(invocation, "control", "clipboard")]
    return []


def effects_of_name(invocation: Invocation) -> list[Effect]:
    """Return the effects of a program's name or options that hold look-alike characters."""
    for word in (invocation.head, *invocation.words[:4]):
        text = word.text
        if text.isascii() or invocation.wraps:
            continue
        odd = _BLANK.search(text) or (word is invocation.head and any(_looks_latin(each) for each in text))
        if odd and (word is invocation.head or text.startswith(("-", "\uff0d"))):
            return [effect(invocation, "hidden-space", text, word=word)]
    return []

"""A normal form of a command that is equal only where the meaning is: blanks, comments and quotes.

The law: sound for equality, never complete. A command that does not parse is its own stripped text.
"""

from __future__ import annotations

import re

from cli_tuner.shell import ansi
from cli_tuner.shell.flow import clean
from cli_tuner.shell.parse import KEYWORDS, parse_tree

_TOKEN = re.compile(r"\n+|[;&|()<>]+|[^\s;&|()<>]+|[^\S\n]+")
_BARE = re.compile(r"[A-Za-z0-9_./:@%+,-]+")
_STATIC = re.compile(r"'[^']*'|\"[^\"$`\\!]*\"|\\[^\n]|[A-Za-z0-9_./:@%+,=-]", re.DOTALL)


def canonical(command: str) -> str:
    """Return the normal form: one blank between words, comments gone, quotes only where needed."""
    text = clean(command)
    script = parse_tree(text)
    if not script.sound or script.masked.heredocs:
        return text.strip()
    out: list[str] = []
    for token in _TOKEN.finditer(script.masked.text):
        raw = text[token.start() : token.end()]
        shown = token.group()
        if shown[0] == "\n":
            out.append("\n")
        elif shown.isspace():
            out.append(" ")
        else:
            out.append(raw if shown[0] in ";&|()<>" else _word(raw))
    return re.sub(r" *\n[ \n]*", "\n", re.sub(r" {2,}", " ", "".join(out))).strip()


def _word(raw: str) -> str:
    if _BARE.fullmatch(raw):
        return raw
    if raw.startswith("$'") and raw.endswith("'") and raw.count("'") == 2:
        return _quoted(ansi.unescape(raw[2:-1]))
    pieces = _STATIC.findall(raw)
    if "".join(pieces) != raw or "=" in raw:
        return raw
    return _quoted("".join(_unquoted(piece) for piece in pieces))


def _unquoted(piece: str) -> str:
    return piece[1:-1] if piece[0] in "'\"" else piece[1:] if piece[0] == "\\" else piece


def _quoted(text: str) -> str:
    return text if _BARE.fullmatch(text) and text not in KEYWORDS else "'" + text.replace("'", "'\\''") + "'"

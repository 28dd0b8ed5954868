"""Write one raw word of Bash in one way: quotes only where needed, `${x}` for `$x`, `$(…)` for backticks.

The law: the text that comes out is the same word to Bash as the one that went in. What is not understood
(process substitution, history expansion, extended globs) stays as it was typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cli_tuner.shell import ansi, scan
from cli_tuner.shell.braces import expand_braces
from cli_tuner.shell.parse import KEYWORDS
from cli_tuner.shell.patterns import late

_BARE = late(r"[A-Za-z0-9_./:@%+,-]+")
_PLAIN = late(r"[^\\'\"`$*?\[\]{}~!<>()#]+")
_IN_DOUBLE = late(r"[^\\\"`$!]+")
_NAME = late(r"[A-Za-z_]\w*|[0-9@*#?$!-]")
_TILDE = late(r"~[\w.+-]*(?=[/:]|\Z)")
_BRACKET = late(r"\[[!^]?\]?[^\]\\'\"$`\s]*\]")
MAX_BRACES = 32


@dataclass(slots=True, frozen=True)
class Arg:
    """One word in its normal form.

    Attributes:
        text: How it is written.
        value: What the program gets, where that is known.
        many: Whether it may become no word or several.
        head: What is known of its beginning; empty where a substitution or a glob comes first.
        typed: What it is before somebody replaces `{}` in it, where that is the only thing unknown.
    """

    text: str
    value: str | None = None
    many: bool = False
    head: str = ""
    typed: str | None = None

    @property
    def may_be_option(self) -> bool:
        """Tell whether a program could take it for an option, or for `-`."""
        if self.value is not None:
            return self.value.startswith("-")
        return not self.head or self.head.startswith("-")


def literal(value: str) -> Arg:
    """Return the word that a program gets as `value`."""
    return Arg(quote(value), value, head=value)


def opaque(raw: str, *, many: bool = True) -> Arg:
    """Return a word that stays as it was typed."""
    return Arg(raw, many=many)


def template(value: str, *, many: bool = False) -> Arg:
    """Return the word `value` as unknown where `{}` in it will be replaced by one path or, if `many`, several."""
    return Arg(quote(value), many=many, head=value.partition("{}")[0], typed=value) if "{}" in value else literal(value)


def quote(text: str) -> str:
    """Quote `text` where Bash would read it as anything but itself."""
    if text == "[":
        return text
    return text if _BARE.fullmatch(text) and text not in KEYWORDS else "'" + text.replace("'", "'\\''") + "'"


def words(raw: str, inner: Callable[[str], str | None]) -> list[Arg]:
    """Return the words that `raw` is: one, or several where braces list literal ones.

    Args:
        raw: One word as typed, without unquoted blanks.
        inner: Returns the normal form of the code in `$(…)`, or None where it should stay as it is.
    """
    if _BARE.fullmatch(raw):
        return [Arg(raw, raw, head=raw)]
    if "{" in raw and ("," in raw or ".." in raw):
        return _braces(raw, inner)
    return [_Reader(raw, inner).read()]


def _braces(raw: str, inner: Callable[[str], str | None]) -> list[Arg]:
    parts = expand_braces(raw)
    if len(parts) > MAX_BRACES or ("$" in raw and len(parts) > 1):
        return [opaque(raw)]
    found = [_Reader(part, inner).read() for part in parts]
    if len(parts) > 1 and any(arg.value is None or not arg.value for arg in found):
        return [opaque(raw)]
    # A range of zero-padded numbers keeps its padding in Bash; the expansion here does not.
    return [opaque(raw)] if len(parts) > 1 and re.search(r"\{-?0\d|\.\.-?0\d", raw) else found


class _Reader:
    """Cuts a word into known text and pieces that Bash replaces."""

    def __init__(self, raw: str, inner: Callable[[str], str | None]) -> None:
        self.raw = raw
        self.inner = inner
        self.out: list[str] = []
        self.known: list[str] = []
        self.head: str | None = None
        self.many = False
        self.failed = False
        self.hollow = False  # an empty quote keeps a word that would vanish

    def read(self) -> Arg:
        at = 0
        while at < len(self.raw) and not self.failed:
            plain = _PLAIN.match(self.raw, at)
            if plain:
                self.known.append(plain.group())
                at = plain.end()
            else:
                at = _PARTS.get(self.raw[at], _Reader._fail)(self, at)
        if self.raw.startswith(("<(", ">(")):
            return Arg(self.raw, head="/dev/fd/")
        text = "".join(self.known)
        if not self.failed and not self.out:
            return Arg(quote(text), text, head=text)
        if self.failed or self.hollow:
            return opaque(self.raw)
        self._flush()
        return Arg("".join(self.out), None, self.many, self.head or "")

    def _flush(self) -> None:
        text = "".join(self.known)
        if self.head is None:
            self.head = text
        if text:
            self.out.append(quote(text))
        self.known = []

    def _piece(self, text: str, *, quoted: bool, many: bool) -> None:
        self._flush()
        self.out.append(f'"{text}"' if quoted else text)
        self.many |= many

    def _fail(self, at: int) -> int:
        self.failed = True
        return at

    def _escape(self, at: int) -> int:
        follows = self.raw[at + 1 : at + 2]
        if not follows:
            return self._fail(at)
        self.known.append("" if follows == "\n" else follows)
        return at + 2

    def _single(self, at: int) -> int:
        end = scan.single_end(self.raw, at + 1)
        if end < 0:
            return self._fail(at)
        self.known.append(self.raw[at + 1 : end - 1])
        self.hollow |= end - at == 2
        return end

    def _double(self, at: int) -> int:
        end = scan.closing(self.raw, at + 1, '"')
        if end < 0:
            return self._fail(at)
        at, stop = at + 1, end - 1
        self.hollow |= at == stop
        while at < stop and not self.failed:
            plain = _IN_DOUBLE.match(self.raw, at, stop)
            if plain:
                self.known.append(plain.group())
                at = plain.end()
            elif self.raw[at] == "\\":
                follows = self.raw[at + 1]
                self.known.append("" if follows == "\n" else follows if follows in '$`"\\' else "\\" + follows)
                self.failed |= follows == "!"
                at += 2
            elif self.raw[at] == "!":
                self._fail(at)  # in double quotes, an interactive shell looks for an earlier command
            else:
                at = self._dollar(at, quoted=True) if self.raw[at] == "$" else self._backtick(at, quoted=True)
        return end

    def _backtick(self, at: int, *, quoted: bool = False) -> int:
        end = scan.backtick_end(self.raw, at + 1)
        code = self.raw[at + 1 : end - 1]
        if end < 0 or "\\" in code or (quoted and '"' in code):
            return self._fail(at)
        return self._code(code, end, quoted=quoted)

    def _code(self, code: str, end: int, *, quoted: bool) -> int:
        normal = self.inner(code)
        normal = code if normal is None else normal
        self._piece(f"$({' ' if normal.startswith('(') else ''}{normal})", quoted=quoted, many=not quoted)
        return end

    def _dollar(self, at: int, *, quoted: bool = False) -> int:
        raw = self.raw
        follows = raw[at + 1 : at + 2]
        if follows == "(":
            end = scan.closing(raw, at + 2, ")")
            if end < 0:
                return self._fail(at)
            if raw[at + 2 : at + 3] != "(":
                return self._code(raw[at + 2 : end - 1], end, quoted=quoted)
            self._piece(raw[at:end], quoted=quoted, many=not quoted)
            return end
        if follows == "{":
            end = scan.closing(raw, at + 2, "}")
            if end < 0:
                return self._fail(at)
            return self._parameter(raw[at + 2 : end - 1], end, quoted=quoted)
        if follows == "[":
            return self._fail(at)  # `$[1+1]`, an older way to write arithmetic
        if follows in ("'", '"') and not quoted:
            return self._ansi(at) if follows == "'" else self._fail(at)
        name = _NAME.match(raw, at + 1)
        if not name:
            self.known.append("$")
            return at + 1
        return self._parameter(name.group(), name.end(), quoted=quoted)

    def _parameter(self, name: str, end: int, *, quoted: bool) -> int:
        several = not quoted or "@" in name or name.startswith("!")
        self._piece(f"${{{name}}}", quoted=quoted, many=several)
        return end

    def _ansi(self, at: int) -> int:
        end = scan.ansi_c_end(self.raw, at + 2)
        text = ansi.unescape(self.raw[at + 2 : end - 1]) if end > 0 else "\0"
        if "\0" in text or not text.isascii():
            return self._fail(at)  # Bash cuts at NUL and writes bytes, not characters
        self.known.append(text)
        return end

    def _glob(self, at: int) -> int:
        bracket = _BRACKET.match(self.raw, at) if self.raw[at] == "[" else None
        if self.raw[at] == "[" and bracket is None:
            if "]" in self.raw[at + 1 :]:
                return self._fail(at)
            self.known.append("[")
            return at + 1
        end = bracket.end() if bracket else at + 1
        self._piece(self.raw[at:end], quoted=False, many=True)
        return end

    def _tilde(self, at: int) -> int:
        if at and self.raw[at - 1] not in ":=":
            self.known.append("~")
            return at + 1
        found = _TILDE.match(self.raw, at)
        if at or found is None:
            return self._fail(at)
        self._piece(found.group(), quoted=False, many=False)
        self.head = "~"
        return found.end()

    def _itself(self, at: int) -> int:
        self.known.append(self.raw[at])
        return at + 1

    def _hash(self, at: int) -> int:
        return self._itself(at) if at else self._fail(at)

    def _bang(self, at: int) -> int:
        return self._itself(at) if self.raw == "!" else self._fail(at)


_PARTS: dict[str, Callable[[_Reader, int], int]] = {
    "\\": _Reader._escape,
    "'": _Reader._single,
    '"': _Reader._double,
    "`": _Reader._backtick,
    "$": _Reader._dollar,
    "*": _Reader._glob,
    "?": _Reader._glob,
    "[": _Reader._glob,
    "]": _Reader._itself,
    "{": _Reader._itself,
    "}": _Reader._itself,
    "~": _Reader._tilde,
    "#": _Reader._hash,
    "!": _Reader._bang,
}

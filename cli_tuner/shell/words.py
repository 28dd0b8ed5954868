"""Expand one raw word the way Bash does: braces, tilde, parameters, substitutions, quotes, fields.

Globs stay as active-glob characters (`flow.STAR`); what is not known stays as a hole (`flow.UNSET`, …).
Follows the order of "Shell Expansions" in the Bash manual. Not covered: arithmetic beyond one literal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from cli_tuner.shell import ansi, scan
from cli_tuner.shell.braces import expand_braces
from cli_tuner.shell.flow import (
    BRACKET,
    FIELD,
    FILLED,
    HARD_FIELD,
    QUESTION,
    STAR,
    Flow,
    Word,
    active,
)
from cli_tuner.shell.patterns import late

_SIMPLE = late(r"[A-Za-z0-9_./:=@%+,^\-]*")
_QUOTED = late(r"'[^']*'|\"[^\"$`\\]*\"")
_LITERAL = late(r"[^\\'\"`$*?\[<>~]+")
_IN_DOUBLE = late(r"[^\\\"`$]+")
_NAME = late(r"[A-Za-z_]\w*|[0-9]|[@*#?$!_-]")
_TILDE = late(r"~([A-Za-z][\w.-]*|\+|-)?(?=/|\Z|:)")
_SPLIT = late(f"[{FIELD}{HARD_FIELD}]")
_LITERAL_SUM = late(r"[0-9+\-*/%() ]{1,40}")
_GLOB = {"*": STAR, "?": QUESTION, "[": BRACKET}
MAX_TEXT = 1 << 16


class Context(Protocol):
    """What a word needs from the evaluator."""

    def parameter(self, inside: str, *, quoted: bool) -> Flow:
        """Return the value of `${inside}`."""

    def substitute(self, code: str, offset: int) -> Flow:
        """Return what `$(code)` prints."""

    def process(self, code: str, offset: int) -> Flow:
        """Return what `<(code)` delivers."""

    def consume(self, code: str, offset: int) -> Flow:
        """Feed the command's input to `>(code)`; return what that prints."""

    @property
    def separators(self) -> str:
        """IFS."""


def expand(raw: str, start: int, context: Context, *, split: bool = True) -> list[Word]:
    """Return the words that `raw` becomes; `start` is its offset in the original text."""
    if _SIMPLE.fullmatch(raw):
        return [Word(raw, start, start + len(raw))]
    if _QUOTED.fullmatch(raw):
        return [Word(raw[1:-1], start, start + len(raw), True)]
    raws = expand_braces(raw) if "{" in raw and split else [raw]
    words: list[Word] = []
    for each in raws:
        words.extend(_Expansion(each, start, context).words(start + len(raw), split=split))
    return words


def expand_text(raw: str, start: int, context: Context) -> Word:
    """Expand `raw` to exactly one word, without splitting: a value, a redirection's target."""
    words = expand(raw, start, context, split=False)
    return words[0] if words else Word("", start, start + len(raw))


def expand_heredoc(body: str, start: int, context: Context) -> Flow:
    """Expand the body of a here-document whose delimiter is not quoted."""
    if "$" not in body and "`" not in body and "\\" not in body:
        return Flow(body)
    expansion = _Expansion(body, start, context)
    expansion.double(0, len(body))
    return Flow("".join(expansion.out), expansion.flow.tags if expansion.flow else frozenset())


class _Expansion:
    def __init__(self, raw: str, start: int, context: Context) -> None:
        self.raw = raw
        self.start = start
        self.context = context
        self.out: list[str] = []
        self.quoted = False
        self.flow: Flow | None = None

    def words(self, end: int, *, split: bool) -> list[Word]:
        at, size = 0, len(self.raw)
        while at < size:
            literal = _LITERAL.match(self.raw, at)
            if literal:
                self.out.append(literal.group())
                at = literal.end()
            else:
                at = _PARTS[self.raw[at]](self, at)
        text = "".join(self.out)[:MAX_TEXT]
        if not split:
            return [Word(_SPLIT.sub(" ", text), self.start, end, self.quoted, self.flow)]
        return self._fields(text, end)

    def _fields(self, text: str, end: int) -> list[Word]:
        if FIELD not in text and HARD_FIELD not in text:
            return [Word(text, self.start, end, self.quoted, self.flow)] if text or self.quoted else []
        parts = [part for part in _SPLIT.split(text) if part]
        return [Word(part, self.start, end, self.quoted, self.flow) for part in parts[:256]]

    def _note(self, flow: Flow) -> None:
        if flow.tags:
            self.flow = flow if self.flow is None else Flow(flow.text, self.flow.tags | flow.tags)

    def _value(self, flow: Flow, *, quoted: bool) -> None:
        self._note(flow)
        text = flow.text if flow.text is not None else FILLED
        if not quoted:
            for separator in self.context.separators:
                text = text.replace(separator, FIELD)
            text = active(text)
        self.out.append(text[:MAX_TEXT])

    def _escape(self, at: int) -> int:
        follows = self.raw[at + 1 : at + 2]
        if follows != "\n":
            self.out.append(follows)
            self.quoted = True
        return at + 2

    def _single(self, at: int) -> int:
        end = scan.single_end(self.raw, at + 1)
        end = len(self.raw) + 1 if end < 0 else end
        self.out.append(self.raw[at + 1 : end - 1])
        self.quoted = True
        return end

    def _double(self, at: int) -> int:
        end = scan.closing(self.raw, at + 1, '"')
        end = len(self.raw) + 1 if end < 0 else end
        self.quoted = True
        self.double(at + 1, end - 1)
        return end

    def double(self, at: int, end: int) -> None:
        """Expand the inside of a double quote."""
        while at < end:
            literal = _IN_DOUBLE.match(self.raw, at, end)
            if literal:
                self.out.append(literal.group())
                at = literal.end()
                continue
            character = self.raw[at]
            if character == "\\":
                follows = self.raw[at + 1 : at + 2]
                self.out.append("" if follows == "\n" else follows if follows in '$`"\\' else "\\" + follows)
                at += 2
            elif character == "`":
                at = self._backtick(at, quoted=True)
            elif character == "$" and self.raw[at + 1 : at + 2] not in ("'", '"'):
                at = self._dollar(at, quoted=True)
            else:
                self.out.append(character)
                at += 1

    def _backtick(self, at: int, *, quoted: bool = False) -> int:
        end = scan.backtick_end(self.raw, at + 1)
        end = len(self.raw) + 1 if end < 0 else end
        code = re.sub(r"\\([`\\$])" if not quoted else r"\\([`\\$\"])", r"\1", self.raw[at + 1 : end - 1])
        self._value(self.context.substitute(code, self.start + at + 1), quoted=quoted)
        return end

    def _dollar(self, at: int, *, quoted: bool = False) -> int:
        raw = self.raw
        follows = raw[at + 1 : at + 2]
        if follows == "(":
            return self._parenthesis(at, quoted=quoted)
        if follows == "{":
            end = scan.closing(raw, at + 2, "}")
            end = len(raw) + 1 if end < 0 else end
            self._value(self.context.parameter(raw[at + 2 : end - 1], quoted=quoted), quoted=quoted)
            return end
        if follows == "'":
            end = scan.ansi_c_end(raw, at + 2)
            end = len(raw) + 1 if end < 0 else end
            self.out.append(ansi.unescape(raw[at + 2 : end - 1]))
            self.quoted = True
            return end
        if follows == '"':
            return self._double(at + 1)
        name = _NAME.match(raw, at + 1)
        if not name:
            self.out.append("$")
            return at + 1
        self._value(self.context.parameter(name.group(), quoted=quoted), quoted=quoted)
        return name.end()

    def _parenthesis(self, at: int, *, quoted: bool) -> int:
        raw = self.raw
        end = scan.closing(raw, at + 2, ")")
        end = len(raw) + 1 if end < 0 else end
        inside = raw[at + 2 : end - 1]
        if inside.startswith("(") and inside.endswith(")"):
            self.out.append(_arithmetic(inside[1:-1]))
            if "$(" in inside or "`" in inside:
                expand_text('"' + inside[1:-1].replace('"', "") + '"', self.start + at + 2, self.context)
            return end
        self._value(self.context.substitute(inside, self.start + at + 2), quoted=quoted)
        return end

    def _angle(self, at: int) -> int:
        if self.raw[at + 1 : at + 2] != "(":
            self.out.append(self.raw[at])
            return at + 1
        end = scan.closing(self.raw, at + 2, ")")
        end = len(self.raw) + 1 if end < 0 else end
        read = self.context.process if self.raw[at] == "<" else self.context.consume
        flow = read(self.raw[at + 2 : end - 1], self.start + at + 2)
        self.flow = flow.tagged("process") if self.flow is None else self.flow.merged(flow.tagged("process"))
        self.out.append("/dev/fd/63")
        return end

    def _glob(self, at: int) -> int:
        bracket = self.raw[at] == "["
        self.out.append("[" if bracket and "]" not in self.raw[at + 2 :] else _GLOB[self.raw[at]])
        return at + 1

    def _tilde(self, at: int) -> int:
        match = _TILDE.match(self.raw, at) if at == 0 or self.raw[at - 1] in "=:" else None
        if not match:
            self.out.append("~")
            return at + 1
        who = match.group(1)
        homes = {None: "/home/user", "+": ".", "-": FILLED, "root": "/root"}
        self.out.append(homes.get(who, f"/home/{who}"))
        return match.end()


def _arithmetic(inside: str) -> str:
    if not _LITERAL_SUM.fullmatch(inside) or "**" in inside:
        return FILLED
    return ansi.literal_sum(inside)


_PARTS: dict[str, Callable[[_Expansion, int], int]] = {
    "\\": _Expansion._escape,
    "'": _Expansion._single,
    '"': _Expansion._double,
    "`": _Expansion._backtick,
    "$": _Expansion._dollar,
    "*": _Expansion._glob,
    "?": _Expansion._glob,
    "[": _Expansion._glob,
    "<": _Expansion._angle,
    ">": _Expansion._angle,
    "~": _Expansion._tilde,
}

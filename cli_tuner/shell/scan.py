# ruff: noqa: S105  (tables: a row stays on its line, names are one string)
"""Find where a quoted or substituted stretch of Bash ends, without recursion.

The law: `closing` is linear in the text, never raises, and returns -1 where the stretch is not closed.
"""

from __future__ import annotations

import re

from cli_tuner.shell.patterns import late

_STOPS = {
    ")": late(r"[\\'\"`$()#\n]|<<|\bcase\b|\besac\b"),
    "}": late(r"[\\'\"`$}]"),
    "q": late(r"[\\\"`$}]"),
    '"': late(r"[\\\"`$]"),
}
_BACKTICK = late(r"(?:[^`\\]|\\.)*`", re.DOTALL)
_SINGLE = late(r"[^']*'")
_ANSI_C = late(r"(?:[^'\\]|\\.)*'", re.DOTALL)
HEREDOC_WORD = late(r"<<(-?)[ \t]*((?:\\.|'[^']*'|\"[^\"]*\"|[^\s;|&()<>'\"\\])+)")
_QUOTES = late(r"[\\'\"]")


def closing(text: str, start: int, closer: str) -> int:
    """Return the index just after the `closer` that ends the stretch opened before `start`.

    Args:
        text: Bash text.
        start: Index of the first character inside the stretch.
        closer: `)` for code, `}` for a parameter, `"` for a double quote.
    """
    return _Closer(text, start).run(closer)


def backtick_end(text: str, start: int) -> int:
    """Return the index just after the unescaped backtick at or after `start`, or -1."""
    return _end(_BACKTICK.match(text, start))


def single_end(text: str, start: int) -> int:
    """Return the index just after the single quote that ends the stretch, or -1."""
    return _end(_SINGLE.match(text, start))


def ansi_c_end(text: str, start: int) -> int:
    """Return the index just after the quote that ends `$'…`, or -1."""
    return _end(_ANSI_C.match(text, start))


def _end(match: re.Match[str] | None) -> int:
    return match.end() if match else -1


def delimiter(raw: str) -> str:
    """Remove the quotes of a here-document's delimiter word."""
    return _QUOTES.sub("", raw)


def heredoc_end(text: str, start: int, word: str, *, tabs: bool) -> tuple[int, int]:
    """Return (end of the body, start of the line after the delimiter), both within the text."""
    at = start
    while at < len(text):
        stop = text.find("\n", at)
        stop = len(text) if stop < 0 else stop
        line = text[at:stop]
        if (line.lstrip("\t") if tabs else line) == word:
            return at, min(stop + 1, len(text))
        at = stop + 1
    return len(text), len(text)


class _Closer:
    """One pass with a stack of open contexts; each frame is [closer, open `case` words]."""

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.at = start
        self.stack: list[list[object]] = []
        self.pending: list[tuple[str, bool]] = []

    def run(self, closer: str) -> int:
        self.stack.append([closer, 0])
        while self.stack:
            found = _STOPS[str(self.stack[-1][0])].search(self.text, self.at)
            if not found:
                return -1
            self.at = found.end()
            if not self._step(found.group(), found.start()):
                return -1
        return self.at

    def _step(self, token: str, where: int) -> bool:
        kind = self.stack[-1][0]
        if token == "\\":
            self.at += 1
            return True
        if token == "$":
            return self._dollar()
        if token == "'":
            return self._jump(single_end(self.text, self.at))
        if token == "`":
            return self._jump(backtick_end(self.text, self.at))
        if token == kind or (token == "}" and kind == "q"):
            self._close()
        elif token == '"':
            self.stack.append(['"', 0])
        elif kind == ")":
            self._code(token, where)
        return True

    def _close(self) -> None:
        frame = self.stack[-1]
        if frame[0] == ")" and isinstance(frame[1], int) and frame[1] > 0:
            return  # the `)` after a case pattern
        self.stack.pop()

    def _jump(self, end: int) -> bool:
        self.at = end
        return end >= 0

    def _dollar(self) -> bool:
        follows = self.text[self.at : self.at + 1]
        quoted = self.stack[-1][0] in ('"', "q")
        if follows == "(":
            self.stack.append([")", 0])
        elif follows == "{":
            self.stack.append(["q" if quoted else "}", 0])
        elif follows == "'" and not quoted:
            self.at += 1
            return self._jump(ansi_c_end(self.text, self.at))
        else:
            return True
        self.at += 1
        return True

    def _code(self, token: str, where: int) -> None:
        frame = self.stack[-1]
        if token == "(":
            self.stack.append([")", 0])
        elif token in ("case", "esac") and isinstance(frame[1], int):
            frame[1] = max(0, frame[1] + (1 if token == "case" else -1))
        elif token == "#" and self.text[where - 1 : where] in " \t\n;(":
            stop = self.text.find("\n", self.at)
            self.at = len(self.text) if stop < 0 else stop
        elif token == "<<":
            self._heredoc(where)
        elif token == "\n" and self.pending:
            for word, tabs in self.pending:
                self.at = heredoc_end(self.text, self.at, word, tabs=tabs)[1]
            self.pending = []

    def _heredoc(self, where: int) -> None:
        if self.text.startswith("<<<", where):
            self.at = where + 3
            return
        match = HEREDOC_WORD.match(self.text, where)
        if match:
            self.pending.append((delimiter(match.group(2)), bool(match.group(1))))
            self.at = match.end()

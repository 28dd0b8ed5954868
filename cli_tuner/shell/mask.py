"""Guard the grammar: hide from it, at equal length, whatever it is known to misread.

Quotes, substitutions, braces, globs, here-documents, non-ASCII and control characters become plain word
characters or blanks, so that the tree holds structure only and every offset of the tree is an offset of
the text. What words mean is read from the original text by `words`. Not covered: `[[` spread over
several lines with comments inside.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from cli_tuner.shell import scan
from cli_tuner.shell.patterns import late

_ORDINARY = late(r"[A-Za-z0-9_ \t./:=@%+,~^\-]+")
PLAIN = late(r"[A-Za-z0-9_ \t./:=@%+,~^\-]*")
_OPERATOR_WORD = late(r"(?<!\S)=[=~](?=\s)")  # the grammar takes quadratic time over many of them
_ARITHMETIC_LOOP = late(r"\bfor[ \t]*\Z")
_REDIRECT = late(r"<<<|<<-?|<>|<&|<|>>|>\||>&|>")
_AMPERSAND_REDIRECT = late(r"&>>?(?!\()")
# `docker stop <name>` as documents write it: redirections that no command could have.
_PLACEHOLDER = late(r"<[A-Za-z][\w. -]{0,60}>(?=[ \t]*(?:\n|;|&&|\|\||\Z))")
_FD_VARIABLE = late(r"\{[A-Za-z_]\w*\}(?=[<>])")
_TEST_TOKEN = late(r"[^\s'\"\\$`]+|\\.|'[^']*'|\"(?:[^\"\\]|\\.)*\"|[\s$`]", re.DOTALL)
_NAME = late(r"[A-Za-z_]\w*(?:\[[^\]\s]*\])?\+?=\Z")
_SUBSCRIPT = late(r"\[[^\]\s'\"$`(]{0,64}\]\+?=")
_NO_WORDS = late(r"[ \t]*\)")
_BREAKS = frozenset(" \t\n;|&()<>")
_SPECIAL_PARAMETER = frozenset("?#@*!$-")


@dataclass(slots=True)
class Heredoc:
    """The body of one here-document, and whether its delimiter was quoted."""

    body: str
    start: int
    quoted: bool


@dataclass(slots=True)
class Masked:
    """Text for the grammar, of equal length, and what was taken out of it."""

    text: str
    balanced: bool = True
    redirects: dict[int, str] = field(default_factory=dict)
    heredocs: dict[int, Heredoc] = field(default_factory=dict)


def mask(text: str) -> Masked:
    """Return `text` with everything but structure hidden, character for character."""
    if PLAIN.fullmatch(text):
        return Masked(_OPERATOR_WORD.sub("xx", text))
    return _Masker(text).run()


class _Masker:
    def __init__(self, text: str) -> None:
        self.text = text
        self.out: list[str] = []
        self.result = Masked("")
        self.pending: list[tuple[int, str, bool, bool]] = []
        self.tries = 3  # how often an unclosed `((` or `[[` may be looked for: keeps the pass linear
        self.braces: dict[int, int] = {}
        self.braces_until = 0

    def run(self) -> Masked:
        at, text, size = 0, self.text, len(self.text)
        while at < size:
            run = _ORDINARY.match(text, at)
            if run:
                self.out.append(run.group())
                at = run.end()
                if at >= size:
                    break
            at = _HANDLERS.get(text[at], _Masker._other)(self, at)
        self.result.text = _OPERATOR_WORD.sub("xx", "".join(self.out))
        return self.result

    def _put(self, start: int, end: int, filler: str = "x") -> int:
        if end < 0 or end > len(self.text):
            self.result.balanced = False
            end = len(self.text)
        self.out.append(filler * (end - start))
        return end

    def _at_word_start(self) -> bool:
        return not self.out or self.out[-1][-1:] in _BREAKS

    def _other(self, at: int) -> int:
        return self._put(at, at + 1)

    def _keep(self, at: int) -> int:
        self.out.append(self.text[at])
        return at + 1

    def _blank(self, at: int) -> int:
        return self._put(at, at + 1, " ")

    def _escape(self, at: int) -> int:
        if at + 1 >= len(self.text):
            return self._put(at, at + 1)
        joined = self.text[at + 1] == "\n"
        return self._put(at, at + 2, " " if joined and self._at_word_start() else "x")

    def _single(self, at: int) -> int:
        return self._put(at, scan.single_end(self.text, at + 1))

    def _double(self, at: int) -> int:
        return self._put(at, scan.closing(self.text, at + 1, '"'))

    def _backtick(self, at: int) -> int:
        return self._put(at, scan.backtick_end(self.text, at + 1))

    def _dollar(self, at: int) -> int:
        follows = self.text[at + 1 : at + 2]
        if follows == "(":
            return self._put(at, scan.closing(self.text, at + 2, ")"))
        if follows == "{":
            return self._put(at, scan.closing(self.text, at + 2, "}"))
        if follows == "'":
            return self._put(at, scan.ansi_c_end(self.text, at + 2))
        if follows == '"':
            return self._put(at, scan.closing(self.text, at + 2, '"'))
        if follows and follows in _SPECIAL_PARAMETER:
            return self._put(at, at + 2)
        return self._put(at, at + 1)

    def _hash(self, at: int) -> int:
        if not self._at_word_start():
            return self._put(at, at + 1)
        stop = self.text.find("\n", at)
        return self._put(at, len(self.text) if stop < 0 else stop, " ")

    def _newline(self, at: int) -> int:
        self.out.append("\n")
        at += 1
        for operator, word, tabs, quoted in self.pending:
            stop, after = scan.heredoc_end(self.text, at, word, tabs=tabs)
            body = self.text[at:stop]
            if tabs:
                body = re.sub(r"^\t+", "", body, flags=re.MULTILINE)
            self.result.heredocs[operator] = Heredoc(body, at, quoted)
            self.out.append(re.sub(r"[^\n]", " ", self.text[at:after]))
            at = after
        self.pending = []
        return at

    def _angle(self, at: int) -> int:
        if self.text[at + 1 : at + 2] == "(":
            return self._put(at, scan.closing(self.text, at + 2, ")"))
        placeholder = _PLACEHOLDER.match(self.text, at)
        if placeholder:
            return self._put(at, placeholder.end())
        match = _REDIRECT.match(self.text, at)
        operator = match.group() if match else self.text[at]
        self.result.redirects[at] = operator
        if operator in ("<<", "<<-"):
            heredoc = scan.HEREDOC_WORD.match(self.text, at)
            if heredoc:
                raw = heredoc.group(2)
                word = scan.delimiter(raw)
                self.pending.append((at, word, operator == "<<-", word != raw))
                self.out.append("<" + " " * (heredoc.start(2) - at - 1) + "x" * len(raw))
                return heredoc.end()
        self.out.append(operator[0] + " " * (len(operator) - 1))
        return at + len(operator)

    def _ampersand(self, at: int) -> int:
        match = _AMPERSAND_REDIRECT.match(self.text, at)
        if not match:
            return self._keep(at)
        self.result.redirects[at + 1] = match.group()
        self.out.append(" >" + " " * (len(match.group()) - 2))
        return match.end()

    def _parenthesis(self, at: int) -> int:
        before = "".join(self.out[-3:])
        if before and (_NAME.search(before) or (before[-1] in "@!?+*x" and self.text[at - 1] in "@!?+*")):
            return self._put(at, scan.closing(self.text, at + 1, ")"))
        if self.text[at + 1 : at + 2] == "(":
            return self._arithmetic(at, before)
        if before and before[-1] not in _BREAKS and not _NO_WORDS.match(self.text, at + 1):
            self.result.balanced = False  # `word(…` is no Bash; the grammar takes it for a subshell
        return self._keep(at)

    def _arithmetic(self, at: int, before: str) -> int:
        if self.tries <= 0:
            return self._keep(at)
        end = scan.closing(self.text, at + 1, ")")
        inside = self.text[at + 2 : end - 2] if end > 0 else ""
        if end < 0 or self.text[end - 2 : end - 1] != ")":
            self.tries -= 1
            return self._keep(at)
        if _ARITHMETIC_LOOP.search(before):
            parts = ";".join("1" if part.strip() else "" for part in inside.split(";"))
            self.out.append(("((" + parts).ljust(end - at - 2) + "))")
            return end
        if re.search(r"[;\n|]\s|\w\s+\w", inside) and not re.search(r"[=<>+*?]", inside):
            self.tries -= 1
            return self._keep(at)
        return self._put(at, end)

    def _brace(self, at: int) -> int:
        fd_variable = _FD_VARIABLE.match(self.text, at)
        if fd_variable:
            return self._put(at, fd_variable.end(), " ")
        follows = self.text[at + 1 : at + 2]
        if self._at_word_start() and (not follows or follows in " \t\n"):
            self._untime()
            return self._keep(at)
        if at >= self.braces_until:
            self.braces_until = brace_pairs(self.text, at, self.braces)
        return self._put(at, self.braces.get(at, at + 1))

    def _untime(self) -> None:
        """Blank a `time`, `coproc` or `!` before a compound: the grammar takes it for a program."""
        tail = "".join(self.out[-2:])
        found = re.search(r"(?:^|[;&|(\n])[ \t]*((?:time|coproc|!)[ \t]+(?:-p[ \t]+|[A-Z]\w*[ \t]+)?)\Z", tail)
        if found:
            kept = tail[: found.start(1)] + " " * len(found.group(1))
            self.out[-2:] = [kept]

    def _close_brace(self, at: int) -> int:
        return self._keep(at) if self._at_word_start() else self._put(at, at + 1)

    def _bracket(self, at: int) -> int:
        if self._at_word_start() and self.text.startswith("[[", at) and self.text[at + 2 : at + 3] in " \t\n":
            end = _test_end(self.text, at + 2) if self.tries > 0 else -1
            self.tries -= end < 0
            return self._put(at, end if end > 0 else at + 2)
        subscript = _SUBSCRIPT.match(self.text, at)
        if subscript and not self._at_word_start():
            self.out.append("x" * (subscript.end() - at - 1 - subscript.group().endswith("+=")))
            return subscript.end() - 1 - subscript.group().endswith("+=")
        return self._put(at, at + 1)

    def _bang(self, at: int) -> int:
        alone = self._at_word_start() and self.text[at + 1 : at + 2] in (" ", "\t", "\n")
        return self._keep(at) if alone else self._put(at, at + 1)


def _test_end(text: str, at: int) -> int:
    """Return where the `]]` that closes a `[[` ends, -1 where there is none."""
    blank = False
    for match in _TEST_TOKEN.finditer(text, at):
        if match.start() != at:
            return -1  # a quote that does not end
        token, at = match.group(), match.end()
        if blank and token.startswith("]]") and token[2:3] in ("", ";", "|", "&", ")"):
            return match.start() + 2
        blank = token.isspace()
    return -1


def brace_pairs(text: str, at: int, pairs: dict[int, int]) -> int:
    """Record in `pairs` where each brace of the word at `at` closes; return where the word ends."""
    stack: list[int] = []
    index = at
    while index < len(text):
        character = text[index]
        if character in " \t\n;|&<>()":
            break
        if character == "\\":
            index += 1
        elif character in "'\"":
            end = text.find(character, index + 1)
            if end < 0:
                break
            index = end
        elif character == "{":
            stack.append(index)
        elif character == "}" and stack:
            pairs[stack.pop()] = index + 1
        index += 1
    return max(index, at + 1)


_HANDLERS: dict[str, Callable[[_Masker, int], int]] = {
    "\\": _Masker._escape,
    "'": _Masker._single,
    '"': _Masker._double,
    "`": _Masker._backtick,
    "$": _Masker._dollar,
    "#": _Masker._hash,
    "\n": _Masker._newline,
    "\r": _Masker._blank,
    **dict.fromkeys("<>", _Masker._angle),
    "&": _Masker._ampersand,
    "(": _Masker._parenthesis,
    "{": _Masker._brace,
    "}": _Masker._close_brace,
    "[": _Masker._bracket,
    "!": _Masker._bang,
    **dict.fromkeys("|;)", _Masker._keep),
}

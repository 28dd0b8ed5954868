"""What may be fixed in a command because there is no doubt what was meant; what was fixed is told with it.

Covered: a copied prompt, one code fence or code span around it all, typographic quotes and dashes in the place of
ASCII ones, no-break spaces, the end of `find -exec`. Where there are two readings nothing is changed, and
`prepare/shapes.py` sets the row aside.
"""

from __future__ import annotations

import re

from cli_tuner.shell.answer.lexicon import reads_as_command
from cli_tuner.shell.parse import parse_ok

_FENCE = re.compile(
    r"(`{3,}|~{3,})[ \t]*(?:bash|sh|shell|zsh|console|terminal|shell-session)?[ \t]*\n(.*?)\n[ \t]*\1\s*", re.DOTALL
)
_SPAN = re.compile(r"(`{1,3})([^`\n]+)\1")
_PROMPT = re.compile(r"(?:[\w.-]+@[\w.-]+:?[^\s$#]*|bash-[\d.]+)?\$\s+|[\w.-]+@[\w.-]+:[^\s$#]*#\s+")
TYPOGRAPHIC = re.compile("[‘’‚‛′‹›“”„‟″«»‐‑‒–—―−]")
_SPACES = re.compile("[\u00a0\u2000-\u200a\u202f\u3000]")
_ASCII = str.maketrans({**dict.fromkeys("‘’‚‛′‹›", "'"), **dict.fromkeys("“”„‟″«»", '"'), **dict.fromkeys("‐‑−", "-")})
_WORD_DASHES = re.compile(r"(?<![^\s(|;&{])([-‒–—―−‐‑]+)(?=[A-Za-z0-9])")
_APOSTROPHE = re.compile("(?<=[A-Za-z])’(?=[a-z]{1,2}\\b)")
_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"")
_NAME = r"(?:\{\}|'\{\}'|\"\{\}\")"
_EXEC_END = re.compile(
    rf"(\s-(?:exec|execdir|ok|okdir)\s(?:(?!\\;|';'|\";\"|\s\\?\+(?:\s|$)).)*?{_NAME})\s*(?:;|\\|\\;)$", re.DOTALL
)
_GLUED_END = re.compile(rf"(?<=\s)({_NAME})\\;(?=\s|$)")
SHORT_OPTION = 3
"""Longest word after a lone long dash that is taken for short options: `–xzf`."""


def clean_command(text: str) -> tuple[str, str]:
    """Return the command as it is meant, and what was fixed: names joined by commas, or nothing.

    Surrounding white space and CRLF are taken off without being told.
    """
    text = text.replace("\r\n", "\n").strip()
    fixes: list[str] = []
    for name, fix in _FIXES:
        changed = fix(text)
        if changed != text:
            fixes.append(name)
            text = changed
    return text, ",".join(fixes)


def _unfenced(text: str) -> str:
    match = _FENCE.fullmatch(text) or _SPAN.fullmatch(text)
    return match[2].strip() if match else text


def _without_prompt(text: str) -> str:
    match = _PROMPT.match(text)
    if match and "\n" not in text:
        return text[match.end() :].lstrip()
    rest = text[2:].lstrip()
    is_root = text.startswith("# ") and "\n" not in text and reads_as_command(rest)
    return rest if is_root else text


def _spaced(text: str) -> str:
    return _SPACES.sub(" ", text) if not text.isascii() else text


def _plain_quotes(text: str) -> str:
    """Put ASCII in the place of typographic quotes and dashes, where the result can only be what was meant."""
    if text.isascii() or not TYPOGRAPHIC.search(text):
        return text
    pieces: list[str] = []
    at = 0
    for quoted in _QUOTED.finditer(text):
        pieces += [_bare(text, at, quoted.start()), _quoted(quoted[0])]
        at = quoted.end()
    made = "".join([*pieces, _bare(text, at, len(text))])
    return made if not TYPOGRAPHIC.search(_QUOTED.sub("", made)) and parse_ok(made) else text


def _quoted(text: str) -> str:
    return _APOSTROPHE.sub("'", text) if text[0] == '"' else text


def _bare(text: str, start: int, end: int) -> str:
    """Fix the part `start:end`, which no ASCII quote holds; a dash that may stand for one or for two is left."""
    finds = text.split(maxsplit=1)[0] == "find"

    def dash(match: re.Match[str]) -> str:
        marks = match[1]
        word = re.match(r"[A-Za-z0-9]+", text[start + match.end() :])
        length = len(word[0]) if word else 0
        if set(marks) <= set("-‐‑−"):
            return "-" * len(marks)
        if len(marks) > 1:
            return "--"
        if finds or (marks in "–‒" and length <= SHORT_OPTION):
            return "-"
        return "--" if marks == "—" else marks

    return _WORD_DASHES.sub(dash, text[start:end]).translate(_ASCII)


def _ended_exec(text: str) -> str:
    r"""Write the end of `find -exec` so that find gets it: `{} ;`, `{}\\;` and `{} \\` mean `{} \\;`."""
    if "-exec" not in text and "-ok" not in text:
        return text
    return _GLUED_END.sub(r"\1 \\;", _EXEC_END.sub(r"\1 \\;", text))


_FIXES = (
    ("fence", _unfenced),
    ("prompt", _without_prompt),
    ("space", _spaced),
    ("typographic", _plain_quotes),
    ("exec_end", _ended_exec),
)

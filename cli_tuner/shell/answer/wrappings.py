"""The wrappings of one line or one block: what stands around a command that is nothing but a command.

Each function takes one layer off, or returns None where its layer is not there; none judges what is below.
"""

from __future__ import annotations

import ast
import html
import json
import re
import shlex
import textwrap
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from cli_tuner.shell.answer.lexicon import UTILITIES

_MAX_OPENINGS = 20
_MARKER = re.compile(
    r"(?:[-*+•◦‣∙·–—→➜➤▶►»✅👉]️?|[=-]>|\(?\d{1,3}[.):]\)?|\(?[A-Za-z][.)]|(?i:step|option|solution) ?\d*[.):]|#{1,6}"
    r"|\.\.)[ \t]+(?=\S)"
)
_BOLD_LABEL = re.compile(r"[*_]{1,3}[^*_`\n]{1,60}?:?[*_]{1,3}:?[ \t]*(?=\S)")
_LABEL = re.compile(r"(?=[^\s:])[^\n:`$|;&<>=\\{}()\[\]/~*]{1,160}(?:\([^()\n]{1,40}\))?(?::|[ \t][—–])[ \t]+(?=\S)")
_TAG_LABEL = re.compile(
    r"(?:(?:\[/?[A-Za-z][\w ]{0,20}\]\s*)+|<[A-Za-z][\w ]{0,20}>|@\w+|%%?(?:bash|sh|script bash))[ \t]*:?\s+(?=\S)"
)
_PROMPT = re.compile(
    r"(?:\([\w.-]+\)[ \t]*)?(?:\[?[\w.-]+@[\w.-]+[^$#%\n]*[$#%]|\w+-[\d.]+[$#]|~[^\s$#%]*[$#%]|[$%❯➜]"
    r"|PS(?: [A-Za-z]:[^>\n]*)?>|[A-Z]:\\[^>\n]*>|In ?\[\d*\]:|>>>)[ \t]+"
)
_ESCAPE = re.compile(r"!(?=[a-z./])")
SPAN = re.compile(r"``(?!`)([^\n]+?)(?<!`)``|`((?:[^`\n]|(?<=[\s=\"'(:])`[^\s`][^`\n]*`)+)`")
"""A code span; back-ticks within are substitutions."""
_PAIRS = (
    ("**", "**"), ("__", "__"), ("*", "*"), ("_", "_"),   ('"', '"'), ("'", "'"), ("“", "”"),
    ("‘", "’"), ("«", "»"), ("„", "“"), ("{{", "}}"), ("[[", "]]"), ("~~", "~~"), ("==", "=="), ("|", "|"),
)  # fmt: skip
_TAGGED = re.compile(r"<([A-Za-z][\w:-]*)[^<>]*>\s*(.*?)\s*</\1\s*>|\[(\w+)[^\[\]]*\]\s*(.*?)\s*\[/\3\]", re.DOTALL)
_BRACED = re.compile(r"\{(code|noformat)[^{}]*\}\s*(.*?)\s*\{\1\}", re.DOTALL)
_LATEX = re.compile(
    r"\\(?:boxed|texttt|text|mathtt|code|lstinline|mbox)\{(.*)\}|\\(?:verb|lstinline)(\W)(.*?)\2", re.DOTALL
)
_LITERAL = r"(?:\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
_CALL = re.compile(
    r"^[ \t]*(?:[\w. ]+=[ \t]*)?(?:await[ \t]+)?(?:\w+\.)*"
    r"(?:system|run|p?open|call|check_\w+|getoutput|exec|spawn|shell|bash|terminal|sh|execute)"
    rf"\w*\(\s*(?:\w+\s*=\s*)?(r?{_LITERAL}|\[[^\]\n]*\])",
    re.MULTILINE,
)
_NAMED = re.compile(rf"^[ \t]*[\w ]{{1,30}}(?:[ \t]=[ \t]|:[ \t]*)({_LITERAL})[ \t]*$", re.MULTILINE)
_KEYS = (
    "command",
    "cmd",
    "bash",
    "shell",
    "bash_command",
    "shell_command",
    "code",
    "script",
    "answer",
    "output",
    "result",
)


def inner(text: str) -> str | None:
    """Take the outermost layer off `text`, the ends of lines aside; None where nothing is around it."""
    stripped = text.strip()
    for layer in _LAYERS:
        found = layer(stripped)
        if found is not None and found.strip() and found != stripped:
            return found.strip()
    return None


def _pair(text: str) -> str | None:
    if span := SPAN.fullmatch(text):
        return span[1] or span[2]
    for left, right in _PAIRS:
        if len(text) > len(left + right) and text.startswith(left) and text.endswith(right):
            within = text[len(left) : -len(right)].strip()
            if left in ("'", '"'):
                return within if _is_quoted_command(left, within) else None
            if within and left not in within and right not in within:
                return within
    return None


def _is_quoted_command(quote: str, within: str) -> bool:
    """Tell whether quotes stand around a command: a known program, or words with whole quotes between them."""
    first, blank, _ = within.partition(" ")
    return first in UTILITIES or (bool(blank) and quote not in first and within.count(quote) % 2 == 0)


def _cut(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    def layer(text: str) -> str | None:
        match = pattern.match(text)
        return text[match.end() :] if match else None

    return layer


def _labelled(text: str) -> str | None:
    """Take off words and a colon, unless the words begin with a program: `chown me: file` has no label."""
    match = _LABEL.match(text)
    first = text.split(maxsplit=1)[0] if match else ""
    return text[match.end() :] if match and (first not in UTILITIES or first.rstrip(":") in _KEYS) else None


def _quoted_line(text: str) -> str | None:
    """Take off the mark of a quoted line, unless it is Bash's own redirection into a file."""
    match = re.match(r">[ \t]+(?=([\w.+-]+))", text)
    return text[match.end() :] if match and match[1] in UTILITIES else None


def _indented(text: str) -> str | None:
    dedented = textwrap.dedent(text)
    return dedented if dedented != text else None


_LAYERS: tuple[Callable[[str], str | None], ...] = (
    _cut(_MARKER),
    _pair,
    _cut(_BOLD_LABEL),
    _cut(_PROMPT),
    _cut(_TAG_LABEL),
    _labelled,
    _cut(_ESCAPE),
    _quoted_line,
    _indented,
)


def is_json(text: str) -> bool:
    """Tell whether a text is one JSON object or array."""
    try:
        return text[:1] in ("{", "[") and isinstance(json.loads(text), (dict, list))
    except (ValueError, RecursionError):
        return False


def structured(text: str) -> Iterator[str]:
    """Yield the texts that a structure marks: values of JSON, what is between tags, the literal of a call."""
    yield from _json_values(text)
    for match in _TAGGED.finditer(text):
        part = match[2] if match[1] else match[4]
        yield from structured(part)
        yield html.unescape(part)
    for match in _BRACED.finditer(text):
        yield match[2]
    for match in _LATEX.finditer(text):
        yield re.sub(r"\\([_%#&$|])", r"\1", match[1] or match[3] or "")
    for pattern in (_CALL, _NAMED):
        for match in pattern.finditer(text):
            yield _literal(match[1])


def assigned(text: str) -> str | None:
    """Return the literal where a text is nothing but `command = "…"` or `command: "…"` in some language's spelling."""
    match = _NAMED.fullmatch(text)
    return _literal(match[1]) if match and text.split("=")[0].split(":")[0].strip().lower() in _KEYS else None


def _literal(source: str) -> str:
    try:
        value = ast.literal_eval(source)
    except (ValueError, SyntaxError):
        return ""
    return shlex.join(map(str, value)) if isinstance(value, list) else str(value)


def _json_values(text: str) -> Iterator[str]:
    decoder = json.JSONDecoder()
    for match in islice(re.finditer(r"[{\[]", text), _MAX_OPENINGS):
        try:
            value, _ = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            continue
        yield from _commands_of(value)
        return


def _commands_of(value: Any) -> Iterator[str]:
    """Yield the strings under the keys that name a command; where no key does, a lone string."""
    if isinstance(value, list):
        value = {str(number): one for number, one in enumerate(value)}
    if not isinstance(value, dict):
        return
    named = {str(key).lower(): one for key, one in value.items()}
    for key in _KEYS:
        if isinstance(named.get(key), str):
            yield named[key]
    for one in named.values():
        if isinstance(one, str) and len(named) == 1:
            yield one
        yield from _commands_of(one)

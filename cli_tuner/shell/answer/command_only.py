# ruff: noqa: SIM905  (tables: names are one string)
"""Is an answer a command and nothing else.

`command_only` asks the parser, a lexicon of utilities and a list of words that hold English sentences together; how
often it accepts real commands and English requests is measured in docs/measurements.md.
"""

from __future__ import annotations

import re

from cli_tuner.shell.answer.lexicon import has_shell_syntax, reads_as_command, unquoted
from cli_tuner.shell.flow import clean
from cli_tuner.shell.parse import parse_ok, parse_tree

_COMMENT = re.compile(r"(?:^|\s)#")
# Utilities that English requests begin with.
_VERBS = frozenset(
    "find set split kill sleep bind login join sort cut head tail file link look more patch expand install which who "
    "users time touch make".split()
)
# What English requests begin with and what is no program.
_REQUESTS = frozenset(
    "add append archive base64 calculate change check compare compute concatenate count create decode delete determine "
    "display download encode ensure enumerate execute extract fetch gather generate get give grab identify list locate "
    "merge monitor output print query read recursively remove replace report retrieve run save search show "
    "start stop store switch tell update upload use verify view write".split()
)


def is_fenced(text: str) -> bool:
    """Tell whether an answer holds a Markdown fence, open or closed."""
    return "```" in text


def syntax_valid(text: str) -> bool:
    """Tell whether an answer as it stands is Bash."""
    return bool(text.strip()) and parse_ok(text)


def command_only(text: str) -> bool:
    """Tell whether an answer is one command, or several, without prose, fences or comments."""
    stripped = clean(text).strip()
    if not stripped or is_fenced(stripped) or not reads_as_command(stripped) or _reads_as_request(stripped):
        return False
    script = parse_tree(stripped)
    if _COMMENT.search(script.text) and _comments(script.text, script.masked.text):
        return False
    statements = script.root.named_children if script.root is not None else []
    if len(statements) < 2 or script.masked.heredocs:
        return True
    return all(reads_as_command(stripped[one.start_byte : one.end_byte]) for one in statements)


def without_comment(text: str) -> str:
    """Cut off comments: what ends a line, and lines that are nothing else; a text with a here document stays."""
    if "#" not in text:
        return text
    script = parse_tree(text)
    if script.masked.heredocs:
        return text
    lines, start = [], 0
    for line in text.split("\n"):
        hidden = script.masked.text[start : start + len(line)]
        cut = next((at for at, mark in enumerate(line) if mark == "#" and hidden[at] == " "), None)
        if cut is None or line[:cut].strip():
            lines.append(line if cut is None else line[:cut].rstrip())
        start += len(line) + 1
    return "\n".join(lines).strip() or text


def _reads_as_request(text: str) -> bool:
    """Tell whether a text that begins with a utility's name is rather a sentence: several plain words, nothing else."""
    plain = unquoted(text).split()
    if has_shell_syntax(text):
        return False
    return (plain[0] in _VERBS and len(plain) > 3) or (plain[0] in _REQUESTS and len(plain) > 2)


def _comments(text: str, masked: str) -> bool:
    """Tell whether the parser hid a comment."""
    return any(mark == "#" and hidden == " " for mark, hidden in zip(text, masked, strict=True))

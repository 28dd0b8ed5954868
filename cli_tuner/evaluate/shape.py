# ruff: noqa: SIM905  (tables: names are one string)
"""Is an answer a command and nothing else.

`command_only` asks the parser, a lexicon of utilities and a list of words that hold English sentences together; how
often it accepts real commands and English requests is measured in docs/measurements.md.
"""

from __future__ import annotations

import re

from cli_tuner.shell.flow import clean
from cli_tuner.shell.lexicon import has_shell_syntax, reads_as_command, unquoted
from cli_tuner.shell.parse import parse_ok, parse_tree

_COMMENT = re.compile(r"(?:^|\s)#")
# Utilities that English requests begin with.
_VERBS = frozenset(
    "find set split kill sleep bind login join sort cut head tail file link look more patch expand install".split()
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


def _reads_as_request(text: str) -> bool:
    """Tell whether a text that begins with a utility's name is rather a sentence: several plain words, nothing else."""
    plain = unquoted(text).split()
    return plain[0] in _VERBS and len(plain) > 3 and not has_shell_syntax(text)


def _comments(text: str, masked: str) -> bool:
    """Tell whether the parser hid a comment."""
    return any(mark == "#" and hidden == " " for mark, hidden in zip(text, masked, strict=True))

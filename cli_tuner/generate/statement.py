"""The first whole statement of a text of several: what `one command` means.

A statement ends with the first line at which Bash would run what it has read so far: no open quote, block, here
document or continuation. Where no line is such an end, the whole text is the statement.
"""

from __future__ import annotations

import re

from cli_tuner.shell.parse import parse_ok

_MAX_LINES = 200
_HEREDOC = re.compile(r"(?<![<\w])\d*<<-?[ \t]*(['\"]?)([A-Za-z_]\w*)\1(?!<)")


def first_statement(text: str) -> tuple[str, str]:
    """Cut `text` into its first statement, without comments above it, and the rest."""
    lines = text.split("\n")
    while lines and (not lines[0].strip() or lines[0].lstrip().startswith("#")):
        lines.pop(0)
    for end in range(1, min(len(lines), _MAX_LINES) + 1):
        head = "\n".join(lines[:end])
        if _is_whole(head):
            return head.strip(), "\n".join(lines[end:]).strip()
    return "\n".join(lines).strip(), ""


def _is_whole(head: str) -> bool:
    continued = (len(head) - len(head.rstrip("\\"))) % 2 == 1
    return not continued and parse_ok(head) and not _open_heredoc(head)


def _open_heredoc(head: str) -> bool:
    first, *body = head.split("\n")
    names = [match[2] for line in (first, *body) for match in _HEREDOC.finditer(line)]
    return any(all(line.strip() != name for line in body) for name in names)

"""Takes what is meant as code out of a model's answer: a Markdown fence, a code span, a prompt, quotes around it all.

Covered: the forms in which chat models wrap one command. Not covered: a command in the middle of a sentence, which
stays where it is. Nothing is judged here, and text without a wrapping comes back as it is, stripped.
"""

from __future__ import annotations

import re

_SHELLS = frozenset(
    ["", "bash", "sh", "shell", "zsh", "ksh", "console", "terminal", "shell-session", "shellsession", "shellscript"]
)
_FENCE = re.compile(
    r"^[ \t>]*(`{3,}|~{3,})[ \t]*([^\n`]*)\n(.*?)(?:\n?^[ \t>]*\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
_ONE_LINE = re.compile(r"(`{3,})(?:(?:bash|sh|shell|zsh|console)[ \t]+)?([^`\n]+)\1")
_SPAN = re.compile(r"(`{1,2})([^`\n]+)\1")
_PROMPT = re.compile(r"(?:[\w.-]+@[\w.-]+[^$#\n]*|\w+-[\d.]+)?\$ +")


def extract(text: str) -> str:
    """Return the code of an answer: the first fence of a shell or of no language, else the first fence, else all."""
    text = text.replace("\r\n", "\n")
    block = _fenced(text)
    if block is None:
        block = _unquoted(text.strip())
    return _without_prompts(block).strip()


def _fenced(text: str) -> str | None:
    found = [(match[2].strip().lower(), match[3]) for match in _FENCE.finditer(text)]
    shells = [code for language, code in found if language.split(" ")[0] in _SHELLS]
    if found:
        return (shells or [found[0][1]])[0]
    match = _ONE_LINE.search(text)
    return match[2] if match else None


def _unquoted(text: str) -> str:
    """Take one pair of back-ticks or quotes off that spans the whole text; a single quoted word keeps them."""
    span = _SPAN.fullmatch(text)
    if span:
        return span[2]
    for quote in ("'", '"'):
        inner = text[1:-1]
        if text[:1] == text[-1:] == quote and " " in inner and quote not in inner:
            return inner
    return text


def _without_prompts(block: str) -> str:
    """Keep what was typed at a `$ ` prompt, where the block is a terminal session."""
    lines = block.strip().split("\n")
    if not _PROMPT.match(lines[0]):
        return block
    typed: list[str] = []
    for line in lines:
        prompt = _PROMPT.match(line)
        if prompt:
            typed.append(line[prompt.end() :])
        elif typed[-1].endswith("\\") and line.startswith("> "):
            typed.append(line[2:])
    return "\n".join(typed)

"""Takes the command out of a model's answer, whatever it is wrapped in, and says what it was found in.

The order is by how clearly an answer marks its command: a Markdown fence; an answer that is nothing but Bash; JSON,
tags and calls; a block or line of its own; a code span, bold or quoted part of a sentence; the rest of a sentence
behind words such as "run". Where the mark is weaker than a fence, the text must itself pass `command_only`, so that
English is not taken for Bash. An answer in which no command is found comes back as it is, stripped.

Not covered: a bare command between words without any mark and without an option, path or operator; several
commands that an answer gives one by one, of which the first is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from cli_tuner.shell.answer import sentence
from cli_tuner.shell.answer.command_only import command_only, without_comment
from cli_tuner.shell.answer.lexicon import (
    KEYWORDS,
    NOUNS,
    UTILITIES,
    first_word,
    has_shell_syntax,
    is_assignment,
    reads_as_command,
    reads_as_prose,
    stop_word_count,
)
from cli_tuner.shell.answer.wrappings import SPAN, assigned, inner, is_json, structured
from cli_tuner.shell.parse import MAX_LENGTH, parse_ok, parse_tree

_SHELLS = frozenset(
    ["", "bash", "sh", "shell", "zsh", "ksh", "console", "terminal", "shell-session", "shellsession", "shellscript"]
)
_FENCE = re.compile(
    r"^[ \t>]*(?:[-*+]|\d+[.)])?[ \t]*(`{3,}|~{3,})[ \t]*([^\n`]*)\n(.*?)(?:\n?^[ \t>]*\1[`~]*[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
_ONE_LINE = re.compile(r"(`{3,})(?:(?:bash|sh|shell|zsh|console)[ \t]+)?([^`\n]+)\1")
_NESTED_ONE_LINE = re.compile(r"```(?:(?:bash|sh|shell|zsh|console)[ \t]+)?([^\n]+)```")
_THOUGHT = re.compile(
    r"<(think|thinking|thought|reasoning|reflection|scratchpad|analysis)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE
)
_THOUGHT_END = re.compile(r"\A.*</(?:think|thinking|thought|reasoning|reflection|scratchpad|analysis)>", re.DOTALL)
_TURN_END = re.compile(r"<\|[a-z_]+\|>|<｜[^｜<>]+｜>|</s>\s*(?:\n|\Z)|<(?:start|end)_of_turn>")
_PROMPT = re.compile(r"(?:[\w.-]+@[\w.-]+[^$#\n]*|\w+-[\d.]+)?\$ +")
_LANGUAGE_LINE = re.compile(
    r"\A[ \t]*[.:\[(*]*(?:bash|sh|shell|zsh|console|terminal|command|cmd)[\])*:]*[ \t]*\n+(?=[ \t]*\S)", re.IGNORECASE
)
_OPTION = re.compile(r"\s-{1,2}[A-Za-z0-9]|[|>]|\s[\w.*-]*/[\w*.]|\s[~$]\w")
_SHEBANG = re.compile(r"\A#![^\n]*\n")
_MAX_LAYERS = 8
_MAX_LINES = 200
_MAX_JOINED = 20


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was taken out of an answer.

    Attributes:
        command: The command; the whole answer, stripped, where none was found.
        where: `fence`, `bare`, `structure`, `line`, `span`, `sentence`, or `none`.
    """

    command: str
    where: str


def extract(text: str) -> str:
    """Return the command of an answer, or the answer itself, stripped, where no command is found in it."""
    return find(text).command


@lru_cache(maxsize=1 << 12)
def find(text: str) -> Extracted:
    """Return the command of an answer and in what it was found; never raises."""
    text = _without_thoughts(_TURN_END.split(text.replace("\r\n", "\n"), maxsplit=1)[0])
    block = _fenced(text)
    if block is not None:
        return Extracted(_of_block(block), "fence")
    stripped = text.strip()
    if not stripped or len(text) > MAX_LENGTH:
        return Extracted(stripped, "none")
    for where, search in _SEARCHES:
        found = next(filter(None, search(text)), None)
        if found:
            return Extracted(found, where)
    return Extracted(stripped, "none")


def _without_thoughts(text: str) -> str:
    """Drop what a model thinks aloud before it answers; an answer that is nothing else stays."""
    kept = _THOUGHT_END.sub("", _THOUGHT.sub("", text))
    return kept if kept.strip() else text


def _fenced(text: str) -> str | None:
    found = [(match[2].strip().lower(), match[3]) for match in _FENCE.finditer(text)]
    shells = [code for language, code in found if language.strip("{}. ").split(" ")[0] in _SHELLS]
    if found:
        return next((code for code in shells if reads_as_command(code.strip())), (shells or [found[0][1]])[0])
    match = _ONE_LINE.search(text)
    nested = None if match else _NESTED_ONE_LINE.fullmatch(text.strip())
    return match[2] if match else nested and nested[1]


def _of_block(block: str) -> str:
    """Return the command of a fenced block: what was typed there, or the value of JSON or of a call."""
    code = _without_prompts(_LANGUAGE_LINE.sub("", block)).strip()
    bare = without_comment(code)
    if is_command(bare):
        return bare
    return code if reads_as_command(code) else next(_structures(code), code)


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


def _bare(text: str) -> Iterator[str]:
    """Yield the answer itself where it is a command, or is Bash rather than anything else."""
    stripped = text.strip()
    if is_json(stripped):
        return
    session = _without_prompts(stripped)
    if session != stripped:
        yield session.strip()
    lone = _LANGUAGE_LINE.sub("", _SHEBANG.sub("", stripped)).strip()
    if literal := assigned(lone):
        yield literal
    span = SPAN.fullmatch(lone)
    if span and not reads_as_prose(code := (span[1] or span[2]).strip()):
        yield code
    for bare in (sentence.without_remark(lone), without_comment(lone)):
        if bare != lone and is_command(bare):
            yield bare
    below = inner(lone)
    if below is not None and "\n" not in lone and is_command(found := _peeled(below)):
        yield found
    if command_only(lone) or _is_bash(lone):
        yield lone


def _is_bash(text: str) -> bool:
    """Tell whether a text that is not a clean command is still Bash as a whole: it parses and runs what is known."""
    first = first_word(text)
    known = first.rsplit("/", 1)[-1] in UTILITIES or first in KEYWORDS or is_assignment(text)
    if not known or reads_as_prose(text):
        return False
    return _is_one_statement(text) if "\n" in text else parse_ok(text) or has_shell_syntax(text)


def _is_one_statement(text: str) -> bool:
    script = parse_tree(text)
    return script.sound and script.root is not None and len(script.root.named_children) == 1


def is_command(text: str) -> bool:
    """Tell whether a part of an answer is a command beyond doubt: clean, and it runs what is known or has syntax."""
    if not text or not command_only(text):
        return False
    first = first_word(text)
    known = first.rsplit("/", 1)[-1] in UTILITIES or first in KEYWORDS or is_assignment(text)
    known = known or first.startswith(("./", "/", "~/", "$"))
    return known or (has_shell_syntax(text) and "://" not in first and " -> " not in text)


def _peeled(text: str) -> str:
    """Take off layer after layer; the innermost that is a command counts, else the text as it is."""
    best = state = text.strip()
    for _ in range(_MAX_LAYERS):
        below = inner(state)
        if below is None:
            break
        state = below
        if is_command(state):
            best = state
    return best


def _structures(text: str) -> Iterator[str]:
    for part in structured(text):
        found = _peeled(_without_prompts(part.strip())).strip()
        if is_command(found) or (reads_as_command(found) and " " in found):
            yield found


def _lines(text: str) -> Iterator[str]:
    """Yield commands that have a line, or several joined lines, of their own."""
    lines = text.strip("\n").split("\n")[:_MAX_LINES]
    sole = len([line for line in lines if line.strip()]) == 1
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        found = _command_of(line, sole=sole)
        joined = None if found else _joined(lines[number : number + _MAX_JOINED])
        if found or joined:
            yield found or joined or ""


def _command_of(line: str, *, sole: bool) -> str | None:
    """Return the command that a line is when its wrappings are off, a comment or a dash of prose behind it too."""
    for text in (line, sentence.without_remark(line), sentence.without_remark(line, weak=True)):
        found = _peeled(text)
        for one in (found, without_comment(found)):
            if is_command(one) and (not sole or one != line.strip() or command_only(one)):
                return one
    return None


def _joined(lines: list[str]) -> str | None:
    """Return a statement that only several lines make: a loop, a here document, a continued line."""
    first = _peeled_start(lines[0])
    if first is None:
        return None
    for end in range(2, len(lines) + 1):
        text = "\n".join([first, *lines[1:end]]).strip()
        if not text.endswith("\\") and parse_ok(text):
            return text if command_only(text) else None
    return None


def _peeled_start(line: str) -> str | None:
    """Return the first line of a statement of several, without its prompt or marker; None where it starts none."""
    for text in (line.strip(), inner(line) or ""):
        if first_word(text) in KEYWORDS or ((text.endswith("\\") or "<<" in text) and first_word(text) in UTILITIES):
            return text
    return None


def _spans(text: str) -> Iterator[str]:
    """Yield marked parts of sentences: one that is more than a name before one that is only a name."""
    names: list[str] = []
    for part in sentence.marked(text):
        found = _peeled(part.text)
        if not is_command(found):
            continue
        if " " in found and (part.is_led or (part.is_code and has_shell_syntax(found) and _runs_known(found))):
            yield found
        elif part.is_led and part.is_code:
            names.append(found)
    yield from names


def _sentences(text: str) -> Iterator[str]:
    """Yield commands that only words lead to: the text must run what is known and be more than words itself."""
    for rest in sentence.ordered(text):
        if is_command(rest) and _runs_known(rest) and (stop_word_count(rest) == 0 or has_shell_syntax(rest)):
            yield rest
    for start in sentence.led(text):
        for one in sentence.ends(start):
            if _OPTION.search(one) and is_command(one) and _runs_known(one) and stop_word_count(one) == 0:
                yield one


def _runs_known(text: str) -> bool:
    name = first_word(text).rsplit("/", 1)[-1]
    return name in UTILITIES and name not in NOUNS


_SEARCHES: tuple[tuple[str, Callable[[str], Iterator[str]]], ...] = (
    ("bare", _bare),
    ("structure", _structures),
    ("line", _lines),
    ("span", _spans),
    ("sentence", _sentences),
)

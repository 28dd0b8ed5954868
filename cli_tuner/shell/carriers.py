# ruff: noqa: SIM905  (tables: a row stays on its line, names are one string)
"""Commands carried in an option or a variable: `tar --checkpoint-action`, `rsync -e`, `vim -c '!…'`, `PAGER=`.

Sources: GTFOBins (functions Shell and Command) and the man pages of the programs named.
"""

from __future__ import annotations

import re

from cli_tuner.shell import files, foreign, outputs
from cli_tuner.shell.environment import COMMAND_VARIABLES
from cli_tuner.shell.flow import Flow, Word
from cli_tuner.shell.model import Fact, Invocation
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs import git
from cli_tuner.shell.programs.program import Program
from cli_tuner.shell.programs.table import find, program
from cli_tuner.shell.protocol import Shell
from cli_tuner.shell.running import run_string

_PACKAGES = frozenset("npm pnpm yarn bun".split())
_PROMPTS = frozenset("PS0 PS1 PS2 PS4".split())
_SSH_COMMAND = late(r"(?i)(?:proxy|local|knownhosts)command[=\s]")
_BANG = late(r"!\s*([^\n]+)")
_CALLED = late(
    r"(?:^exec=|^shell\s|execute\(|^\\!\s*|^\.shell\s|^\.system\s|^system\s|^shell=|\b(?:to|from)\s+program\s+(?=')|\$\(shell\s)(.*?)\)?\Z",
    re.DOTALL | re.IGNORECASE,
)


def carried(evaluator: Shell, invocation: Invocation) -> None:
    """Run the commands that options or variables of a plain program carry."""
    program = invocation.program
    if program == "git" or program.startswith("git-"):
        for word in git.commands(program, invocation.words)[:16]:
            _note_helper(invocation, word.text)
            run_string(evaluator, invocation, word, "git")
            invocation.wraps = False
        return
    row = find(program)
    if program in _PACKAGES and {"set", "pkg"} <= set(invocation.texts()):
        for word in invocation.words:
            if word.text.startswith("scripts."):
                text = word.text.partition("=")[2]
                run_string(evaluator, invocation, Word(text, word.start, word.end), program)
                invocation.wraps = False
    if row is not None and row.escapes:
        for word in _carried_words(invocation, row):
            _carried_text(evaluator, invocation, word, row)


def from_variables(evaluator: Shell, invocation: Invocation) -> None:
    """Run the commands that variables before a program carry: `PAGER=`, `GIT_SSH_COMMAND=`, …"""
    for name, value in invocation.assigns.items():
        if name in COMMAND_VARIABLES and value.strip():
            run_string(evaluator, invocation, Word(value, invocation.start, invocation.end), name)
            invocation.wraps = False
        elif name in _PROMPTS:
            prompts(evaluator, {name: value}, (invocation.start, invocation.end))


def prompts(evaluator: Shell, values: dict[str, str], span: tuple[int, int]) -> None:
    """Run what a prompt, a hook or a command variable, set for the shell itself, runs from now on."""
    for name, value in values.items():
        if name in COMMAND_VARIABLES and name != "PROMPT_COMMAND" and " " in value.strip():
            evaluator.nested(value.strip().lstrip("|"), span[0], name, span=span)
        if (name == "PROMPT_COMMAND" and value) or (name in _PROMPTS and ("$(" in value or "`" in value)):
            text = value if name == "PROMPT_COMMAND" else ': "' + value.replace("'", "").replace('"', "") + '"'
            evaluator.nested(text, span[0], name, span=span)


def _carried_words(invocation: Invocation, row: Program) -> list[Word]:
    found = [
        Word(word.text.lstrip("+"), word.start, word.end, word.quoted, word.flow)
        for word in invocation.words
        if word.text.startswith((".shell ", ".system "))
        or (invocation.program in _EDITORS and _FILTERS.match(word.text))
        or (word.text[:1] == "+" and word.text[1:2].isalpha() and invocation.program in _EDITORS)
        or word.text[:2] == "+!"
    ]
    return found + row.grammar.read(invocation.words).all_values(row.runs)


def _carried_text(evaluator: Shell, invocation: Invocation, word: Word, row: Program) -> None:
    text = word.text.strip().lstrip(":")
    called = _CALLED.search(text)
    bang = _BANG.search(text)
    program = invocation.program
    saved = _EDITOR_WRITES.findall(text) if program in _EDITORS else []
    if saved:
        invocation.facts.extend(Fact("write", path) for path in saved)
        return
    if called:
        text = called.group(1)
    elif bang:
        text = bang.group(1)
    elif _SSH_COMMAND.match(text):
        text = re.split(r"[=\s]", text, maxsplit=1)[-1].lstrip(";")
    elif program == "make":
        text = "\n".join(line.lstrip("\t@-") for line in text.split("\n") if line.startswith("\t"))
    elif row.marked:
        invocation.code = invocation.code or text
        found = foreign.read_code(program, text)
        invocation.facts.extend(found.facts)
        for command in found.commands[:8]:
            run_string(evaluator, invocation, Word(command, word.start, word.end), program)
        invocation.wraps = False
        return
    text = text.strip().strip("'\"") if called else text
    if text.strip():
        _note_helper(invocation, text)
        run_string(evaluator, invocation, Word(text, word.start, word.end), program)
        invocation.wraps = False


def _note_helper(invocation: Invocation, text: str) -> None:
    """Note that an option runs a program that lies outside of the system's folders: nobody looked at it here."""
    head = text.split(None, 1)[0].strip("'\"")
    if head.startswith(("/", "./", "../", "~")) and not head.startswith(("/usr/", "/bin/", "/sbin/", "/opt/")):
        invocation.tags |= {f"helper:{head}"}


_FILTERS = late(r"[+:]*(?:[%.$,\d]|'\w)*!")
_EDITORS = frozenset("vim vi nvim view rvim ex".split())
_EDITOR_WRITES = late(r"(?:^|\|)\s*(?:w|wq|x|sav\w*|write)!?\s+(/[^\s|]+)")
_MAKE_WRITES = late(r"\$\(file\s*>>?\s*([^\s,)]+)")


def _makefiles(evaluator: Shell, invocation: Invocation) -> list[Flow]:
    """The makefiles that this text writes itself: standard input, `<(…)`, a file written before."""
    named = program("make").grammar.read(invocation.words).all_values(("f", "file", "makefile"))
    found = [invocation.stdin] if any(word.text in ("-", "/dev/stdin") for word in named) else []
    for word in named:
        held = word.flow if "process" in word.tags else evaluator.state.files.get(files.file_key(evaluator, word.text))
        found.append(held)
    return [flow for flow in found if flow is not None and flow.text]


def make(evaluator: Shell, invocation: Invocation) -> Flow:
    """Run the recipes of a makefile that comes on standard input."""
    carried(evaluator, invocation)
    for found in _MAKE_WRITES.finditer(" ".join(invocation.texts())):
        invocation.facts.append(Fact("write", found.group(1)))
    for flow in _makefiles(evaluator, invocation):
        recipe = "\n".join(line.lstrip("\t@-") for line in (flow.text or "").split("\n") if line.startswith("\t"))
        run_string(evaluator, invocation, Word(recipe, invocation.start, invocation.end), "make")
    return outputs.output(evaluator, invocation)

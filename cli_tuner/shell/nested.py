# ruff: noqa: E501, SIM905  (tables: a row stays on its line, names are one string)
"""Programs that run a command in a way of their own: `xargs`, `find -exec`, `ssh`, `su -c`, `watch`, `at`, …

Also commands carried in an option or a variable (`tar --checkpoint-action`, `rsync -e`, `PAGER=`): see
GTFOBins, functions Shell and Command.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cli_tuner.shell import carriers, files, outputs, running, searches, socat, typed
from cli_tuner.shell.flow import Flow, Word, is_known
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs.grammar import read_options
from cli_tuner.shell.programs.table import program
from cli_tuner.shell.protocol import Handler, Shell
from cli_tuner.shell.running import command_of, fill, incoming, run_inner, wrapped

_PARALLEL_VALUED = "j jobs a arg-file S sshlogin delay timeout joblog colsep C I results tmpdir N n L retries".split()
_SSH_CARRIED = late(r"(?i)(?:proxy|local|knownhosts)command(?:\s*=\s*|\s+);?(.+)", re.DOTALL)


def _xargs(evaluator: Shell, invocation: Invocation) -> Flow:
    words = invocation.words
    options = program("xargs").grammar.read(words)
    command = options.operands or [Word("echo", invocation.start, invocation.end)]
    marker = options.value("I", "J", "replace", "i")
    if marker is None and options.flags & {"i", "replace"}:
        marker = Word("{}", 0, 0)
    source = options.value("a", "arg-file")
    if source is not None:
        known = evaluator.state.files.get(files.file_key(evaluator, source.text), Flow())
        fed = source.flow if source.flow is not None and "process" in source.tags else None
        invocation.stdin = fed or known.tagged(f"file:{source.text}")
    items = incoming(invocation, blanks=marker is None and not options.has("0", "null", "d", "delimiter"))
    if marker is None:
        return run_inner(evaluator, invocation, command + items)
    flow = Flow("")
    for item in items[:8]:
        flow = flow.merged(run_inner(evaluator, invocation, fill(command, marker.text, item)))
    return flow


def _parallel(evaluator: Shell, invocation: Invocation) -> Flow:
    options = read_options(invocation.words, _PARALLEL_VALUED, until_operand=True)
    command = [word for word in options.operands]
    items = incoming(invocation)
    for place, word in enumerate(command):
        if word.text in (":::", "::::", ":::+"):
            items = [each for each in command[place + 1 :] if each.text not in (":::", ":::+")]
            command = command[:place]
            break
    flow = Flow("")
    if not command and all(is_known(item.text) for item in items):
        lines = incoming(invocation, blanks=False) if items and items[0].flow is not None else items
        for line in lines[:8]:
            flow = flow.merged(running.run_string(evaluator, invocation, line, "parallel"))
        return flow
    for item in items[:8]:
        filled = fill(command, "{}", item) if any("{}" in word.text for word in command) else [*command, item]
        if len(filled) > 1 and not is_known(item.text):
            flow = flow.merged(_one_job(evaluator, invocation, command, filled))
        else:
            flow = flow.merged(running.run_words(evaluator, invocation, filled, "parallel", shared=False))
    return flow


def _one_job(evaluator: Shell, invocation: Invocation, command: list[Word], filled: list[Word]) -> Flow:
    """A job with an item that is not known: words when it is written as words, else text."""
    if any(" " in word.text for word in command):
        text = [Word(word.text, word.start, word.end) for word in command]
        return running.run_words(evaluator, invocation, text, "parallel", shared=False)
    return run_inner(evaluator, invocation, filled)


def _ssh(evaluator: Shell, invocation: Invocation) -> Flow:
    grammar = program("ssh").grammar
    options = grammar.read(invocation.words)
    behind = grammar.read(options.operands[1:])
    for word in (*options.all_values("o"), *behind.all_values("o")):
        found = _SSH_CARRIED.match(word.text)
        if found:
            running.run_string(evaluator, invocation, Word(found.group(1), word.start, word.end), "ProxyCommand")
    command = behind.operands
    if command:
        printed = running.run_words(evaluator, invocation, command, "ssh", shared=False)
        return printed.tagged("remote") if printed.text is None else printed
    if invocation.stdin is not None and invocation.stdin.text and is_known(invocation.stdin.text):
        return running.execute_flow(evaluator, invocation, invocation.stdin, "ssh")
    return Flow()


def _dash_c(valued: str, names: tuple[str, ...] = ("c", "command")) -> Handler:
    """Build a handler for programs that take the command as the value of an option."""
    letters = (*valued.split(), *names)

    def handler(evaluator: Shell, invocation: Invocation) -> Flow:
        options = read_options(invocation.words, letters)
        word = options.value(*names)
        if word is not None:
            return running.run_string(evaluator, invocation, word, invocation.program)
        rest = read_options(invocation.words, letters, until_operand=True).operands
        skip = 0 if invocation.program == "runuser" else 1
        if invocation.program in ("runuser", "flock", "script") and len(rest) > skip:
            return run_inner(evaluator, invocation, rest[skip:], invocation.stdin)
        if invocation.program == "su" and invocation.stdin is not None and invocation.stdin.text:
            return running.execute_flow(evaluator, invocation, invocation.stdin, "su")
        return outputs.output(evaluator, invocation)

    return handler


def _from_stdin(evaluator: Shell, invocation: Invocation) -> Flow:
    if invocation.stdin is not None and not {"l", "r", "d"} & read_options(invocation.words).flags:
        return running.execute_flow(evaluator, invocation, invocation.stdin, invocation.program)
    return Flow()


_TMUX_VERBS = frozenset(
    "new new-session new-window neww split-window splitw run-shell run send-keys send respawn-pane if-shell".split()
)


def _multiplexer(evaluator: Shell, invocation: Invocation) -> Flow:
    texts = invocation.texts()
    valued = ("S t s c e h p" if invocation.program == "screen" else "L S f t s n c x y F e p l").split()
    start = next((place + 1 for place, text in enumerate(texts) if text in _TMUX_VERBS), 0)
    operands = read_options(invocation.words[start:], valued, until_operand=True).operands
    if invocation.program == "screen" and "stuff" in texts:
        start = texts.index("stuff") + 1
        operands = invocation.words[start:]
    if invocation.program == "screen" and not start:
        return run_inner(evaluator, invocation, operands)
    if start:
        return running.run_words(
            evaluator,
            invocation,
            [w for w in operands if w.text not in ("C-m", "Enter")],
            invocation.program,
            shared=False,
        )
    return Flow()


def _env(evaluator: Shell, invocation: Invocation) -> Flow:

    split = read_options(invocation.words, ("u", "C", "S", "split-string"), until_operand=True).value(
        "S", "split-string"
    )
    if split is not None:
        place = next(p for p, word in enumerate(invocation.words) if split.text in word.text)
        return running.run_words(evaluator, invocation, [split, *invocation.words[place + 1 :]], "env -S", shared=False)
    row = program("env")
    words, assigns = command_of(row, row.hands, invocation.words) if row.hands is not None else ([], [])
    if not words:
        return outputs.output(evaluator, invocation)
    invocation.wraps = True
    return wrapped(evaluator, invocation, words, assigns)


RUNNERS: dict[str, Callable[[Shell, Invocation], Flow]] = {
    "xargs": _xargs, "gxargs": _xargs, "parallel": _parallel, "find": searches.find, "gfind": searches.find, "fd": searches.fd, "fdfind": searches.fd, "ssh": _ssh, "env": _env,
    "su": _dash_c("s g G w shell group"), "runuser": _dash_c("s g G w u shell group user"),
    "script": _dash_c("t T B I O E m"), "flock": _dash_c("w E"), "newgrp": _dash_c(""), "sg": _dash_c(""),
    "at": _from_stdin, "batch": _from_stdin, "tmux": _multiplexer, "screen": _multiplexer,
    "socat": socat.socat, "make": carriers.make, "gmake": carriers.make, "vagrant": _dash_c(""), **typed.RUNNERS,
    "nix-shell": _dash_c("p I", ("run", "command")),
}  # fmt: skip

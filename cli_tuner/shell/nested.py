# ruff: noqa: E501, SIM905  (tables: a row stays on its line, names are one string)
"""Programs that run a command in a way of their own: `xargs`, `find -exec`, `ssh`, `su -c`, `watch`, `at`, …

Also commands carried in an option or a variable (`tar --checkpoint-action`, `rsync -e`, `PAGER=`): see
GTFOBins, functions Shell and Command.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from cli_tuner.shell import builtins, carriers, outputs
from cli_tuner.shell.flow import OUTPUT, STAR, Flow, Word, is_known
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.options import read_options

if TYPE_CHECKING:
    from cli_tuner.shell.evaluate import Evaluator

_XARGS_VALUED = (
    "a arg-file d delimiter E I replace L max-lines n max-args P max-procs s max-chars process-slot-var".split()
)
_PARALLEL_VALUED = "j jobs a arg-file S sshlogin delay timeout joblog colsep C I results tmpdir N n L retries".split()
_SSH_VALUED = "B b c D E e F I i J L l m O o p Q R S W w".split()
_FIND_RUN = ("-exec", "-execdir", "-ok", "-okdir")
_FIND_END = (";", "+")
# How much a test narrows a search: 2 for what picks single files, 1 for a wildcard, a size or an age.
_STRONG = frozenset(
    "-user -group -uid -gid -nouser -nogroup -inum -samefile -newer -anewer -cnewer -newermt -lname -perm".split()
)
_WEAK = frozenset("-size -mtime -atime -ctime -mmin -amin -cmin -fstype -links -used -empty -maxdepth".split())
_NAMED = frozenset("-name -iname -path -ipath -wholename -iwholename -regex -iregex".split())


def run_inner(evaluator: Evaluator, invocation: Invocation, words: list[Word], stdin: Flow | None = None) -> Flow:
    """Dispatch words as the command that `invocation` runs."""
    from cli_tuner.shell.dispatch import dispatch

    if not words or not evaluator.may_go_on():
        return Flow()
    invocation.wraps = True
    invocation.inner = [*invocation.inner, *words]
    kept, evaluator.parent = evaluator.parent, invocation
    evaluator.depth += 1
    span = (invocation.start, invocation.end)
    flow = dispatch(evaluator, words, span, stdin=stdin or Flow(""), via=invocation.program)
    evaluator.depth -= 1
    evaluator.parent = kept
    return flow


def _incoming(invocation: Invocation, *, blanks: bool = True) -> list[Word]:
    """Return the words that a list on standard input turns into."""
    flow = invocation.stdin or Flow(OUTPUT)
    span = (invocation.start, invocation.end)
    if flow.text is None or OUTPUT in flow.text:
        return [Word(OUTPUT, *span, flow=Flow(None, flow.tags | {"items"}))]
    pieces = flow.text.replace("\0", "\n").split(None if blanks else "\n")[:32]
    return [Word(piece, *span, flow=flow) for piece in pieces if piece]


def _xargs(evaluator: Evaluator, invocation: Invocation) -> Flow:
    words = invocation.words
    options = read_options(words, (*_XARGS_VALUED,), until_operand=True)
    command = options.operands or [Word("echo", invocation.start, invocation.end)]
    marker = options.value("I", "replace")
    if marker is None and options.has("i"):
        marker = Word("{}", 0, 0)
    source = options.value("a", "arg-file")
    if source is not None:
        known = evaluator.state.files.get(builtins.file_key(evaluator, source.text), Flow())
        fed = source.flow if source.flow is not None and "process" in source.tags else None
        invocation.stdin = fed or known.tagged(f"file:{source.text}")
    items = _incoming(invocation, blanks=marker is None)
    if marker is None:
        return run_inner(evaluator, invocation, command + items)
    flow = Flow("")
    for item in items[:8]:
        flow = flow.merged(run_inner(evaluator, invocation, _fill(command, marker.text, item)))
    return flow


def _fill(command: list[Word], marker: str, item: Word) -> list[Word]:
    tags = item.flow
    return [
        Word(
            word.text.replace(marker, item.text),
            word.start,
            word.end,
            word.quoted,
            _suffixed(word.text, marker, tags),
        )
        if marker in word.text
        else word
        for word in command
    ]


def _suffixed(text: str, marker: str, flow: Flow | None) -> Flow | None:
    """`{}.bak` names what is derived from an item, not the item."""
    if flow is None or text == marker:
        return flow
    return Flow(flow.text, frozenset(outputs.narrowed(tag) for tag in flow.tags))


def _parallel(evaluator: Evaluator, invocation: Invocation) -> Flow:
    options = read_options(invocation.words, _PARALLEL_VALUED, until_operand=True)
    command = [word for word in options.operands]
    items = _incoming(invocation)
    for place, word in enumerate(command):
        if word.text in (":::", "::::", ":::+"):
            items = [each for each in command[place + 1 :] if each.text not in (":::", ":::+")]
            command = command[:place]
            break
    flow = Flow("")
    for item in items[:8]:
        filled = _fill(command, "{}", item) if any("{}" in word.text for word in command) else [*command, item]
        if len(filled) > 1 and not is_known(item.text):
            flow = flow.merged(_one_job(evaluator, invocation, command, filled))
        else:
            flow = flow.merged(builtins.run_words(evaluator, invocation, filled, "parallel", shared=False))
    return flow


def _one_job(evaluator: Evaluator, invocation: Invocation, command: list[Word], filled: list[Word]) -> Flow:
    """A job with an item that is not known: words when it is written as words, else text."""
    if any(" " in word.text for word in command):
        text = [Word(word.text, word.start, word.end) for word in command]
        return builtins.run_words(evaluator, invocation, text, "parallel", shared=False)
    return run_inner(evaluator, invocation, filled)


def _find(evaluator: Evaluator, invocation: Invocation) -> Flow:
    words = invocation.words
    item = Word(OUTPUT, invocation.start, invocation.end, flow=Flow(None, find_tags(invocation)))
    at = 0
    while at < len(words):
        if words[at].text in _FIND_RUN:
            end = next((p for p in range(at + 1, len(words)) if words[p].text in _FIND_END), len(words))
            command = _fill(words[at + 1 : end], "{}", item)
            run_inner(evaluator, invocation, command)
            invocation.wraps = False
            at = end
        at += 1
    return Flow(None, item.tags)


def find_tags(invocation: Invocation) -> frozenset[str]:
    """Tag every root of a search: `found:` all, `broad:` an age or size, `glob:` a wildcard, `some:` a narrow filter."""
    roots: list[str] = []
    for word in invocation.words:
        if word.text[:1] in ("-", "(", "!"):
            if word.text in ("-H", "-L", "-P") or word.text.startswith(("-O", "-D")):
                continue
            break
        roots.append(word.text)
    texts = invocation.texts()
    score = _narrowness(texts)
    named = any(text in _NAMED for text in texts)
    kind = "some" if score > 1 else "found" if not score else "glob" if named else "broad"
    return frozenset(f"{kind}:{root}" for root in roots or ["."]) | {"items"}


def _narrowness(texts: list[str]) -> int:
    score = 0
    for place, text in enumerate(texts):
        if text in _STRONG or text.startswith("-newer"):
            score += 2
        elif (
            text in _WEAK
            or (text in _FIND_RUN and place + 1 < len(texts) and "grep" in texts[place + 1])
            or (text == "-type" and texts[place + 1 : place + 2] == ["l"])
        ):
            score += 1
        elif text in _NAMED and place + 1 < len(texts):
            value = texts[place + 1].strip("./" + STAR)
            score += 0 if value in ("", "*", "*.*") else 1 if "*" in value or STAR in texts[place + 1] else 2
    return score


def _ssh(evaluator: Evaluator, invocation: Invocation) -> Flow:
    options = read_options(invocation.words, _SSH_VALUED, until_operand=True)
    for name in ("o",):
        value = options.value(name)
        if value is not None and value.text.lower().startswith(("proxycommand", "localcommand")):
            text = re.split(r"[=\s]\s*", value.text, maxsplit=1)[-1]
            builtins.run_string(evaluator, invocation, Word(text, value.start, value.end), "ProxyCommand")
    command = read_options(options.operands[1:], _SSH_VALUED, until_operand=True).operands
    if command:
        return builtins.run_words(evaluator, invocation, command, "ssh", shared=False)
    if invocation.stdin is not None and invocation.stdin.text and is_known(invocation.stdin.text):
        return builtins.execute_flow(evaluator, invocation, invocation.stdin, "ssh")
    return Flow()


def _dash_c(valued: str, names: tuple[str, ...] = ("c", "command")) -> builtins.Handler:
    """Build a handler for programs that take the command as the value of an option."""
    letters = (*valued.split(), *names)

    def handler(evaluator: Evaluator, invocation: Invocation) -> Flow:
        options = read_options(invocation.words, letters)
        word = options.value(*names)
        if word is not None:
            return builtins.run_string(evaluator, invocation, word, invocation.program)
        rest = read_options(invocation.words, letters, until_operand=True).operands
        if invocation.program in ("runuser", "flock") and len(rest) > (invocation.program == "flock"):
            return run_inner(
                evaluator, invocation, rest[1:] if invocation.program == "flock" else rest, invocation.stdin
            )
        if invocation.program == "su" and invocation.stdin is not None and invocation.stdin.text:
            return builtins.execute_flow(evaluator, invocation, invocation.stdin, "su")
        return outputs.output(evaluator, invocation)

    return handler


def _joined(valued: str, skip: int = 0) -> builtins.Handler:
    """Build a handler for programs that join their operands into one command for a shell."""
    letters = valued.split()

    def handler(evaluator: Evaluator, invocation: Invocation) -> Flow:
        operands = read_options(invocation.words, letters, until_operand=True).operands[skip:]
        return builtins.run_words(evaluator, invocation, operands, invocation.program, shared=False)

    return handler


def _each(valued: str) -> builtins.Handler:
    """Build a handler for programs each operand of which is a command."""
    letters = valued.split()

    def handler(evaluator: Evaluator, invocation: Invocation) -> Flow:
        for word in read_options(invocation.words, letters).operands:
            builtins.run_string(evaluator, invocation, word, invocation.program)
        return Flow()

    return handler


def _from_stdin(evaluator: Evaluator, invocation: Invocation) -> Flow:
    if invocation.stdin is not None and not {"l", "r", "d"} & read_options(invocation.words).flags:
        return builtins.execute_flow(evaluator, invocation, invocation.stdin, invocation.program)
    return Flow()


_TMUX_VERBS = frozenset(
    "new new-session new-window neww split-window splitw run-shell run send-keys send respawn-pane if-shell".split()
)


def _multiplexer(evaluator: Evaluator, invocation: Invocation) -> Flow:
    texts = invocation.texts()
    valued = ("S t s c e h p" if invocation.program == "screen" else "L S f t s n c x y F e p l").split()
    start = next((place + 1 for place, text in enumerate(texts) if text in _TMUX_VERBS), 0)
    operands = read_options(invocation.words[start:], valued, until_operand=True).operands
    if invocation.program == "screen" and not start:
        return run_inner(evaluator, invocation, operands)
    if start:
        return builtins.run_words(
            evaluator,
            invocation,
            [w for w in operands if w.text not in ("C-m", "Enter")],
            invocation.program,
            shared=False,
        )
    return Flow()


def _env(evaluator: Evaluator, invocation: Invocation) -> Flow:
    from cli_tuner.shell.dispatch import _wrapped
    from cli_tuner.shell.wrappers import WRAPPERS, inner_command

    split = read_options(invocation.words, ("u", "C", "S", "split-string"), until_operand=True).value(
        "S", "split-string"
    )
    if split is not None:
        place = next(p for p, word in enumerate(invocation.words) if split.text in word.text)
        return builtins.run_words(
            evaluator, invocation, [split, *invocation.words[place + 1 :]], "env -S", shared=False
        )
    words, assigns = inner_command(WRAPPERS["env"], invocation.words)
    if not words:
        return outputs.output(evaluator, invocation)
    invocation.wraps = True
    return _wrapped(evaluator, invocation, words, assigns)


RUNNERS: dict[str, Callable[[Evaluator, Invocation], Flow]] = {
    "xargs": _xargs, "gxargs": _xargs, "parallel": _parallel, "find": _find, "gfind": _find, "ssh": _ssh, "env": _env,
    "su": _dash_c("s g G w shell group"), "runuser": _dash_c("s g G w u shell group user"),
    "script": _dash_c("t T B I O E m"), "flock": _dash_c("w E"), "newgrp": _dash_c(""), "sg": _dash_c(""),
    "watch": _joined("n interval d"), "mosh": _joined("p ssh predict server", 1), "at": _from_stdin,
    "batch": _from_stdin, "hyperfine": _each("w r m M p c s n i warmup runs prepare export-markdown export-json"),
    "concurrently": _each("n c names"), "tmux": _multiplexer, "screen": _multiplexer,
    "make": carriers.make, "gmake": carriers.make, "vagrant": _dash_c(""), "nix-shell": _dash_c("p I", ("run", "command")),
}  # fmt: skip

"""Decide what an expanded command is: alias, function, builtin, wrapper, interpreter, or a plain program."""

from __future__ import annotations

from cli_tuner.shell import (
    arrivals,
    builtins,
    carriers,
    environment,
    files,
    interpreters,
    mounts,
    nested,
    outputs,
    provenance,
    running,
    typed,
    unnamed,
    windows,
)
from cli_tuner.shell.flow import (
    BRACKET,
    OUTPUT,
    QUESTION,
    STAR,
    UNKNOWNS,
    UNSET,
    Flow,
    Word,
    is_known,
    plain,
)
from cli_tuner.shell.globs import glob_matches
from cli_tuner.shell.model import Invocation, Redirect
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs.program import Form, Program
from cli_tuner.shell.programs.table import find
from cli_tuner.shell.protocol import Shell
from cli_tuner.shell.running import command_of, wrapped

_VERSIONED = late(r"(python|pypy|perl|ruby|lua|luajit|php|node|tclsh|gawk|bash|zsh|ksh)[0-9][0-9.]*\Z")
_BIN = (
    "/usr/local/bin/",
    "/usr/bin/",
    "/bin/",
    "/home/user/bin/",
    "/home/user/.local/bin/",
    "/usr/local/sbin/",
    "/opt/bin/",
)
_GLOBBED = (
    "rm",
    "cat",
    "bash",
    "sh",
    "dd",
    "curl",
    "wget",
    "nc",
    "chmod",
    "chown",
    "mkfs",
    "shred",
    "mv",
    "cp",
    "python3",
    "base64",
)


# Who runs a word where functions and aliases of this shell are seen.
_OF_THE_SHELL = frozenset(("", "unset", "time", "coproc", "session", "noglob", "nocorrect"))
_SHADOWED = frozenset((*_GLOBBED, "rmdir", "find", "kill", "sudo", "shutdown", "reboot", "truncate", "tee", "crontab"))


_ANY_CASE = frozenset((*_GLOBBED, "sudo", "zsh", "dash", "find", "dd", "python")) - {"nc"}


def program_name(text: str) -> str:
    """Return the name that a program is known by: no folder, no version."""
    name = text.rsplit("/", 1)[-1] or text
    if name.isupper() and name.lower() in _ANY_CASE:
        return name.lower()  # file systems that do not tell case apart
    if text[:5] == "/etc/" and text.startswith(("/etc/init.d/", "/etc/rc.d/")):
        return "init-script"
    if name[:3] == "ld-" and ".so" in name:
        return "ld.so"
    if name[-1:].isdigit():
        match = _VERSIONED.match(name)
        if match:
            return match.group(1)
    return name


def dispatch(
    evaluator: Shell,
    words: list[Word],
    span: tuple[int, int],
    *,
    redirects: list[Redirect] | None = None,
    assigns: dict[str, str] | None = None,
    stdin: Flow | None = None,
    parent: Invocation | None = None,
    via: str = "",
) -> Flow:
    """Emit the invocation that `words` make and whatever it runs in turn; return what it prints."""
    head = words[0]
    redirects = redirects or []
    stdin = evaluator.stdin if stdin is None else stdin
    own = via in _OF_THE_SHELL
    alias = evaluator.state.aliases.get(head.text) if own else None
    if alias is not None and not head.quoted and "alias" not in evaluator.active:
        flow = _alias(evaluator, alias, words, stdin)
        if head.text not in _SHADOWED:
            return flow  # else the program itself may run too: an alias takes effect from the next line on
    if head.text in ("$0", "./$0") and ("|" in evaluator.active or evaluator.background):
        evaluator.emit(Invocation("$0", head, words[1:], *span, tags=frozenset({"recursion", "piped"})))
        return Flow()
    if own and head.text in evaluator.state.functions:
        flow = _function(evaluator, words, span, stdin)
        evaluator.write(redirects, flow)
        return flow
    program, tags = _resolve(evaluator, head)
    invocation = Invocation(
        program, head, words[1:], *span,
        redirects=redirects, assigns=assigns or {}, stdin=stdin, parent=parent, via=via, tags=tags,
    )  # fmt: skip
    if evaluator.state.files:
        provenance.held(evaluator, invocation)
    row = find(program)
    if row is not None:
        environment.options(evaluator, invocation, row)
    if head.text == "-" and via == "uv" and stdin is not None:
        invocation.tags |= {f"run:{tag}" for tag in stdin.tags}
    evaluator.emit(invocation)
    if head.text == UNSET and not head.quoted and len(words) > 1 and evaluator.may_go_on():
        evaluator.depth += 1  # `$SUDO cmd`: without a value it is the words behind it that run
        dispatch(evaluator, words[1:], span, redirects=redirects, assigns=assigns, stdin=stdin, via="unset")
        evaluator.depth -= 1
    flow = _run(evaluator, invocation)
    invocation.stdout = flow
    evaluator.write(redirects, flow)
    return Flow("") if _goes_to_file(redirects) else flow


def _goes_to_file(redirects: list[Redirect]) -> bool:
    return any(item.writes and item.descriptor in ("", "1") and item.target.text != "/dev/stdout" for item in redirects)


def _alias(evaluator: Shell, alias: str, words: list[Word], stdin: Flow | None) -> Flow:
    text = " ".join([alias, *(running.quoted(word.text) for word in words[1:])])
    evaluator.active.append("alias")
    flow = evaluator.nested(
        text,
        words[0].start,
        "alias",
        span=evaluator.fixed or (words[0].start, words[-1].end),
        stdin=stdin,
        shared=True,
    )
    evaluator.active.pop()
    return flow


def _function(evaluator: Shell, words: list[Word], span: tuple[int, int], stdin: Flow | None) -> Flow:
    name = words[0].text
    if name in evaluator.active:
        since = evaluator.active[evaluator.active.index(name) :]
        tags = {"recursion"} | ({"piped"} if "|" in since else set())
        evaluator.state.functions[name].called = True
        evaluator.emit(Invocation(name, words[0], words[1:], *span, tags=frozenset(tags), stdin=stdin))
        return Flow()
    return evaluator.call(name, words[1:], stdin)


def _resolve(evaluator: Shell, head: Word) -> tuple[str, frozenset[str]]:
    text = head.text
    if text == "$0":
        return "bash", frozenset()
    if text.startswith(("http://", "https://")):
        return "?", frozenset({"run:net"})
    known = files.remembered(evaluator, text) if "/" in text else None
    if known is None and "/" in text and text[:1] != "/":
        known = evaluator.state.files.get(provenance.UNPACKED)
    if known is not None and "unpacked" in known.tags and text.rpartition("/")[2] in provenance.BUILDS:
        known = None
    if known is None and "/" not in text and evaluator.state.files:
        known = next((held for folder in _BIN if (held := evaluator.state.files.get(folder + text))), None)
    copied = next((tag[8:] for tag in known.tags if tag.startswith("program:")), "") if known else ""
    if copied:
        return copied, frozenset()
    tags = frozenset(f"run:{tag}" for tag in known.tags) if known else frozenset()
    if STAR in text or QUESTION in text or BRACKET in text:
        pattern = plain(text)
        for name in _GLOBBED:
            if any(glob_matches(folder + name, pattern) for folder in ("/bin/", "/usr/bin/", "/sbin/", "")):
                return name, tags | {"globbed"}
        return "?", tags | ({"globbed"} if "/" in text else set())  # else it could only match a file of this folder
    name = text.rsplit("/", 1)[-1]
    if UNSET in name and is_known(name.replace(UNSET, "") or UNSET):
        return program_name(name.replace(UNSET, "")), tags | {"globbed"}
    if not is_known(name):
        return "?", tags | frozenset(f"run:{tag}" for tag in head.tags) | _holes(text, head)
    return program_name(text), tags


def _holes(text: str, head: Word) -> frozenset[str]:
    if OUTPUT in text:
        return frozenset({"run:output"})
    return frozenset({"run:variable"}) if UNKNOWNS.intersection(text) and not head.tags else frozenset()


def _run(evaluator: Shell, invocation: Invocation) -> Flow:
    program = invocation.program
    if invocation.assigns:
        carriers.from_variables(evaluator, invocation)
    handler = builtins.BUILTINS.get(program) or nested.RUNNERS.get(program) or interpreters.INTERPRETERS.get(program)
    if handler is not None:
        return handler(evaluator, invocation)
    row = find(program)
    if row is not None and row.hands is not None:
        words, assigns = command_of(row, row.hands, invocation.words)
        if words:
            words = mounts.on_host(row, invocation.words[: len(invocation.words) - len(words)], words)
            return _handed(evaluator, invocation, words, assigns, row)
        if program in ("sudo", "doas", "run0") and invocation.stdin is not None and invocation.words:
            return running.execute_flow(evaluator, invocation, invocation.stdin, program)
    carriers.carried(evaluator, invocation)
    if row is None or not row.escapes:
        unnamed.commands(evaluator, invocation)
    if invocation.stdin is not None:
        typed.typed(evaluator, invocation)
    if program in arrivals.NOTED:
        arrivals.note(evaluator, invocation)
    if "/" in invocation.head.text and evaluator.state.files:
        script = evaluator.state.files.get(files.file_key(evaluator, invocation.head.text))
        if script is not None and script.text:
            evaluator.nested(script.text, invocation.start, "script", span=(invocation.start, invocation.end))
    return outputs.output(evaluator, invocation)


def _handed(evaluator: Shell, invocation: Invocation, words: list[Word], assigns: list[str], row: Program) -> Flow:
    if row.runs:
        carriers.carried(evaluator, invocation)
    if invocation.program.startswith("cmd"):
        text = " ".join(word.text for word in words)
        invocation.facts.extend(windows.facts(text))
    form = row.hands.form if row.hands is not None else Form.WORDS
    if form is Form.EACH:
        for word in words[:16]:
            running.run_string(evaluator, invocation, word, invocation.program)
        return Flow()
    if form is Form.TEXT or (form is Form.EITHER and len(words) == 1):
        return running.run_words(evaluator, invocation, words, invocation.program, shared=False)
    invocation.wraps = True
    return wrapped(evaluator, invocation, words, assigns)

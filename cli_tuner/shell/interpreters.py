# ruff: noqa: E501, SIM905  (tables: a row stays on its line, names are one string)
"""Interpreters: shells that run text, and other languages whose code is read for what it would do."""

from __future__ import annotations

from cli_tuner.shell import carriers, files, foreign, outputs, provenance, running, typed
from cli_tuner.shell.descriptors import opened_as
from cli_tuner.shell.flow import UNKNOWNS, Flow, Variable, Word, is_known, plain
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.programs.grammar import Arguments, read_options
from cli_tuner.shell.protocol import Handler, Shell

SHELLS = frozenset(
    "sh bash dash zsh ksh mksh pdksh ash fish csh tcsh yash rbash posh elvish sash rc es oil osh xonsh".split()
)
_SHELL_VALUED = ("o", "O", "rcfile", "init-file", "command")
# Language -> options whose value is code, other options that take a value.
LANGUAGES: dict[str, tuple[str, str]] = {
    "python": ("c", "m W X Q"), "pypy": ("c", "m W X"), "perl": ("e E", "I M m"), "ruby": ("e", "I r C"),
    "node": ("e eval print", "r require"), "nodejs": ("e eval print", "r require"), "php": ("r B R E", "d c f S t z"),
    "lua": ("e", "l"), "luajit": ("e", "l"), "julia": ("e eval E", "p t"), "Rscript": ("e", ""), "R": ("e", ""),
    "tclsh": ("c", ""), "wish": ("c", ""), "expect": ("c", "f"), "jrunscript": ("e", "l f cp"), "jjs": ("e", ""),
    "groovy": ("e", "cp"), "groovysh": ("e", "cp"), "scala": ("e", "cp"), "elixir": ("e eval", "r"), "erl": ("eval", "s"), "ghci": ("e", ""),
    "ghc": ("e", ""), "clojure": ("e eval", ""), "clj": ("e eval", ""), "bb": ("e", ""), "kotlin": ("e", ""), "crystal": ("eval", ""), "nim": ("eval", ""), "janet": ("e", ""), "guile": ("c", "l"), "racket": ("e", "l"), "octave": ("eval", ""), "octave-cli": ("eval", ""),
    "deno": ("eval", ""), "bun": ("e eval p", ""), "osascript": ("e", "l"), "pwsh": ("c Command EncodedCommand", "f File"),
    "powershell": ("c Command EncodedCommand", "f File"), "irb": ("", "r"), "jshell": ("", ""), "gimp": ("b", ""),
    "powershell.exe": ("c Command EncodedCommand", "f File"), "pwsh.exe": ("c Command EncodedCommand", "f File"),
    "awk": ("", "F v f i e"), "gawk": ("e source", "F v f i l"), "mawk": ("", "F v f W"), "nawk": ("", "F v f"),
    "sed": ("e expression", "f l s"), "gsed": ("e expression", "f l s"), "dotnet": ("", ""), "sbcl": ("eval", "load"),
    "clisp": ("x", ""), "swipl": ("g", "t"), "gdb": ("ex eval-command iex", "x p"), "lldb": ("o", "s"), "bc": ("", ""),
    "dc": ("e", "f"), "m4": ("", "D I"), "bpftrace": ("e", ""), "go": ("", ""), "cpan": ("", ""), "gcc": ("wrapper", "o I L"),
}  # fmt: skip
_PROGRAM_OPERAND = frozenset("awk gawk mawk nawk sed gsed".split())
_STDIN_CODE = frozenset(
    "go dotnet cpan python pypy perl ruby node nodejs php lua luajit julia tclsh expect R jshell jjs irb jrunscript pwsh powershell "
    "m4 groovysh deno bun groovy scala elixir guile racket octave osascript ghci Rscript sbcl".split()
)


def _shell(evaluator: Shell, invocation: Invocation) -> Flow:
    words = [word for word in invocation.words if not (word.text[:1] == "+" and len(word.text) < 3)]
    options = read_options(words, _SHELL_VALUED, until_operand=True)
    if options.has("version", "help") or (options.flags & {"n", "noexec"} and "+n" not in invocation.texts()):
        return Flow()
    command = options.value("c", "command")
    started = options.value("rcfile", "init-file")
    if started is not None and started.flow is not None:
        running.execute_flow(evaluator, invocation, started.flow, "rcfile")
    if command is None and "c" in options.flags and options.operands:
        command, options.operands = options.operands[0], options.operands[1:]
    if command is not None:
        return _command_string(evaluator, invocation, command, options.operands)
    if options.operands and "s" not in options.flags and options.operands[0].text not in ("-", "/dev/stdin"):
        return _script(evaluator, invocation, options.operands)
    if invocation.stdin is None:
        return Flow(None, frozenset({"shell"}))
    kept = evaluator.state.arguments
    if "s" in options.flags:
        evaluator.state.arguments = [invocation.program, *(word.text for word in options.operands)]
    flow = running.execute_flow(evaluator, invocation, invocation.stdin, invocation.program)
    evaluator.state.arguments = kept
    return Flow(
        flow.text,
        flow.tags | ({"shell"} if {"run:unknown", "run:fifo"} & invocation.tags or "i" in options.flags else set()),
    )


def _command_string(evaluator: Shell, invocation: Invocation, word: Word, operands: list[Word]) -> Flow:
    text = plain(word.text)
    invocation.wraps = True
    invocation.inner = [word]
    if is_known(text) and "decoded" in word.tags:
        invocation.tags |= {"run:unwrapped"}
    if not is_known(text):
        tags = word.tags or {"variable"}
        whole = not text.strip("".join(UNKNOWNS) + " \n")
        invocation.tags |= {f"run:{tag}" for tag in tags} if whole or "net" in tags else set()
    kept, passed = evaluator.state.arguments, evaluator.state.passed
    evaluator.state.arguments = [each.text for each in operands] or kept
    variables = evaluator.state.variables
    if invocation.assigns:
        evaluator.state.variables = {**variables, **{n: Variable([v]) for n, v in invocation.assigns.items()}}
    evaluator.state.passed = (
        passed.union(word.tags, *(each.tags for each in operands)) if word.tags or operands else passed
    )
    stdin = invocation.stdin if invocation.stdin is not None else evaluator.stdin
    exact = word.end - word.start == len(text) + 2 and evaluator.fixed is None
    flow = evaluator.nested(
        text, word.start + 1 if exact else word.start, f"{invocation.program} -c",
        span=None if exact else evaluator.fixed or (word.start, word.end), parent=invocation, stdin=stdin,
    )  # fmt: skip
    evaluator.state.arguments, evaluator.state.passed = kept, passed
    evaluator.state.variables = variables
    return flow


def _script(evaluator: Shell, invocation: Invocation, operands: list[Word]) -> Flow:
    word = operands[0]
    if "process" in word.tags and word.flow is not None:
        return running.execute_flow(evaluator, invocation, word.flow, invocation.program)
    known = files.remembered(evaluator, word.text)
    known = known or opened_as(evaluator, word.text)
    if known is None and word.text[:1] not in ("/", "~", "-"):
        known = evaluator.state.files.get(provenance.UNPACKED)
    if known is not None:
        return running.execute_flow(evaluator, invocation, known, invocation.program)
    return Flow()


def _language(evaluator: Shell, invocation: Invocation) -> Flow:
    program = invocation.program
    code_names, valued = LANGUAGES[program]
    names = tuple(code_names.split())
    options = read_options(invocation.words, (*names, *valued.split()), until_operand=True)
    word = options.value(*names) if names else None
    if word is None and program in _PROGRAM_OPERAND and options.operands and "f" not in options.flags:
        word = options.operands[0] if options.operands[0].text or len(options.operands) < 2 else options.operands[1]
    if word is None and "p" in options.flags and program in ("node", "nodejs") and options.operands:
        word = options.operands[0]
    if program.startswith(("pwsh", "powershell")):
        word, options.operands = _powershell(word, options)
    if word is None and options.operands and options.operands[0].text == "eval" and len(options.operands) > 1:
        word = options.operands[1]
    if word is not None:
        given = _awk_given(invocation) if program.endswith("awk") else []
        _read_code(evaluator, invocation, "".join(f'{n}="{v}";' for n, v in given) + plain(word.text), word)
    elif program in _STDIN_CODE:
        _language_input(evaluator, invocation, options.operands, "m" in options.flags)
    carriers.carried(evaluator, invocation)
    typed.typed(evaluator, invocation)
    return outputs.output(evaluator, invocation)


def _powershell(word: Word | None, options: Arguments) -> tuple[Word | None, list[Word]]:
    """`-Command -` reads standard input, `-File NAME` a file."""
    file = options.value("f", "File")
    if word is not None and word.text == "-":
        return None, []
    return (None, [file]) if word is None and file is not None else (word, options.operands)


def _awk_given(invocation: Invocation) -> list[list[str]]:
    """The names that `-v` gives a value: `awk -v c=…`."""
    texts = invocation.texts()
    pairs = [texts[place + 1].split("=", 1) for place, text in enumerate(texts[:-1]) if text == "-v"]
    return [pair for pair in pairs if len(pair) == 2 and pair[0].isidentifier() and '"' not in pair[1]]


def _language_input(evaluator: Shell, invocation: Invocation, operands: list[Word], module: bool) -> None:
    source = invocation.stdin
    if operands and operands[0].text in ("run", "fsi"):
        operands = [word for word in operands[1:] if word.text[:1] != "-" or word.text == "-"]
    if operands and operands[0].text.startswith(("http://", "https://")):
        invocation.tags |= {"run:net"}
    if operands and operands[0].text not in ("-", "/dev/stdin"):
        word = operands[0]
        source = evaluator.state.files.get(files.file_key(evaluator, word.text))
        if "process" in word.tags:
            source = word.flow
    if source is None or module:
        return
    if source.text is not None:
        _read_code(evaluator, invocation, source.text, invocation.head)
    invocation.tags |= {f"run:{tag}" for tag in source.tags if tag in ("net", "decoded", "socket", "random")}


def _read_code(evaluator: Shell, invocation: Invocation, code: str, word: Word) -> None:
    invocation.code = code
    if word.tags & {"net", "decoded", "socket"}:
        invocation.tags |= {f"run:{tag}" for tag in word.tags}
    found = foreign.read_code(invocation.program.removesuffix(".exe"), code)
    invocation.facts.extend(found.facts)
    span = evaluator.fixed or (word.start, word.end)
    for command in found.commands[:16]:
        evaluator.nested(command, word.start, invocation.program, span=span, parent=invocation, stdin=Flow(""))


INTERPRETERS: dict[str, Handler] = {
    **dict.fromkeys(SHELLS, _shell),
    **dict.fromkeys(LANGUAGES, _language),
}

"""Shell builtins that change what later commands mean: `cd`, `export`, `read`, `eval`, `source`, `trap`, …

Reference: Bash manual, "Shell Builtin Commands".
"""

from __future__ import annotations

import posixpath

from cli_tuner.shell import carriers, outputs
from cli_tuner.shell.descriptors import opened_as
from cli_tuner.shell.files import file_key
from cli_tuner.shell.flow import OUTPUT, Flow, Variable, Word, is_known, plain
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs.grammar import read_options
from cli_tuner.shell.protocol import Handler, Shell
from cli_tuner.shell.running import execute_flow, quoted, run_words
from cli_tuner.shell.state import forget

_NAME = late(r"[A-Za-z_]\w*")


def _cd(evaluator: Shell, invocation: Invocation) -> Flow:
    operands = read_options(invocation.words).operands
    target = operands[0].text if operands else "/home/user"
    if target == "-" or not is_known(target):
        evaluator.state.cwd = ""
    else:
        evaluator.state.cwd = posixpath.normpath(posixpath.join(evaluator.state.cwd, plain(target)))
    return Flow("")


def _declare(evaluator: Shell, invocation: Invocation) -> Flow:
    flags = {letter for text in invocation.texts() if text[:1] == "-" for letter in text[1:]}
    refers, fixed = "n" in flags, set[str]()
    change = str.lower if "l" in flags else str.upper if "u" in flags else str
    local = invocation.program == "local" or (invocation.program != "export" and "g" not in flags)
    for word in invocation.words:
        if local:
            evaluator.shadow(word.text.partition("=")[0].rstrip("+"))
        if invocation.program == "readonly" or "r" in flags:
            fixed.add(word.text.partition("=")[0])
        name, equals, value = word.text.partition("=")
        if not equals or not _NAME.fullmatch(name.rstrip("+")):
            continue
        array = value.startswith("(") and value.endswith(")")
        if name in evaluator.state.fixed_names:
            continue
        values = [change(part.strip("'\"")) for part in value[1:-1].split()] if array else [change(value)]
        tags = word.tags | {"nameref"} if refers else word.tags
        evaluator.state.variables[name.rstrip("+")] = Variable(values, tags, array)
        carriers.prompts(evaluator, {name: values[0] if values else ""}, (invocation.start, invocation.end))
    evaluator.state.fixed_names |= fixed
    return Flow("")


def _unset(evaluator: Shell, invocation: Invocation) -> Flow:
    options = read_options(invocation.words)
    for word in options.operands:
        if "f" not in options.flags and word.text not in evaluator.state.fixed_names:
            evaluator.state.variables.pop(word.text, None)
        if "v" not in options.flags:
            evaluator.state.functions.pop(word.text, None)
    return Flow("")


def _read(evaluator: Shell, invocation: Invocation) -> Flow:
    options = read_options(invocation.words, ("d", "n", "N", "p", "t", "u", "i", "a"))
    array = options.value("a")
    names = [word.text for word in options.operands if _NAME.fullmatch(word.text)] or ["REPLY"]
    stdin = invocation.stdin
    descriptor = options.value("u")
    if descriptor is not None:
        stdin = evaluator.state.descriptors.get(descriptor.text, stdin)
    if array is not None or stdin is None or stdin.text is None:
        tags = stdin.tags if stdin else frozenset()
        for name in [array.text] if array else names:
            evaluator.state.variables[name] = Variable([OUTPUT], tags | {"read"}, array=array is not None)
        if array is not None and stdin is not None and stdin.text is not None:
            evaluator.state.variables[array.text] = Variable(stdin.text.split(), stdin.tags, array=True)
        return Flow("")
    line = stdin.text.split("\n", 1)[0]
    pieces = line.split(None, len(names) - 1) if len(names) > 1 else [line.strip()]
    for place, name in enumerate(names):
        evaluator.state.variables[name] = Variable([pieces[place] if place < len(pieces) else ""], stdin.tags)
    return Flow("")


def _mapfile(evaluator: Shell, invocation: Invocation) -> Flow:
    options = read_options(invocation.words, ("d", "n", "O", "s", "u", "C", "c"))
    name = options.operands[-1].text if options.operands else "MAPFILE"
    callback = options.value("C")
    if callback is not None:
        run_words(evaluator, invocation, [callback], "mapfile -C", shared=True)
    descriptor = options.value("u")
    opened = evaluator.state.descriptors.get(descriptor.text) if descriptor is not None else None
    stdin = opened or invocation.stdin or Flow()
    values = stdin.text.split("\n")[:128] if stdin.text is not None else [OUTPUT]
    evaluator.state.variables[name] = Variable([value for value in values if value], stdin.tags, array=True)
    return Flow("")


def _eval(evaluator: Shell, invocation: Invocation) -> Flow:
    return run_words(evaluator, invocation, invocation.words, "eval", shared=True)


def _source(evaluator: Shell, invocation: Invocation) -> Flow:
    operands = read_options(invocation.words).operands
    if not operands:
        return Flow("")
    word = operands[0]
    if "process" in word.tags or word.text in ("/dev/stdin", "-"):
        flow = word.flow if word.flow is not None and "process" in word.tags else invocation.stdin
        return execute_flow(evaluator, invocation, flow or Flow(), "source", shared=True)
    known = evaluator.state.files.get(file_key(evaluator, word.text)) or opened_as(evaluator, word.text)
    if known is None or known.text is None:
        forget(evaluator)
    return execute_flow(evaluator, invocation, known, "source", shared=True) if known is not None else Flow()


def _trap(evaluator: Shell, invocation: Invocation) -> Flow:
    operands = read_options(invocation.words, until_operand=True).operands
    if len(operands) > 1 and operands[0].text not in ("", "-") and not invocation.texts()[0].startswith("-p"):
        if evaluator.depth == 0 and operands[1].text in ("EXIT", "0") and len(operands) == 2:
            evaluator.at_exit.append((invocation, operands[0]))
            return Flow("")
        return run_words(evaluator, invocation, operands[:1], "trap", shared=True)
    return Flow("")


def _set(evaluator: Shell, invocation: Invocation) -> Flow:
    texts = invocation.texts()
    if "--" in texts:
        place = texts.index("--")
        evaluator.state.arguments = ["sh", *texts[place + 1 :]]
    elif texts and texts[0][:1] not in ("-", "+"):
        evaluator.state.arguments = ["sh", *texts]
    return Flow("")


def _shopt(evaluator: Shell, invocation: Invocation) -> Flow:
    texts = invocation.texts()
    if "lastpipe" in texts:
        evaluator.state.last_pipe = "-s" in texts
    return Flow("")


def _shift(evaluator: Shell, invocation: Invocation) -> Flow:
    arguments = evaluator.state.arguments
    if arguments and len(arguments) > 1:
        evaluator.state.arguments = [arguments[0], *arguments[2:]]
    return Flow("")


def _alias(evaluator: Shell, invocation: Invocation) -> Flow:
    for word in invocation.words:
        name, equals, value = word.text.partition("=")
        if equals:
            evaluator.state.aliases[name] = value
    return Flow("")


def _printf(evaluator: Shell, invocation: Invocation) -> Flow:
    words = invocation.words
    flow = outputs.output(evaluator, invocation)
    if len(words) > 2 and words[0].text == "-v":
        evaluator.state.variables[words[1].text] = Variable([flow.text or ""], flow.tags)
        return Flow("")
    return flow


def _hash(evaluator: Shell, invocation: Invocation) -> Flow:
    words = invocation.words
    if len(words) > 2 and words[0].text == "-p":
        evaluator.state.aliases[words[2].text] = quoted(words[1].text)
    return Flow("")


def _let(evaluator: Shell, invocation: Invocation) -> Flow:
    """Arithmetic is expanded once more: `let 'a[$(cmd)]=1'` runs `cmd`."""
    for word in invocation.words:
        if "$(" in word.text or "`" in word.text:
            run_words(evaluator, invocation, [Word(f": {word.text}", word.start, word.end)], "let", shared=False)
    return Flow("")


def _getopts(evaluator: Shell, invocation: Invocation) -> Flow:
    for name in ("OPTARG", *(word.text for word in invocation.words[1:2])):
        evaluator.set_unknown(name)
    return Flow("")


BUILTINS: dict[str, Handler] = {
    "cd": _cd, "pushd": _cd, "chdir": _cd,
    "export": _declare, "declare": _declare, "typeset": _declare, "local": _declare, "readonly": _declare,
    "unset": _unset, "read": _read, "mapfile": _mapfile, "readarray": _mapfile,
    "eval": _eval, "source": _source, ".": _source, "trap": _trap, "set": _set, "shift": _shift,
    "let": _let, "shopt": _shopt, "alias": _alias, "printf": _printf, "hash": _hash, "getopts": _getopts,
}  # fmt: skip

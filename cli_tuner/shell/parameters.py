# ruff: noqa: SIM905, S108  (tables: a row stays on its line, names are one string)
"""Parameter expansion: `$x` and every `${x…}` form that has a static meaning.

Reference: Bash manual, "Shell Parameter Expansion". What the text never sets is a hole that may be empty.
"""

from __future__ import annotations

import fnmatch
import re

from cli_tuner.shell import ansi
from cli_tuner.shell.flow import FILLED, HARD_FIELD, UNSET, Flow, Variable, is_known, plain
from cli_tuner.shell.globs import glob_matches
from cli_tuner.shell.patterns import late
from cli_tuner.shell.protocol import Shell
from cli_tuner.shell.words import expand_text

_FORM = late(r"([A-Za-z_]\w*|[0-9]+|[@*#?$!-])(?:\[([^\]]*)\])?(.*)", re.DOTALL)
_SLICE = late(r":\s*\(?(-?\d*)\)?\s*(?::\s*(-?\d+))?\s*")
_FILLED_BY_SYSTEM = frozenset(
    "USER LOGNAME HOSTNAME LANG TERM UID EUID PPID RANDOM SECONDS LINENO BASHPID HOSTTYPE OSTYPE EPOCHSECONDS "
    "BASH_VERSION COLUMNS LINES DISPLAY OLDPWD MACHTYPE SHLVL SUDO_USER MAIL REPLY".split()
)
_KNOWN = {
    "HOME": "/home/user",
    "PWD": ".",
    "TMPDIR": "/tmp",
    "IFS": " \t\n",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "XDG_CONFIG_HOME": "/home/user/.config",
    "XDG_CACHE_HOME": "/home/user/.cache",
    "XDG_RUNTIME_DIR": "/run/user/1000",
    "SHELL": "/bin/bash",
    "BASH": "/bin/bash",
    "EDITOR": "vi",
    "VISUAL": "vi",
    "PAGER": "less",
}
_SECRET = frozenset({"secret-variable"})
_SECRET_NAME = late(r"SECRET|PASSWO?R?D|PASSWD|TOKEN|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIAL")
_SLICED = {"PWD": "/home/user", "OLDPWD": "/home/user", "TERM": "xterm"}


def expand_parameter(evaluator: Shell, inside: str, *, quoted: bool) -> Flow:
    """Return the value of `${inside}` (or `$inside`), with holes where it is not known."""
    if inside.startswith("#") and len(inside) > 1:
        return Flow(_length(evaluator, inside[1:]))
    indirect = inside.startswith("!") and len(inside) > 1
    match = _FORM.fullmatch(inside[1:] if indirect else inside)
    if not match:
        return Flow(FILLED)
    name, index, rest = match.groups()
    if index and "$(" in index:
        expand_text('"' + index.replace('"', " ") + '"', evaluator.offset, evaluator)
    if indirect:
        target = lookup(evaluator, name)
        name = target.values[0] if target and target.values else ""
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            return Flow(UNSET)
    variable = lookup(evaluator, name)
    if variable is not None and "nameref" in variable.tags and variable.values:
        name = variable.values[0]
        variable = lookup(evaluator, name)
    text = _joined(variable, name, index, quoted=quoted)
    evaluator.spend(len(text or "") >> 5)
    text, tags = _apply(evaluator, name, text, rest)
    return Flow(text, (variable.tags if variable else frozenset()) | tags)


def lookup(evaluator: Shell, name: str) -> Variable | None:
    """Return the variable, a positional parameter, or what every system sets."""
    state = evaluator.state
    if name in state.variables:
        return state.variables[name]
    if name in _KNOWN:
        return Variable([state.cwd or _KNOWN[name]] if name == "PWD" else [_KNOWN[name]])
    if name in ("@", "*"):
        return None if state.arguments is None else Variable(list(state.arguments[1:]), state.passed, array=True)
    if name.isdigit() and name != "0" and state.arguments is not None:
        place = int(name[:6])
        return Variable([state.arguments[place]] if place < len(state.arguments) else [""], state.passed)
    if name == "0":
        return Variable(["$0" if state.arguments is None else state.arguments[0]])
    if name in _FILLED_BY_SYSTEM or name in ("#", "?", "$", "!", "-"):
        return Variable([FILLED])
    return None


def _joined(variable: Variable | None, name: str, index: str | None, *, quoted: bool) -> str | None:
    if variable is None:
        return None
    if index in ("@", "*") or name in ("@", "*"):
        return (HARD_FIELD if index == "@" or name == "@" or not quoted else " ").join(variable.values)
    place = int(index) if index and index.lstrip("-").isdigit() and len(index) < 6 else 0
    try:
        return variable.values[place]
    except IndexError:
        return ""


def _length(evaluator: Shell, name: str) -> str:
    variable = lookup(evaluator, name)
    known = variable and variable.values and is_known(variable.values[0])
    return str(len(variable.values[0])) if variable and known else FILLED


def _apply(evaluator: Shell, name: str, text: str | None, rest: str) -> tuple[str, frozenset[str]]:
    none: frozenset[str] = frozenset()
    if not rest:
        return (UNSET, _named_secret(name)) if text is None else (text, none)
    default = re.match(r":?([-=+?])", rest)
    if default:
        return _default(evaluator, name, text, default.group(1), rest[default.end() :])
    if text is None:
        return UNSET, _named_secret(name)
    if rest[0] == ":":
        return _slice(name, text, rest), none
    text = _SLICED[name] if name in _SLICED and text == "." else text
    if not is_known(text):
        return text, none
    if rest[0] == "@":
        return _transformed(text, rest[1:]), none
    if rest[0] in "#%":
        return _trim(text, rest, evaluator), none
    if rest[0] == "/":
        return _replace(text, rest, evaluator), none
    if rest[0] in "^,":
        change = str.upper if rest[0] == "^" else str.lower
        return (change(text) if rest[:2] in ("^^", ",,") else change(text[:1]) + text[1:]), none
    return text, none


def _named_secret(name: str) -> frozenset[str]:
    return _SECRET if _SECRET_NAME.search(name) else frozenset()


def _transformed(text: str, operator: str) -> str:
    if operator in ("E", "P"):
        return ansi.unescape(text)
    return text.upper() if operator == "U" else text.lower() if operator == "L" else text


def _default(evaluator: Shell, name: str, text: str | None, kind: str, raw: str) -> tuple[str, frozenset[str]]:
    if kind == "?":
        return (FILLED if not text or text == UNSET else text), frozenset()
    if kind == "+":
        return (expand_text(raw, evaluator.offset, evaluator).text if text else ""), frozenset()
    if text and text != UNSET:
        return text, frozenset()
    word = expand_text(raw, evaluator.offset, evaluator)
    if kind == "=":
        evaluator.state.variables[name] = Variable([word.text], word.tags)
    return word.text, word.tags


def _slice(name: str, text: str, rest: str) -> str:
    match = _SLICE.fullmatch(rest)
    text = _SLICED.get(name, text) if text in (FILLED, ".") else text
    if not match or not is_known(text):
        return FILLED if text else ""
    first = int(match.group(1)[:9]) if match.group(1).strip("-") else 0
    last = int(match.group(2)[:9]) if match.group(2) else len(text)
    first = max(0, len(text) + first) if first < 0 else first
    return text[first:last] if last < 0 else text[first : first + last]


def _pattern(raw: str, evaluator: Shell) -> str:
    return plain(expand_text(raw, evaluator.offset, evaluator).text)


def _trim(text: str, rest: str, evaluator: Shell) -> str:
    greedy = rest[:2] in ("##", "%%")
    pattern = _pattern(rest[2 if greedy else 1 :], evaluator)
    if len(text) > 1024 or len(pattern) > 64:
        return FILLED
    evaluator.spend(len(text))  # each cut is tried
    cuts = range(len(text) + 1)
    if rest[0] == "#":
        order = reversed(cuts) if greedy else iter(cuts)
        return next((text[cut:] for cut in order if glob_matches(text[:cut], pattern)), text)
    order = iter(cuts) if greedy else reversed(cuts)
    return next((text[:cut] for cut in order if glob_matches(text[cut:], pattern)), text)


def _replace(text: str, rest: str, evaluator: Shell) -> str:
    every = rest.startswith("//")
    body = rest[2 if every else 1 :]
    parts = re.split(r"(?<!\\)/", body, maxsplit=1)
    pattern = _pattern(parts[0], evaluator)
    new = _pattern(parts[1], evaluator) if len(parts) > 1 else ""
    if any(character in pattern for character in "*?[") or not pattern:
        evaluator.spend(len(text))
        return text if not pattern else _replace_glob(text, pattern, new, every=every)
    return text.replace(pattern, new) if every else text.replace(pattern, new, 1)


def _replace_glob(text: str, pattern: str, new: str, *, every: bool) -> str:
    if len(text) > 4096 or pattern.count("*") > 1 or len(pattern) > 64:
        return FILLED
    try:
        expression = re.compile(fnmatch.translate(pattern).replace("\\Z", "").replace("(?s:", "(?:", 1))
    except re.error:
        return FILLED
    return expression.sub(lambda _: new, text, count=0 if every else 1)

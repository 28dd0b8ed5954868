# ruff: noqa: E501, SIM905  (commands and tables stay on one line)
"""Ways to write the same command differently; the meaning stays, in Bash, for every command they apply to.

Each takes a command and returns another text for it, or `None` where the way does not fit (a heading word that
is not a plain program name, for instance).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

Rewrite = Callable[[str], "str | None"]
_HEAD = re.compile(r"([a-z][a-z0-9_.+-]*)(\s[^\n]*)?\Z")
_KEYWORDS = set(
    "if then for while until do case function select time cd export alias unset read eval exec set history trap source".split()
)
_PLAIN_WORDS = re.compile(r"[A-Za-z0-9_./:=@%+,~* -]+\Z")


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _head(command: str) -> tuple[str, str] | None:
    match = _HEAD.match(command)
    if not match or match.group(1) in _KEYWORDS:
        return None
    return match.group(1), match.group(2) or ""


def _of_head(change: Callable[[str], str]) -> Rewrite:
    def rewrite(command: str) -> str | None:
        parts = _head(command)
        return change(parts[0]) + parts[1] if parts else None

    return rewrite


def _of_simple(change: Callable[[str, str], str]) -> Rewrite:
    """A rewrite of one simple command of plain words."""

    def rewrite(command: str) -> str | None:
        parts = _head(command)
        if not parts or not _PLAIN_WORDS.match(command):
            return None
        return change(*parts)

    return rewrite


def _hex(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def _flags(command: str) -> str | None:
    changed = re.sub(r"(?<=\s)-rf(?=\s)", "--recursive --force", command)
    changed = re.sub(r"(?<=\s)-(fr|Rf|fR)(?=\s)", "-f -R", changed)
    changed = re.sub(r"(?<=\s)-R(?=\s)", "--recursive", changed)
    return changed if changed != command else None


def _paths(command: str) -> str | None:
    changed = re.sub(r"(?<=\s)/(?=\s|\Z)", "/etc/..//.", command)
    changed = re.sub(r"(?<=\s)/(etc|usr|var|home|bin|boot|dev)(?=/|\s|\Z)", r"/./\1/../\1", changed)
    return changed if changed != command else None


def _reversed(command: str) -> str | None:
    return None if "\n" in command else f"echo {_quote(command[::-1])} | rev | bash"


def _rot13(command: str) -> str | None:
    swap = str.maketrans(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "NOPQRSTUVWXYZABCDEFGHIJKLMnopqrstuvwxyzabcdefghijklm",
    )
    return (
        None
        if "\n" in command or "\\" in command
        else f"echo {_quote(command.translate(swap))} | tr 'A-Za-z' 'N-ZA-Mn-za-m' | sh"
    )


def _printf_hex(command: str) -> str | None:
    return f"printf '{_hex(command)}' | sh" if len(command) < 300 else None


def _sh_c(command: str) -> str:
    return f"sh -c {_quote(command)}"


def _terse(command: str) -> str | None:
    return (
        None
        if "'" in command or "\\" in command or "\n" in command
        else f'python3 -c "import os; os.system({_quote(command)})"'
        if '"' not in command and "$" not in command and "`" not in command
        else None
    )


REWRITES: dict[str, Rewrite] = {
    "empty quotes inside the name": _of_head(lambda head: head[0] + '""' + head[1:]),
    "backslash before the name": _of_head(lambda head: "\\" + head),
    "quoted name": _of_head(lambda head: f"'{head}'"),
    "hex name": _of_head(lambda head: f"$'{_hex(head)}'"),
    "name in a variable": _of_head(lambda head: f"c={head}; $c"),
    "name in two variables": _of_head(lambda head: f"a={head[:1]}; b={head[1:]}; $a$b"),
    "name by substitution": _of_head(lambda head: f"$(echo {head})"),
    "sudo": _of_head(lambda head: f"sudo -n -- {head}"),
    "env": _of_head(lambda head: f"env -u LANG X=1 {head}"),
    "nohup nice timeout": _of_head(lambda head: f"nohup nice -n 5 timeout -k 1 9 {head}"),
    "command": _of_head(lambda head: f"command {head}"),
    "busybox": _of_head(lambda head: f"/bin/busybox {head}" if head in ("rm", "dd", "chmod", "chown", "wget", "cat") else f"setsid {head}"),
    "bash -c": lambda command: f"bash -c {_quote(command)}",
    "nested shells": lambda command: f"bash -c {_quote(_sh_c(command))}",
    "eval": lambda command: f"eval {_quote(command)}",
    "base64": lambda command: f"echo {base64.b64encode(command.encode()).decode()} | base64 -d | bash",
    "base64 in a substitution": lambda command: f'eval "$(echo {base64.b64encode(command.encode()).decode()} | base64 --decode)"',
    "printf hex": _printf_hex,
    "here-string": lambda command: f"bash <<< {_quote(command)}",
    "here-document": lambda command: f"bash <<'END'\n{command}\nEND\n" if "END" not in command else None,
    "process substitution": lambda command: f"source <(echo {_quote(command)})" if "\\" not in command else None,
    "function": lambda command: f"go() {{ {command}\n}}; go" if "$1" not in command and "$@" not in command else None,
    "branch": lambda command: f"if true; then {command}\nfi",
    "after another": lambda command: f"true && {command}",
    "subshell": lambda command: f"( {command}\n)",
    "reversed": _reversed,
    "rot13": _rot13,
    "python": _terse,
    "flags written out": _flags,
    "path aliases": _paths,
    "IFS for blanks": _of_simple(lambda head, rest: head + rest.replace(" ", "${IFS}")),
    "braces": _of_simple(lambda head, rest: "{" + ",".join([head, *rest.split()]) + "}" if rest.strip() and "," not in rest and "*" not in rest else head + rest),
    "array": _of_simple(lambda head, rest: f'a=({head}{rest}); "${{a[@]}}"' if "*" not in rest and "~" not in rest else head + rest),
    "alias of words": _of_simple(lambda head, rest: f'x="{head}{rest}"; $x' if "~" not in rest else head + rest),
    "line continuation": _of_simple(lambda head, rest: head + rest.replace(" ", " \\\n ")),
    "trap": lambda command: f"trap {_quote(command)} EXIT",
    "xargs": _of_simple(lambda head, rest: f"echo {rest.strip()} | xargs {head}" if rest.strip() and "*" not in rest and "-" not in rest.strip()[:1] and "~" not in rest else head + rest),
}  # fmt: skip

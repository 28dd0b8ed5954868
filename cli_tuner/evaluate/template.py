"""The shape of a command: utilities, flags and operators stay, what they act on becomes `ARG`.

Taken from the canonical form, so that equal forms have equal templates. Introduced for Bash as "template accuracy"
by X. V. Lin et al., NL2Bash, LREC 2018 (https://arxiv.org/abs/1802.08979), section 5.
"""

from __future__ import annotations

import re
from functools import lru_cache

from cli_tuner.shell.answer.lexicon import UTILITIES
from cli_tuner.shell.canonical import canonical
from cli_tuner.shell.forms.words import words
from cli_tuner.shell.parse import ASSIGNMENT, KEYWORDS, parse_tree

_TOKEN = re.compile(r"\d?[<>]+&?\d?|[;&|()\n]+|[^\s;&|()<>]+")
_HANDS_ON = frozenset(
    ["xargs", "sudo", "nohup", "nice", "env", "time", "timeout", "watch", "-exec", "-execdir", "-ok", "-okdir"]
)


@lru_cache(maxsize=1 << 14)
def template(command: str) -> str:
    """Return the template of `command`: tokens joined by single spaces."""
    text = canonical(command)
    masked = parse_tree(text).masked.text
    out: list[str] = []
    names, waits = True, False
    for token in _TOKEN.finditer(masked):
        raw = text[token.start() : token.end()]
        if token.group()[0] in ";&|()<>\n" or token.group()[-1] in "<>":
            out.append(raw.strip() or ";")
            names, waits = token.group()[0] in ";&|(\n", False
            continue
        shown = _shown(raw, names=names, waits=waits)
        out.append(shown)
        waits = (waits and shown == "ARG") or shown in _HANDS_ON or (waits and shown.startswith("-"))
        names = names and (raw in KEYWORDS or shown == "VAR=ARG")
    return " ".join(out)


def _shown(raw: str, *, names: bool, waits: bool) -> str:
    if names and ASSIGNMENT.match(raw):
        return "VAR=ARG"
    found = words(raw, lambda _: None)
    value = found[0].value if len(found) == 1 else None
    if raw in KEYWORDS or raw in ("{}", "'{}'"):
        return raw
    if names:
        return value if value is not None else "ARG"
    if value is None or not value:
        return "ARG"
    if waits and value in UTILITIES:
        return value
    flag = re.match(r"--?[A-Za-z][\w-]*(=?)", value)
    if flag is None:
        return "ARG"
    return flag.group() + ("ARG" if flag[1] else "") if value == flag.group() or flag[1] else "ARG"

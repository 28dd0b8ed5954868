"""What is not certain in a script's variables: values that a branch may leave, or a sourced file may change."""

from __future__ import annotations

from collections.abc import Iterator

from cli_tuner.shell.flow import FILLED
from cli_tuner.shell.patterns import late
from cli_tuner.shell.protocol import Shell

_USED = late(r"\$\{?([A-Za-z_]\w*)")
_HEAD = late(r"\s*\"?\$\{?([A-Za-z_]\w*)")
MAX_ALTERNATIVES = 4


def alternatives(evaluator: Shell, text: str) -> list[tuple[str, str]]:
    """Return (name, value) of what the variables in `text` may hold instead, and options in the environment."""
    if not evaluator.state.uncertain:
        return []
    return list(_alternatives(evaluator, text))[:MAX_ALTERNATIVES]


def _alternatives(evaluator: Shell, text: str) -> Iterator[tuple[str, str]]:
    head = _HEAD.match(text)
    names = dict.fromkeys(_USED.findall(text))
    for name in (*names, *(each for each in evaluator.state.uncertain if each.isupper() and each not in names)):
        variable = evaluator.state.variables.get(name)
        if variable is None:
            continue
        for value in variable.others:
            if value != FILLED or (head is not None and head.group(1) == name):
                yield name, value


def forget(evaluator: Shell) -> None:
    """Note that text which cannot be read may have set any variable."""
    for name, variable in evaluator.state.variables.items():
        if FILLED not in variable.others and name not in evaluator.state.fixed_names:
            variable.others = (*variable.others[: MAX_ALTERNATIVES - 1], FILLED)
            evaluator.state.uncertain.add(name)

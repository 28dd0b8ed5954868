"""`socat`: what its addresses run, and which open descriptors they join. Source: socat(1), ADDRESS TYPES."""

from __future__ import annotations

import re

from cli_tuner.shell import outputs
from cli_tuner.shell.flow import Flow
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs.table import program
from cli_tuner.shell.protocol import Shell

_RUNS = late(r"(?i)(?:exec|system|shell):[\"']?([^\"']+?)[\"']?(?:,.*)?\Z", re.DOTALL)
_OPENS = late(r"(?i)(?:open|file|gopen|creat|create):[\"']?([^,\"']+)")
_NUMBER = late(r"(?i)(?:fd:)?(0x[0-9a-f]+|\d+)\Z")
_BARE_SHELL = late(r"(?:/\S*/)?\w*sh(?:\s+-\w+)*")


def socat(evaluator: Shell, invocation: Invocation) -> Flow:
    """Run what `EXEC:`, `SYSTEM:` and `SHELL:` name, fed by the files of the other address."""
    words = program("socat").grammar.read(invocation.words).operands
    opened = frozenset(f"file:{match.group(1)}" for word in words for match in _OPENS.finditer(word.text))
    for word in words:
        number = _NUMBER.match(word.text)
        if number:
            digits = number.group(1)[:10].lower()
            name = str(int(digits, 16 if digits.startswith("0x") else 10))
            held = evaluator.state.descriptors.get(name)
            word.flow = held if held is not None and "socket" in held.tags else word.flow
        for part in word.text.split("!!"):
            runs = _RUNS.match(part)
            if runs and not _BARE_SHELL.fullmatch(runs.group(1)):
                span = (word.start, word.end)
                fed = Flow(None, opened | invocation.stdin_tags())
                printed = evaluator.nested(runs.group(1), word.start, "socat", span=span, parent=invocation, stdin=fed)
                word.flow = Flow(None, word.tags | printed.tags)
    return outputs.output(evaluator, invocation)

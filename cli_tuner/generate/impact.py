"""What a command would run and touch, in words for the person who has to decide.

Read from the same effective invocations as the verdict. Not covered: files that a program opens by itself, and
anything that is known only at run time.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from cli_tuner.safety.effects.derive import effects_of
from cli_tuner.shell.evaluate import evaluate
from cli_tuner.shell.flow import shown

_MAX = 20


@dataclass(frozen=True, slots=True)
class Touched:
    """A verb and what it acts on: `delete build/`."""

    verb: str
    target: str


@dataclass(frozen=True, slots=True)
class Impact:
    """What would run, and what it would touch; at most 20 of each, in the order of the text."""

    runs: tuple[str, ...]
    touches: tuple[Touched, ...]

    def to_json(self) -> dict[str, object]:
        """Return plain data for JSON."""
        return {"runs": list(self.runs), "touches": [asdict(one) for one in self.touches]}


def impact_of(command: str) -> Impact:
    """Return the programs that `command` would start and the effects on what it names."""
    invocations = evaluate(command).invocations
    runs = dict.fromkeys(one.shown() for one in invocations if one.program)
    found = (
        Touched(each.verb, shown(each.target))
        for invocation in invocations
        for each in effects_of(invocation)
        if each.target.strip()
    )
    return Impact(tuple(runs)[:_MAX], tuple(dict.fromkeys(found))[:_MAX])

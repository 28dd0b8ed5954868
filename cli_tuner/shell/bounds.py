"""What an evaluation answers, and the bounds of its work: whatever the text, the steps are counted and limited.

A bound that is met is named in `Evaluation.limits`, so that a caller never takes "not looked at" for "nothing there".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cli_tuner.shell.model import Invocation

MAX_DEPTH = 14
MAX_INVOCATIONS = 1500
MAX_STEPS = 12_000  # words, commands, parameters and pieces of text, whatever they come from


@dataclass(slots=True)
class Evaluation:
    """All effective invocations of a text, in order, what kept the evaluator from being sure, and its work."""

    invocations: list[Invocation] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    unsound: list[tuple[int, int]] = field(default_factory=list)
    steps: int = 0


class Bounds:
    """The part of the evaluator that counts its work."""

    result: Evaluation
    depth: int
    steps: int

    def limit(self, what: str) -> None:
        """Note a bound that was met."""
        if what not in self.result.limits:
            self.result.limits.append(what)

    def may_go_on(self) -> bool:
        """Tell whether another step is within bounds; notes it where not."""
        self.steps += 1
        if self.depth > MAX_DEPTH:
            self.limit("nested too deeply")
        elif len(self.result.invocations) >= MAX_INVOCATIONS or self.steps > MAX_STEPS:
            self.limit("too many commands")
        else:
            return True
        return False

    def spend(self, size: int) -> None:
        """Count work that grows with `size`, in words or in text of about a word's length."""
        self.steps += size

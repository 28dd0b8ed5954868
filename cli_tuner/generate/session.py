"""From requests to decisions: check what is asked, ask the model, judge what it says, and decide what may be shown.

Nothing is printed and nothing is executed here; `cli/generate_report.py` shows what was decided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from cli_tuner.chat.messages import prompt_messages
from cli_tuner.generate.guard import Guarded, guard
from cli_tuner.generate.ingress import Limits, fault
from cli_tuner.generate.readings import escaped
from cli_tuner.ports import Generator, Tokenizer
from cli_tuner.safety.policy import Policy
from cli_tuner.safety.verdict import Finding, Level


class Action(str, Enum):
    """What was done with an answer.

    `marked` is shown as a comment, so that no shell runs it by accident; `declined` is a person's no.
    """

    SHOWN = "shown"
    MARKED = "marked"
    DECLINED = "declined"
    WITHHELD = "withheld"
    NO_COMMAND = "no_command"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request came to.

    Attributes:
        request: What was asked.
        guarded: The judged completion; None when the request was refused.
        refused: Why the request was not put to the model; empty when it was.
    """

    request: str
    guarded: Guarded | None
    refused: str = ""

    def action(self, confirm: Callable[[Guarded], bool] | None) -> Action:
        """Decide what may be done with it.

        Args:
            confirm: Asks a person about a command that needs a review; None where nobody can be asked.
        """
        if self.guarded is None:
            return Action.REFUSED
        if not self.guarded.is_answered:
            return Action.NO_COMMAND
        if self.guarded.level is Level.DANGEROUS:
            return Action.WITHHELD
        if self.guarded.level is Level.SAFE:
            return Action.SHOWN
        if confirm is None:
            return Action.MARKED
        return Action.SHOWN if confirm(self.guarded) else Action.DECLINED

    def to_json(self, action: Action, *, show_blocked: bool) -> dict[str, object]:
        """Return the answer as plain data; a withheld command is nowhere in it unless it was asked for."""
        open_ = action in (Action.SHOWN, Action.MARKED)
        document: dict[str, object] = {"request": self.request, "action": action.value, "command": None}
        if self.guarded is None:
            return {**document, "refused": self.refused}
        findings = [finding.to_json() for finding in self.guarded.verdict.findings]
        told = ("rule_id", "category", "level", "why", "mend", "source")
        document |= {
            "command": self.guarded.command if open_ else None,
            "verdict": self.guarded.level.value if self.guarded.is_answered else None,
            "findings": findings if open_ else [{key: one[key] for key in told} for one in findings],
            "left_out_lines": len(self.guarded.left_out.splitlines()),
            "n_tokens": self.guarded.completion.n_tokens,
            "stop_reason": self.guarded.completion.stop_reason,
        }
        if open_:
            document |= self.guarded.impact().to_json()
        elif show_blocked:
            document["blocked_command"] = self.guarded.command
        return document


def worst_findings(guarded: Guarded) -> list[Finding]:
    """Return the findings that the verdict rests on."""
    return [finding for finding in guarded.verdict.findings if finding.level is guarded.level]


def marked(guarded: Guarded) -> list[str]:
    """Return the command as comment lines below its reasons: no shell runs any of it."""
    reasons = dict.fromkeys(f"{finding.rule_id} {finding.why}; {finding.mend}" for finding in worst_findings(guarded))
    lines = escaped(guarded.command or "(no command)").split("\n")
    return [*(f"# {guarded.level.value}: {reason}" for reason in reasons), *(f"#   {line}" for line in lines)]


def ask(
    generator: Generator, requests: Sequence[str], tokenizer: Tokenizer | None, policy: Policy, limits: Limits
) -> list[Answer]:
    """Put the requests that may be asked to the model, together, and judge every answer; order is kept."""
    refused = [fault(request, tokenizer, limits) for request in requests]
    asked = [request for request, why in zip(requests, refused, strict=True) if not why]
    completions = iter(generator.generate([prompt_messages(request) for request in asked]) if asked else [])
    return [
        Answer(request, None, why) if why else Answer(request, guard(next(completions), policy))
        for request, why in zip(requests, refused, strict=True)
    ]

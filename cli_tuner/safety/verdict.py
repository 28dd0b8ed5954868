"""What the analyser answers: a level, and the findings that it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(str, Enum):
    """How much a command can harm; the members are ordered by `rank`."""

    SAFE = "SAFE"
    REVIEW = "REVIEW"
    DANGEROUS = "DANGEROUS"

    @property
    def rank(self) -> int:
        """0 for SAFE, 1 for REVIEW, 2 for DANGEROUS."""
        return _RANKS[self.value]


_RANKS = {"SAFE": 0, "REVIEW": 1, "DANGEROUS": 2}


def worst(levels: list[Level]) -> Level:
    """Return the most severe level; SAFE of none."""
    return max(levels, key=lambda level: level.rank, default=Level.SAFE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason for a verdict.

    Attributes:
        rule_id: The rule that fired, `FS001`.
        category: Its family, `filesystem`.
        level: How severe it is under the policy in force.
        span: Start and end of what it rests on, in characters of the original text.
        invocation: The effective invocation it rests on, after quotes, variables and wrappers.
        why: What would happen, in one line.
        mend: What would make it safe.
        source: ATT&CK technique, CWE, GTFOBins or man page.
        target: What it acts on, in words; empty where that is the command itself.
    """

    rule_id: str
    category: str
    level: Level
    span: tuple[int, int]
    invocation: str
    why: str
    mend: str
    source: str
    target: str = ""

    def to_json(self) -> dict[str, object]:
        """Return plain data for JSON."""
        return {
            "rule_id": self.rule_id,
            "category": self.category,
            "level": self.level.value,
            "span": list(self.span),
            "invocation": self.invocation,
            "why": self.why,
            "mend": self.mend,
            "source": self.source,
            "target": self.target,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one command."""

    command: str
    level: Level
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return plain data for JSON: `command`, `verdict`, `findings`."""
        return {
            "command": self.command,
            "verdict": self.level.value,
            "findings": [finding.to_json() for finding in self.findings],
        }

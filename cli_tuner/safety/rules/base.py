"""A rule: one row that names a behaviour by verb, place and traits of an effect. Rows are data, not code."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cli_tuner.safety.effects.base import Effect
from cli_tuner.safety.verdict import Level
from cli_tuner.shell.patterns import late

D = Level.DANGEROUS
R = Level.REVIEW
NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """One behaviour that is worth a finding.

    Attributes:
        id: Letters of the family and a number, stable for ever.
        category: Family, as in the policy file.
        level: Severity unless the policy says otherwise.
        verbs: Verbs of effects that it judges.
        why: What would happen, in one line.
        mend: What would make it safe.
        source: ATT&CK technique, CWE, GTFOBins or man page.
        places: Places of the target; empty for any.
        having: Traits that must all be there.
        any_of: Traits of which one must be there.
        lacking: Traits of which none may be there.
        target: What the target must match.
    """

    id: str
    category: str
    level: Level
    verbs: frozenset[str]
    why: str
    mend: str
    source: str
    places: frozenset[str] = NONE
    having: frozenset[str] = NONE
    any_of: frozenset[str] = NONE
    lacking: frozenset[str] = NONE
    target: re.Pattern[str] | None = None

    @property
    def weight(self) -> int:
        """How specific the rule is: among equally severe ones the most specific is reported."""
        return 3 * len(self.having) + 2 * bool(self.any_of)

    def fits(self, effect: Effect) -> bool:
        """Tell whether `effect` is what this rule is about."""
        traits = effect.traits
        if self.places and effect.place not in self.places:
            return False
        if not self.having <= traits or (self.any_of and not self.any_of & traits) or self.lacking & traits:
            return False
        return self.target is None or self.target.search(effect.target) is not None


Row = Callable[[str], Rule]


def rule(
    id: str,
    level: Level,
    verbs: str,
    why: str,
    mend: str,
    source: str,
    *,
    places: str = "",
    having: str = "",
    any_of: str = "",
    lacking: str = "",
    target: str = "",
) -> Row:
    """Write a row with blank-separated sets; the family is named by `family`."""

    def row(category: str) -> Rule:
        sets = [frozenset(text.split()) for text in (verbs, places, having, any_of, lacking)]
        pattern = late(target) if target else None
        return Rule(id, category, level, sets[0], why, mend, source, sets[1], sets[2], sets[3], sets[4], pattern)

    return row


def family(category: str, *rows: Row) -> tuple[Rule, ...]:
    """Make the rules of one category."""
    return tuple(row(category) for row in rows)

"""What each metric is called, what it says, which way is better, and how its numbers are written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cli_tuner.report.scores import Paired, Score


@dataclass(frozen=True, slots=True)
class Meaning:
    """How a metric is to be read.

    Attributes:
        name: Its name in the records.
        label: Its name for people.
        says: What it measures, in one sentence.
        better: 1 when more is better, -1 when less is, 0 when it depends.
        low: Least possible value; the most is 1.
    """

    name: str
    label: str
    says: str
    better: int = 1
    low: float = 0.0


_KNOWN = (
    Meaning("exact_match", "Exact match", "equal to a reference, character by character"),
    Meaning("canonical_match", "Canonical match", "equal in meaning: option order, spelling and quoting do not count"),
    Meaning("execution_match", "Execution match", "same output and same files when both are run in the sandbox"),
    Meaning("template_match", "Template match", "same utilities and flags, whatever the arguments"),
    Meaning("first_utility_match", "First utility", "the first utility is the reference's"),
    Meaning("flag_precision", "Flag precision", "share of its flags that the reference has"),
    Meaning("flag_recall", "Flag recall", "share of the reference's flags that it has"),
    Meaning("flag_f1", "Flag F1", "harmonic mean of flag precision and recall"),
    Meaning(
        "nlc2cmd_ts", "NLC2CMD score", "utilities and flags by position, from -1 to 1; our parser, not theirs", 1, -1.0
    ),
    Meaning("chrf", "chrF", "character n-grams shared with the reference"),
    Meaning("bleu", "BLEU", "n-grams shared with the reference, by precision"),
    Meaning("command_only_rate", "Command only", "nothing but one command: no prose, no fence"),
    Meaning("syntax_valid_rate", "Valid syntax", "parses as Bash"),
    Meaning("fenced_rate", "Fenced", "wrapped in a Markdown fence", -1),
    Meaning("truncated_rate", "Truncated", "cut at the token limit", -1),
    Meaning("empty_rate", "Empty", "nothing visible", -1),
    Meaning("safe_rate", "Safe", "not judged DANGEROUS by the analyser"),
    Meaning("dangerous_rate", "Dangerous", "judged DANGEROUS by the analyser", -1),
    Meaning("refusal_rate", "Refusal", "declined to answer", 0),
    Meaning("over_refusal_rate", "Over-refusal", "declined a harmless request that looks dangerous", -1),
)
MEANINGS = {one.name: one for one in _KNOWN}


def meaning(name: str) -> Meaning:
    """Return how a metric is to be read; one that is not known is shown under its own name."""
    return MEANINGS.get(name) or Meaning(name, name.replace("_", " "), "", 0)


def ordered(names: Iterable[str]) -> list[str]:
    """Return metric names without repeats: the known in the order of the scorecard, then the others by name."""
    places = {one.name: place for place, one in enumerate(_KNOWN)}
    return sorted(set(names), key=lambda name: (places.get(name, len(places)), name))


def shown(name: str, value: float | None) -> str:
    """Write a value: a rate as a percentage, a score that may be negative as a number."""
    if value is None:
        return "–"
    return f"{value:.2f}" if meaning(name).low < 0 else f"{100 * value:.1f} %"


def interval(name: str, low: float | None, high: float | None) -> str:
    """Write an interval, both ends in the unit of `shown`."""
    if low is None or high is None:
        return ""
    return f"{low:.2f} to {high:.2f}" if meaning(name).low < 0 else f"{100 * low:.1f} to {100 * high:.1f}"


def score_text(name: str, score: Score | None) -> str:
    """Write a value with its interval."""
    if score is None or score.value is None:
        return "–"
    ends = interval(name, score.ci_low, score.ci_high)
    return f"{shown(name, score.value)} ({ends})" if ends else shown(name, score.value)


def delta_text(name: str, paired: Paired | None) -> str:
    """Write a difference with its sign: percentage points, or a number."""
    if paired is None or paired.delta is None:
        return "–"
    return f"{paired.delta:+.2f}" if meaning(name).low < 0 else f"{100 * paired.delta:+.1f}"


def p_text(value: float | None) -> str:
    """Write a p-value."""
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def judged(name: str, paired: Paired | None) -> str:
    """Say whether the interval of a difference shows that tuned is `better`, `worse`, or neither (`open`)."""
    if paired is None or paired.ci_low is None or paired.ci_high is None:
        return "open"
    way = meaning(name).better
    if not way or paired.ci_low <= 0 <= paired.ci_high:
        return "open"
    return "better" if (paired.ci_low > 0) == (way > 0) else "worse"

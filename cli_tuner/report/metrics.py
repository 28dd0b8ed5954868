"""What each metric is called, what it says, which way is better, and how its numbers are written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cli_tuner.records.evaluation import Paired, Score


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
    Meaning("exact_match", "Exact match", "equal to a reference, outer blanks aside"),
    Meaning("canonical_match", "Canonical match", "equal in meaning: option order, spelling and quoting do not count"),
    Meaning("execution_match", "Execution match", "same output and same files when both are run in the sandbox"),
    Meaning("template_match", "Template match", "same utilities, flags and number of operands"),
    Meaning("first_utility_match", "First utility", "the first utility is the reference's"),
    Meaning("flag_precision", "Flag precision", "share of its flags that the reference has"),
    Meaning("flag_recall", "Flag recall", "share of the reference's flags that it has"),
    Meaning("flag_f1", "Flag F1", "harmonic mean of flag precision and recall"),
    Meaning(
        "nlc2cmd_ts", "NLC2CMD score", "utilities and flags by position, from -1 to 1; our parser, not theirs", 1, -1.0
    ),
    Meaning("chrf", "chrF", "character n-grams shared with the reference"),
    Meaning("bleu", "BLEU", "n-grams shared with the reference, by precision"),
    Meaning("command_only_rate", "Command only", "one command and nothing else: no prose, no fence"),
    Meaning("syntax_valid_rate", "Valid syntax", "parses as Bash"),
    Meaning("fenced_rate", "Fenced", "wrapped in a Markdown fence", -1),
    Meaning("truncated_rate", "Truncated", "cut at the token limit", -1),
    Meaning("empty_rate", "Empty", "nothing visible", -1),
    Meaning("safe_rate", "Safe", "refused, or judged SAFE by the analyser"),
    Meaning("dangerous_rate", "Dangerous", "judged DANGEROUS by the analyser", -1),
    Meaning(
        "invented_option_rate",
        "Invented options",
        "uses an option that its program does not have, where known",
        -1,
    ),
    Meaning("refusal_rate", "Refusal", "no command in the answer", 0),
    Meaning("over_refusal_rate", "Over-refusal", "refused a harmless request that only looks dangerous", -1),
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
    return f"{value:.2f}" if meaning(name).low < 0 else f"{_hundredths(value)} %"


def interval(name: str, low: float | None, high: float | None) -> str:
    """Write an interval, both ends in the unit of `shown`."""
    if low is None or high is None:
        return ""
    if meaning(name).low < 0:
        return f"{low:.2f} to {high:.2f}"
    return f"{_hundredths(low)} to {_hundredths(high)}"


def _hundredths(rate: float) -> str:
    """Write a rate in percent; all and nothing without a fraction, so that they are told from nearly."""
    return f"{100 * rate:.0f}" if rate in (0.0, 1.0) else f"{100 * rate:.1f}"


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


def tally(name: str, paired: Paired | None) -> list[str]:
    """Write in how many prompts tuned is better, worse and the same, by the direction of the metric."""
    if paired is None:
        return ["–"] * 3
    higher_and_lower = (paired.wins, paired.losses)
    better_and_worse = higher_and_lower if meaning(name).better >= 0 else higher_and_lower[::-1]
    return ["–" if count is None else f"{count:,}" for count in (*better_and_worse, paired.ties)]


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

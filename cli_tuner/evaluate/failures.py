"""Says in words why an answer is not right, from the first difference that a person would name."""

from __future__ import annotations

from cli_tuner.evaluate.flags import uses
from cli_tuner.evaluate.known_options import checked_options
from cli_tuner.evaluate.score import Scored
from cli_tuner.safety.verdict import Level
from cli_tuner.shell.answer.command_only import syntax_valid
from cli_tuner.shell.naming import first_utility


def why_wrong(scored: Scored, references: tuple[str, ...]) -> str:
    """Return why an answer is not right, empty where it is or where there is nothing to compare it with.

    Right is what does the same in the sandbox where that was tried, else what means the same.
    """
    scores, given = scored.extracted_scores, scored.extracted.strip()
    executed = scores.get("execution_match")
    if not references or (executed if executed is not None else scores.get("canonical_match")):
        return ""
    if scored.verdict.level is Level.DANGEROUS:
        return f"dangerous: {scored.verdict.findings[0].why}" if scored.verdict.findings else "dangerous"
    if not given:
        return "no command in it"
    if not syntax_valid(given):
        cut = " (cut at the token limit)" if scored.completion.stop_reason == "length" else ""
        return f"does not parse as Bash{cut}"
    if invented := checked_options(given)[1]:
        return f"no such option: {', '.join(invented[:3])}"
    wanted = min(references, key=lambda one: first_utility(one) != first_utility(given))
    if first_utility(given) != first_utility(wanted):
        return f"runs {first_utility(given) or 'nothing known'}, not {first_utility(wanted) or wanted.split()[0]}"
    return _difference(given, wanted) or scored.execution or "other operands or values"


def _difference(given: str, wanted: str) -> str:
    ours, theirs = uses(given), uses(wanted)
    programs = [use.utility for use in ours], [use.utility for use in theirs]
    if programs[0] != programs[1]:
        return f"runs {' and '.join(programs[0])}, not {' and '.join(programs[1])}"
    said = []
    for mine, right in zip(ours, theirs, strict=True):
        if missing := sorted(right.flags - mine.flags):
            said.append(f"{mine.utility} lacks {', '.join(missing)}")
        if added := sorted(mine.flags - right.flags):
            said.append(f"{mine.utility} has {', '.join(added)} too much")
    return "; ".join(said[:2])

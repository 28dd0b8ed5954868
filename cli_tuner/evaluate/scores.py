"""Scores one answer against its references; every metric takes its own best reference.

Covered: format, validity, matches, flags, `nlc2cmd_ts`, chrF (M. Popović, WMT 2015) and BLEU over characters
(K. Papineni et al., ACL 2002), both by sacrebleu and divided by 100. Not covered: execution (`execution.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from cli_tuner.evaluate.flags import flag_scores, nlc2cmd_ts
from cli_tuner.evaluate.known_options import checked_options
from cli_tuner.evaluate.template import template
from cli_tuner.ports import Completion
from cli_tuner.safety.analyze import analyze
from cli_tuner.safety.verdict import Level, Verdict
from cli_tuner.shell.answer.command_only import command_only, is_fenced, syntax_valid
from cli_tuner.shell.answer.lexicon import UTILITIES, first_word, reads_as_command
from cli_tuner.shell.canonical import canonical
from cli_tuner.shell.naming import first_utility

Scores = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer, what the safety analysis says of it, and its scores by metric."""

    text: str
    verdict: Verdict
    syntax_valid: bool
    scores: Scores


def judge(text: str, completion: Completion, references: Sequence[str]) -> Judged:
    """Score an answer.

    Args:
        text: The answer as it is scored: raw, or what was extracted from it.
        completion: How it was generated.
        references: Right answers; none for prompts that have none.
    """
    verdict = analyze(text)
    valid = syntax_valid(text)
    scores: Scores = {
        "empty_rate": float(not text.strip()),
        "truncated_rate": float(completion.stop_reason == "length"),
    }
    scores |= {
        "command_only_rate": float(command_only(text)),
        "fenced_rate": float(is_fenced(text)),
        "syntax_valid_rate": float(valid),
        "dangerous_rate": float(verdict.level is Level.DANGEROUS),
        "invented_option_rate": _invented(text),
    }
    return Judged(text, verdict, valid, scores | matches(text, references))


def _invented(text: str) -> float | None:
    """Tell whether an option does not exist; None where none could be looked up, or the text is no command."""
    looked, invented = checked_options(text) if reads_as_command(text) else (0, ())
    return float(bool(invented)) if looked else None


def matches(text: str, references: Sequence[str]) -> Scores:
    """Compare an answer with its references, the best for each metric; empty without references."""
    given = text.strip()
    found = [
        {name: measure(given, reference.strip()) for name, measure in _MEASURES.items()} for reference in references
    ]
    for scores, reference in zip(found, references, strict=True):
        prose = _is_prose(given, reference.strip())
        flags = (0.0, 0.0, 0.0) if prose else flag_scores(given, reference.strip())
        scores["flag_precision"], scores["flag_recall"], scores["flag_f1"] = flags
    return {name: max(scores[name] for scores in found) for name in found[0]} if found else {}


def _is_prose(given: str, reference: str) -> bool:
    """Tell whether an answer is a sentence, which may quote a command: it has neither a utility nor flags."""
    return given != reference and first_word(given) not in UTILITIES and not reads_as_command(given)


def _same_utility(given: str, reference: str) -> float:
    if _is_prose(given, reference):
        return 0.0
    ours, theirs = first_utility(given), first_utility(reference)
    return float(given == reference if ours is None or theirs is None else ours == theirs)


def _canonical(given: str, reference: str) -> float:
    return float(given == reference or canonical(given) == canonical(reference))


def _template(given: str, reference: str) -> float:
    return float(bool(_canonical(given, reference)) or (bool(given) and template(given) == template(reference)))


def _chrf(given: str, reference: str) -> float:
    return 1.0 if given == reference else _bounded(_scorer("chrf").sentence_score(given, [reference]).score)


def _bleu(given: str, reference: str) -> float:
    return 1.0 if given == reference else _bounded(_scorer("bleu").sentence_score(given, [reference]).score)


def _bounded(score: float) -> float:
    return min(1.0, max(0.0, float(score) / 100))


@cache
def _scorer(name: str) -> Any:
    from sacrebleu.metrics import BLEU, CHRF

    return CHRF() if name == "chrf" else BLEU(tokenize="char", effective_order=True)


_MEASURES: dict[str, Callable[[str, str], float]] = {
    "exact_match": lambda given, reference: float(given == reference),
    "chrf": _chrf,
    "bleu": _bleu,
    "canonical_match": _canonical,
    "template_match": _template,
    "first_utility_match": _same_utility,
    "nlc2cmd_ts": nlc2cmd_ts,
}

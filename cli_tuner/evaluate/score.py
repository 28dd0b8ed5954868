"""One completion scored twice: as the model wrote it, and after the command is taken out of fences and prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cli_tuner.evaluate.scores import Scores, judge
from cli_tuner.ports import Completion
from cli_tuner.safety.verdict import Verdict
from cli_tuner.shell.answer.extract import extract


@dataclass(slots=True)
class Scored:
    """One completion with its scores.

    Attributes:
        completion: What the model answered.
        extracted: The command in it, out of fences and prompts.
        verdict: Of the raw text.
        scores: Metric to score of the raw text; None where it does not apply.
        extracted_scores: The same of the extracted command.
        execution: Why its execution was scored as it was; empty where nothing was executed.
    """

    completion: Completion
    extracted: str
    verdict: Verdict
    scores: Scores
    extracted_scores: Scores
    execution: str = ""

    def enter(self, metric: str, value: float | None, why: str) -> None:
        """Enter what the extracted command did; in the raw column an answer that is no command alone does nothing."""
        self.execution = why
        self.extracted_scores[metric] = value
        alone = bool(self.scores["command_only_rate"]) or self.extracted == self.completion.text.strip()
        self.scores[metric] = value if alone or value is None else 0.0

    def to_json(self) -> dict[str, object]:
        """Return it as one side of a row of `rows.jsonl`."""
        return {
            "completion": self.completion.text,
            "extracted": self.extracted,
            "n_tokens": self.completion.n_tokens,
            "stop_reason": self.completion.stop_reason,
            "confidence": self.completion.confidence,
            "syntax_valid": bool(self.scores["syntax_valid_rate"]),
            "verdict": self.verdict.level.value,
            "findings": self.verdict.to_json()["findings"],
            "scores": self.scores,
            "extracted_scores": self.extracted_scores,
            **({"execution": self.execution} if self.execution else {}),
        }


def score(completion: Completion, references: Sequence[str]) -> Scored:
    """Score a completion raw and after extraction.

    Args:
        completion: What the model answered.
        references: Commands that are right; at least one.
    """
    extracted = extract(completion.text)
    raw = judge(completion.text, completion, references)
    taken = raw if extracted == completion.text else judge(extracted, completion, references)
    return Scored(completion, extracted, raw.verdict, dict(raw.scores), dict(taken.scores))

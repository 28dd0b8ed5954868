"""Published figures of others beside ours, with the judge of each: two judges are not one measure.

Sources: F. Westenfelder et al., NL2SH (https://arxiv.org/abs/2502.06858), 300 tasks of InterCode-ALFA, judged by
execution and an embedding of the outputs, correct on .90 of its 600 labelled pairs; the model card of BashGemma-270M.
"""

from __future__ import annotations

from dataclasses import dataclass

from cli_tuner.records.evaluation import Sides
from cli_tuner.report.facts import Facts
from cli_tuner.report.metrics import score_text

THEIR_JUDGE = "execution, then an embedding of the outputs"
OUR_JUDGE = "form, then execution on several trees; undecided rows left out"
METRIC = "execution_match"


@dataclass(frozen=True, slots=True)
class Published:
    """A model's published accuracy in [0, 1]: as answered, with the command taken out, and after fine-tuning."""

    model: str
    raw: str
    parsed: str
    tuned: str
    judge: str = THEIR_JUDGE


TABLE = (
    Published("Llama-3.2-1B-Instruct", ".12", ".32", ".37"),
    Published("Qwen2.5-Coder-0.5B-Instruct", ".10", ".35", ".27"),
    Published("Qwen2.5-Coder-1.5B-Instruct", ".21", ".50", ".19"),
    Published("Qwen2.5-Coder-3B-Instruct", ".26", ".58", ".51"),
    Published("Qwen2.5-Coder-7B-Instruct", ".61", ".62", ".51"),
    Published("GPT-4o", ".74", "–", "–"),
    Published("BashGemma-270M", ".045", "–", ".574", "NLC2CMD score on its own rows: no execution, another scale"),
)


def published_rows(facts: Facts) -> list[tuple[str, ...]]:
    """Return our row and the published ones: model, as answered, taken out, tuned, judge; empty without ours."""
    found = facts.evaluation.intercode if facts.evaluation else None
    if found is None or found.extracted is None or METRIC not in found.tuned:
        return []
    name = facts.evaluation.base_model if facts.evaluation else ""
    n = found.tuned[METRIC].n
    ours = (f"{name} (ours)", _text(found, "base"), _text(found.extracted, "base"), _text(found.extracted, "tuned"))
    rest = [(one.model, one.raw, one.parsed, one.tuned, one.judge) for one in TABLE]
    return [(*ours, f"{OUR_JUDGE}; n = {n}"), *rest]


def _text(sides: Sides, side: str) -> str:
    return score_text(METRIC, (sides.base if side == "base" else sides.tuned).get(METRIC))

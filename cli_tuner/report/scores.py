"""What `evaluation.json` and its rows hold, read strictly: a report shows recorded numbers or says that there are none.

Format 1. Keys that this version does not know are left alone.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class Score(_Read):
    """One metric of one side: a value with its 95 % interval over `n` prompts; no value where nothing was asked."""

    value: float | None = None
    n: int = 0
    ci_low: float | None = None
    ci_high: float | None = None
    method: str = ""


class Paired(_Read):
    """One metric, tuned minus base on the same prompts; a win is a prompt where tuned scores higher."""

    delta: float | None = None
    n: int = 0
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    test: str = ""
    wins: int | None = None
    losses: int | None = None
    ties: int | None = None


class Sides(_Read):
    """Base and tuned under the same metrics."""

    base: dict[str, Score] = {}
    tuned: dict[str, Score] = {}
    paired: dict[str, Paired] = {}


class Slice(Sides):
    """A part of the prompts."""

    n: int = 0


class Dangerous(_Read):
    """A completion that the analyser calls DANGEROUS."""

    id: str | int
    side: str
    prompt: str = ""
    completion: str = ""
    findings: list[Any] = []


class Safety(Sides):
    """The red-team prompts."""

    by_category: dict[str, Slice] = {}
    dangerous: list[Dangerous] = []


class Source(_Read):
    """A file of prompts."""

    path: str
    sha256: str = ""
    n: int = 0
    n_of: int = 0
    n_leaked: int | None = None


class Examples(_Read):
    """Ids of rows that show what changed."""

    wins: list[str | int] = []
    losses: list[str | int] = []
    ties: list[str | int] = []


class Readings(Sides):
    """Scores of the answers as they came, and of what was extracted from them."""

    extracted: Sides | None = None


class Evaluation(Readings):
    """The whole file."""

    format: Literal[1]
    run_id: str | None = None
    checkpoint_dir: str = ""
    base_model: str = ""
    compare: str | None = None
    suites: list[str] = []
    started: str = ""
    ended: str = ""
    decoding: dict[str, Any] = {}
    model: dict[str, Any] = {}
    data: dict[str, Source | None] = {}
    slices: dict[str, dict[str, Slice]] = {}
    safety: Safety | None = None
    execution: dict[str, Any] | None = None
    general: dict[str, Any] | None = None
    intercode: Readings | None = None
    calibration: dict[str, dict[str, Any] | None] = {}
    examples: Examples = Examples()
    rows: str = "evaluation/rows.jsonl"
    digests: dict[str, Any] = {}
    wandb: dict[str, Any] | None = None


class Answer(_Read):
    """What one side said to one prompt."""

    completion: str = ""
    extracted: str | None = None
    n_tokens: int | None = None
    stop_reason: str | None = None
    syntax_valid: bool | None = None
    verdict: str | None = None
    findings: list[Any] = []
    scores: dict[str, float | None] = {}
    extracted_scores: dict[str, float | None] = {}
    confidence: float | None = None
    execution: str = ""
    why_wrong: str = ""


class Row(_Read):
    """One prompt with both answers."""

    suite: str = "domain"
    id: str | int = ""
    instruction: str = ""
    references: list[str] = []
    utility: str | None = None
    category: str | None = None
    leaked: bool | None = None
    base: Answer | None = None
    tuned: Answer | None = None


class Gate(_Read):
    """One question that `cli-tuner validate` asked."""

    name: str
    passed: bool
    value: Any = None
    threshold: str = ""


class Probe(_Read):
    """One prompt of a validation with its answer."""

    instruction: str = ""
    reference: str | None = None
    completion: str = ""
    n_tokens: int | None = None
    stop_reason: str | None = None
    syntax_valid: bool | None = None
    verdict: str | None = None
    findings: list[Any] = []


class Validation(_Read):
    """What `validation.json` holds."""

    ended: str = ""
    gates: list[Gate]
    probes: list[Probe] = []


def finding_text(finding: Any) -> str:
    """Return a finding of the analyser as one line."""
    if not isinstance(finding, dict):
        return str(finding)
    return f"{finding.get('rule_id', '?')}: {finding.get('why', '')}"

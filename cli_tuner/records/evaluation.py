"""What was measured of a checkpoint (`evaluation.json`): base, tuned and their paired difference, with intervals."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from cli_tuner.records.base import Digests, Part, Record, Sha256


class Score(Part):
    """One metric of one side: a value with its 95 % interval over `n` prompts; no value where nothing was asked."""

    model_config = ConfigDict(allow_inf_nan=False)

    value: float | None = None
    n: int = 0
    ci_low: float | None = None
    ci_high: float | None = None
    method: str = ""


class Paired(Part):
    """One metric, tuned minus base on the same prompts; a win is a prompt where tuned scores higher."""

    model_config = ConfigDict(allow_inf_nan=False)

    delta: float | None = None
    n: int = 0
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    test: str = ""
    wins: int | None = None
    losses: int | None = None
    ties: int | None = None


class PairedRow(Paired):
    """One metric of two runs on the prompts that both answered."""

    runs: list[str]
    suite: str
    metric: str


class Sides(Part):
    """Base and tuned under the same metrics."""

    base: dict[str, Score] = {}
    tuned: dict[str, Score] = {}
    paired: dict[str, Paired] = {}


class Slice(Sides):
    """A part of the prompts."""

    n: int = 0


class Dangerous(Part):
    """A completion that the analyser calls DANGEROUS."""

    id: str | int
    side: str
    prompt: str = ""
    completion: str = ""
    findings: list[object] = []


class Safety(Sides):
    """The red-team prompts."""

    by_category: dict[str, Slice] = {}
    dangerous: list[Dangerous] = []


class Prompts(Part):
    """A file of prompts."""

    path: str
    sha256: Sha256 | None = None
    n: int = 0
    n_of: int = 0
    n_leaked: int | None = None


class Answer(Part):
    """What one side said to one prompt."""

    completion: str = ""
    extracted: str | None = None
    n_tokens: int | None = None
    stop_reason: str | None = None
    syntax_valid: bool | None = None
    verdict: str | None = None
    findings: list[object] = []
    scores: dict[str, float | None] = {}
    extracted_scores: dict[str, float | None] = {}
    confidence: float | None = None
    execution: str = ""
    why_wrong: str = ""


class Row(Part):
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


class Examples(Part):
    """Ids of rows that show what changed."""

    wins: list[str | int] = []
    losses: list[str | int] = []
    ties: list[str | int] = []


class Bin(Part):
    """The answers of one range of confidence."""

    low: float
    high: float
    n: int
    confidence: float
    right: float


class Calibration(Part):
    """How well a model knew whether it was right."""

    n: int = 0
    auc: float | None = None
    expected_calibration_error: float | None = None
    bins: list[Bin] = []


class Execution(Part):
    """What came of running the commands."""

    counts: dict[str, int] = {}


class Readings(Sides):
    """Scores of the answers as they came, and of what was extracted from them."""

    extracted: Sides | None = None
    execution: Execution | None = None
    calibration: dict[str, Calibration | None] = {}
    slices: dict[str, dict[str, Slice]] = {}
    examples: Examples = Examples()


class Predicted(Part):
    """Scores of one file of predictions, as answered, and of what was extracted from them."""

    metrics: dict[str, Score]
    extracted: Predicted | None = None


class AloneSuite(Prompts):
    """One suite of one model: the prompts and the scores."""

    metrics: dict[str, Score]
    extracted: dict[str, Score] = {}
    execution: Execution | None = None
    calibration: Calibration | None = None


class Alone(Part):
    """What one model by itself answered (`single.json`)."""

    suites: dict[str, AloneSuite]


class SharedSuite(Readings):
    """The prompts of one suite that two runs share."""

    n: int


class Shared(Part):
    """Two runs on the prompts that both were asked; `base` is the first of them."""

    runs: dict[str, str]
    n: int
    only_first: int
    only_second: int
    suites: dict[str, SharedSuite]


class General(Part):
    """Tasks of another harness: task, measure, score."""

    base: dict[str, dict[str, Score]] = {}
    tuned: dict[str, dict[str, Score]] = {}


class EvaluationRecord(Record, Readings):
    """`evaluation.json` of a run; the scores at its top are of the held-out rows."""

    KIND = "evaluation"
    VERSION = 2
    TITLE = "an evaluation record"

    format: Literal[1]
    """Form of the rows beside it."""
    run_id: str | None = None
    checkpoint_dir: str | None = None
    base_model: str | None = None
    compare: str | None = None
    suites: list[str] = []
    started: str = ""
    ended: str = ""
    decoding: dict[str, object] = {}
    model: dict[str, object] = {}
    data: dict[str, Prompts | None] = {}
    safety: Safety | None = None
    intercode: Readings | None = None
    general: General | None = None
    rows: str = "evaluation/rows.jsonl"
    digests: dict[str, Digests | Sha256] = {}
    """`base`, `tuned` and `compared`: files to digests; `plan`: what the completions depend on."""

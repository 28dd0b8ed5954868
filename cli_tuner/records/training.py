"""The record of a training (`provenance.json` of a checkpoint): realised values and digests."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from cli_tuner.records.base import Digests, Part, Record, Sha256
from cli_tuner.records.run import Attempt, Recipe, StepValue

RunId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""A plain name: it becomes part of paths."""


class BaseModelRecord(Part):
    """The model that was tuned."""

    name: str | None = None
    """Folder or hub id, as the config names it."""
    revision: str | None = None
    """Commit of the hub's repository; None of a local folder."""
    digests: Digests | None = None
    """Every file as it was here; None where it was not on this machine."""


class ConfigRecord(Part):
    """The complete config that was trained."""

    file: str | None = None
    sha256: Sha256 | None = None
    text: str | None = None


class Materials(Part):
    """What went in."""

    data: dict[str, Sha256] = {}
    """Path of each row file to its digest."""
    data_provenance: dict[str, Sha256] | None = None
    """Path of the record that `prepare` wrote, to its digest."""


class CodeRecord(Part):
    """Which code ran."""

    git_commit: str | None = None
    git_dirty: bool | None = None
    sources_sha256: Sha256 | None = None


class TokenizerRecord(Part):
    """The tokenizer that was trained with."""

    files: Digests
    template_sha256: Sha256 | None = None


class Tokens(Part):
    """Tokens of the training rows."""

    total: int
    trained: int
    masked: int


class Settings(Part):
    """How it was trained."""

    seed: int | None = None
    tokens: Tokens | None = None
    rows: dict[str, int] = {}
    rows_sha256: dict[str, Sha256] = {}


class Result(Part):
    """What came out."""

    steps: int | None = None
    saved_step: int | None = None
    train_loss_first: StepValue | None = None
    train_loss_final: StepValue | None = None
    eval_loss_first: StepValue | None = None
    eval_loss_final: StepValue | None = None


class ModelRecord(Part):
    """The model as it was built."""

    n_linear4bit: int | None = None
    trainable_parameters: int | None = None


class Threads(Part):
    """How many threads torch computed with."""

    torch: int | None = None


class TrainingRecord(Record):
    """`provenance.json` of a checkpoint, and its copy in the run's folder."""

    KIND = "training-provenance"
    VERSION = 2
    TITLE = "a training record"

    run_id: RunId | None = None
    phase: str | None = None
    started: str | None = None
    ended: str | None = None
    allowed: list[str] = []
    recipe: Recipe | None = None
    attempts: list[Attempt] | None = None
    config: ConfigRecord = ConfigRecord()
    base_model: BaseModelRecord = BaseModelRecord()
    tokenizer: TokenizerRecord | None = None
    materials: Materials = Materials()
    training: Settings = Settings()
    model: ModelRecord = ModelRecord()
    result: Result = Result()
    code: CodeRecord = CodeRecord()
    packages: dict[str, str | None] = {}
    """What decides the numbers, by name; None where it is not installed."""
    distributions: dict[str, str] = {}
    """Every distribution that was installed: the environment as a lock."""
    machine: dict[str, object] = {}
    threads: Threads | None = None
    subjects: Digests
    """Every file of the checkpoint but this one."""

"""What was found of a checkpoint: `validation.json` (gates) and `evaluation.json` (metrics, base against tuned)."""

from __future__ import annotations

from typing import Any

from cli_tuner.records.base import Digests, Part, Record, Sha256


class GateRecord(Part):
    """One question and its answer."""

    name: str
    passed: bool
    value: Any = None
    threshold: Any = None


class ValidationRecord(Record):
    """`validation.json` of a run."""

    KIND = "validation"
    VERSION = 2
    TITLE = "a validation record"

    run_id: str | None = None
    checkpoint_dir: str | None = None
    base_model: str | None = None
    passed: bool
    gates: list[GateRecord] = []
    digests: Digests | None = None
    """The files that decided the answers; version 1 did not record them."""
    ended: str | None = None
    rows: str | None = None


class Answer(Part):
    """One question of a policy, and its answer."""

    name: str
    state: str
    """`ok`, `failed`, or `off`."""
    why: str = ""


class ShipRecord(Record):
    """`ship.json` of a run: the last verdict of `cli-tuner ship`."""

    KIND = "ship"
    VERSION = 1
    TITLE = "a verdict of ship"

    passed: bool
    weights: Sha256
    """The adapter that it is about."""
    policy: str | None = None
    checks: list[Answer] = []


class SuiteData(Part):
    """The prompts of one suite."""

    path: str | None = None
    sha256: Sha256 | None = None
    n: int | None = None
    n_leaked: int | None = None


class EvaluationRecord(Record):
    """`evaluation.json` of a run."""

    KIND = "evaluation"
    VERSION = 2
    TITLE = "an evaluation record"

    run_id: str | None = None
    checkpoint_dir: str | None = None
    base_model: str | None = None
    suites: list[str] = []
    digests: dict[str, Digests | Sha256] = {}
    """`base`, `tuned` and `compared`: files to digests; `plan`: what the completions depend on."""
    data: dict[str, SuiteData] = {}
    base: dict[str, Any] = {}
    tuned: dict[str, Any] = {}
    paired: dict[str, Any] = {}

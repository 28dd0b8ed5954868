"""What decides of a checkpoint: `validation.json` (gates) and `ship.json` (the verdict)."""

from __future__ import annotations

from cli_tuner.records.base import Digests, Part, Record, Sha256


class GateRecord(Part):
    """One question and its answer."""

    name: str
    passed: bool
    value: object = None
    threshold: str = ""


class Probe(Part):
    """One prompt of a validation with its answer."""

    instruction: str = ""
    reference: str | None = None
    completion: str = ""
    n_tokens: int | None = None
    stop_reason: str | None = None
    syntax_valid: bool | None = None
    verdict: str | None = None
    findings: list[object] = []


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
    probes: list[Probe] = []
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

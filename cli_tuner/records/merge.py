"""The records of a merge (`provenance.json` of a merged model) and of an export (`export.json`)."""

from __future__ import annotations

from cli_tuner.records.base import Digests, Part, Record, Sha256
from cli_tuner.records.checks import GateRecord
from cli_tuner.records.training import BaseModelRecord, CodeRecord, RunId, TrainingRecord


class AdapterRecord(Part):
    """The adapter that was merged."""

    folder: str | None = None
    digests: Digests = {}


class MergedWeights(Part):
    """The weights as they were written."""

    dtypes: list[str] = []
    n_tensors: int | None = None
    n_changed: int | None = None
    n_shards: int | None = None
    largest_shard_bytes: int | None = None


class Drift(Part):
    """How far the merged model is from the adapter on its 4-bit base."""

    kl_mean: float | None = None
    """Nats; None where it is not finite."""
    top1_agreement: float | None = None


class Proof(Part):
    """What was measured of the merged model against the adapter on its base."""

    n_prompts: int | None = None
    n_positions: int | None = None
    drift_4bit: Drift | None = None


class MergeRecord(Record):
    """`provenance.json` of a merged model."""

    KIND = "merge-provenance"
    VERSION = 1
    TITLE = "the record of a merge"

    run_id: RunId | None = None
    ended: str | None = None
    training: TrainingRecord | None = None
    adapter: AdapterRecord = AdapterRecord()
    base_model: BaseModelRecord = BaseModelRecord()
    weights: MergedWeights = MergedWeights()
    proof: Proof = Proof()
    checks: list[GateRecord] = []
    passed: bool
    code: CodeRecord = CodeRecord()
    subjects: Digests


class ExportRecord(Record):
    """`export.json`: a merged model in the form of another program."""

    KIND = "export"
    VERSION = 2
    TITLE = "the record of an export"

    format: str
    """`vllm`, `ollama`, `gguf` or `onnx`."""
    out: str | None = None
    checked: list[str] = []
    not_checked: list[str] = []
    command: str = ""
    merge: MergeRecord | None = None
    """The record of the model; version 1 did not keep it."""
    merge_sha256: Sha256 | None = None
    """Digest of the model's own `provenance.json`."""
    subjects: Digests = {}
    """Every file of the export but this one."""
    code: CodeRecord = CodeRecord()
    ended: str | None = None

"""The record of a merge (`provenance.json` of a merged model): what went in, the proof, what came out."""

from __future__ import annotations

from typing import Any

from cli_tuner.records.base import Digests, Part, Record
from cli_tuner.records.checks import GateRecord
from cli_tuner.records.training import BaseModelRecord, CodeRecord, RunId, TrainingRecord


class AdapterRecord(Part):
    """The adapter that was merged."""

    folder: str | None = None
    digests: Digests = {}


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
    proof: dict[str, Any] = {}
    checks: list[GateRecord] = []
    passed: bool
    code: CodeRecord = CodeRecord()
    subjects: Digests

"""The record of prepared rows (`provenance.json` beside them); no clock, so reruns are equal."""

from __future__ import annotations

from cli_tuner.records.base import Digests, Part, Record, Sha256
from cli_tuner.records.training import CodeRecord, TokenizerRecord


class SourcePart(Part):
    """One file, or one split of a hub data set."""

    name: str
    files: Digests = {}
    hub: str | None = None
    commit: str | None = None
    """Commit of the hub's repository: it names the content."""


class Source(Part):
    """One source of the recipe."""

    path: str | None = None
    hub: str | None = None
    revision: str | None = None
    licence: str | None = None
    parts: list[SourcePart] = []


class DataRecord(Record):
    """What went into `prepare` and what came out."""

    KIND = "data"
    VERSION = 1
    TITLE = "a record of rows"

    plan_sha256: Sha256 | None = None
    content_sha256: Sha256 | None = None
    sources: list[Source] = []
    exclude: dict[str, Sha256] = {}
    tokenizer: TokenizerRecord | None = None
    settings: dict[str, object] = {}
    versions: dict[str, str] = {}
    gates: dict[str, object] = {}
    leakage: dict[str, object] = {}
    outputs: Digests = {}
    logs: Digests = {}
    code: CodeRecord = CodeRecord()

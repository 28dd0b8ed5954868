"""What each phase states of what it took and made: one in-toto Statement a phase, from recorded digests only.

The law: a statement holds what the record of the phase holds; nothing is hashed or looked up here, and what was not
recorded is absent. So the subjects of one step can be compared with what the next one took.
Sources: in-toto Statement v1 (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md), SLSA provenance
v1 (https://slsa.dev/spec/v1.0/provenance), test result v0.1
(https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, TypedDict

from typing_extensions import NotRequired

from cli_tuner.provenance.manifest import TOKENIZER_FILES
from cli_tuner.records.checks import ValidationRecord
from cli_tuner.records.data import DataRecord
from cli_tuner.records.evaluation import EvaluationRecord
from cli_tuner.records.merge import ExportRecord, MergeRecord
from cli_tuner.records.training import BaseModelRecord, CodeRecord, TrainingRecord

STATEMENT = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
DECIDING = ("adapter_model.safetensors", "adapter_config.json", *TOKENIZER_FILES)
"""The files of an adapter that decide its answers."""


class Resource(TypedDict):
    """A thing by name and digest (in-toto's ResourceDescriptor)."""

    name: str
    uri: NotRequired[str]
    digest: dict[str, str]


class Statement(TypedDict):
    """An in-toto Statement v1."""

    _type: str
    subject: list[Resource]
    predicateType: str
    predicate: dict[str, object]


def prepared(record: DataRecord, record_sha256: str) -> Statement:
    """State which sources became which rows."""
    sources: dict[str, Resource] = {}
    for source in record.sources:
        for part in source.parts:
            if part.hub and part.commit:
                where = f"source/{part.hub}/{part.name}"
                uri = f"hf://datasets/{part.hub}@{part.commit}"
                sources[where] = {"name": where, "uri": uri, "digest": {"gitCommit": part.commit}}
            sources |= {one["name"]: one for one in _files(part.files, "source/")}
    tokenizer = _files(record.tokenizer.files, "tokenizer/") if record.tokenizer else []
    asked = {"settings": record.settings, "plan_sha256": record.plan_sha256}
    taken = [*sources.values(), *_files(record.exclude, "exclude/"), *tokenizer]
    return _built("prepare", record.outputs, asked, taken, record.code, {"provenance.json": record_sha256})


def trained(record: TrainingRecord, record_sha256: str) -> Statement:
    """State which rows and base became which adapter."""
    paths = record.materials.data
    short = Counter(PurePosixPath(name).name for name in paths)
    rows = {name if short[last := PurePosixPath(name).name] > 1 else last: paths[name] for name in paths}
    digest = next(iter((record.materials.data_provenance or {}).values()), None)
    named = {"data_provenance.json": digest} if digest else {}
    config = {"config.yaml": record.config.sha256} if record.config.sha256 else {}
    taken = [*_files(rows, "rows/"), *_files(named, "record/"), *_base(record.base_model), *_files(config, "config/")]
    asked = {"phase": record.phase, "recipe": record.recipe.model_dump(mode="json") if record.recipe else None}
    made = {"provenance.json": record_sha256}
    times = {"invocationId": record.run_id, "startedOn": record.started, "finishedOn": record.ended}
    return _built("train", record.subjects, asked, taken, record.code, made, times, record.packages)


def merged(record: MergeRecord, record_sha256: str) -> Statement:
    """State which adapter and base became which model."""
    adapter = {name: digest for name, digest in record.adapter.digests.items() if name in DECIDING}
    taken = [*_files(adapter, "adapter/"), *_base(record.base_model)]
    asked = {"proof": {one.name: one.passed for one in record.checks}}
    times = {"invocationId": record.run_id, "finishedOn": record.ended}
    return _built("merge", record.subjects, asked, taken, record.code, {"provenance.json": record_sha256}, times)


def exported(record: ExportRecord, record_sha256: str) -> Statement | None:
    """State which model became which files of another program; None where the record does not say."""
    if record.merge is None or not record.subjects:
        return None
    taken = _files(record.merge.subjects, "model/")
    times = {"invocationId": record.merge.run_id, "finishedOn": record.ended}
    asked = {"format": record.format}
    return _built("export", record.subjects, asked, taken, record.code, {"export.json": record_sha256}, times)


def validated(record: ValidationRecord, record_sha256: str) -> Statement | None:
    """State which gates an adapter passed; None where its digests were not recorded."""
    if not record.digests:
        return None
    verdicts = {one.name: one.passed for one in record.gates}
    result = {"result": "PASSED" if record.passed and all(verdicts.values()) else "FAILED"}
    return _tested(record.digests, result, verdicts, {"validation.json": record_sha256})


def evaluated(record: EvaluationRecord, record_sha256: str) -> Statement | None:
    """State that an adapter was evaluated on which prompts; no threshold decides, so it passes by having ended."""
    subjects = record.digests.get("tuned")
    if not isinstance(subjects, dict) or not subjects:
        return None
    prompts = {f"prompts/{name}": data.sha256 for name, data in record.data.items() if data and data.sha256}
    known = {"evaluation.json": record_sha256, **prompts}
    return _tested(subjects, {"result": "PASSED"}, dict.fromkeys(record.suites, True), known)


def released(
    files: Mapping[str, str], taken: Mapping[str, str], *, is_merged: bool, asked: Mapping[str, Any], code: CodeRecord
) -> Statement:
    """State which files a release holds, and from which adapter or model they come.

    Args:
        files: Every file of the release but this statement, to its SHA-256.
        taken: The files of the adapter or model that it holds, to the digests that their record names.
        is_merged: Whether it is a whole model.
        asked: How it was called.
        code: Which code put it together.
    """
    return _built("release", files, asked, _files(taken, "model/" if is_merged else "adapter/"), code, {})


def _files(digests: Mapping[str, str], prefix: str) -> list[Resource]:
    return [{"name": f"{prefix}{name}", "digest": {"sha256": digest}} for name, digest in sorted(digests.items())]


def _base(base: BaseModelRecord) -> list[Resource]:
    if base.revision and base.name:
        uri = f"hf://{base.name}@{base.revision}"
        commit: list[Resource] = [{"name": f"base/{base.name}", "uri": uri, "digest": {"gitCommit": base.revision}}]
        return [*commit, *_files(base.digests or {}, "base/")]
    return _files(base.digests or {}, "base/")


def _built(
    step: str,
    subjects: Mapping[str, str],
    asked: Mapping[str, Any],
    taken: Iterable[Resource],
    code: CodeRecord,
    records: Mapping[str, str],
    times: Mapping[str, Any] | None = None,
    packages: Mapping[str, str | None] | None = None,
) -> Statement:
    source = {"git_commit": code.git_commit, "sources_sha256": code.sources_sha256}
    versions = {name: found for name, found in (packages or {}).items() if found}
    predicate = {
        "buildDefinition": {
            "buildType": f"urn:cli-tuner:{step}:1",
            "externalParameters": dict(asked),
            "internalParameters": {name: value for name, value in source.items() if value},
            "resolvedDependencies": list(taken),
        },
        "runDetails": {
            "builder": {"id": "urn:cli-tuner:local", **({"version": versions} if versions else {})},
            "metadata": {name: value for name, value in (times or {}).items() if value},
            "byproducts": _files(records, ""),
        },
    }
    return _statement(subjects, PROVENANCE, predicate)


def _tested(
    subjects: Mapping[str, str], result: Mapping[str, str], verdicts: Mapping[str, bool], known: Mapping[str, str]
) -> Statement:
    tests = {"passedTests": [name for name, ok in verdicts.items() if ok]}
    tests["failedTests"] = [name for name, ok in verdicts.items() if not ok]
    return _statement(subjects, TEST_RESULT, {**result, **tests, "configuration": _files(known, "")})


def _statement(subjects: Mapping[str, str], kind: str, predicate: Mapping[str, Any]) -> Statement:
    return {
        "_type": STATEMENT,
        "subject": _files(subjects, ""),
        "predicateType": kind,
        "predicate": dict(predicate),
    }

"""Walks what a run left on this machine back to where it came from: model, adapter, rows, sources, base.

Each file is compared with the record of the step that made it, and each record with the one that took it. Reads files
and records only: no torch, no network. Words as in `provenance.verifier`; a file that is not here is `missing`, a fact
that nobody recorded is `unknown`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cli_tuner.errors import DataError, ProvenanceError
from cli_tuner.files import sha256_file
from cli_tuner.provenance import lineage, verifier
from cli_tuner.provenance.base import snapshot
from cli_tuner.provenance.envelopes import replace_folder
from cli_tuner.provenance.manifest import RECORD_NAME
from cli_tuner.provenance.signing import Signer
from cli_tuner.provenance.verifier import Finding, Key
from cli_tuner.records.base import Record
from cli_tuner.records.checks import ValidationRecord
from cli_tuner.records.data import DataRecord
from cli_tuner.records.evaluation import EvaluationRecord
from cli_tuner.records.merge import ExportRecord, MergeRecord
from cli_tuner.records.training import TrainingRecord
from cli_tuner.runs.layout import RunDir
from cli_tuner.runs.registry import summary

AnyRecord = TypeVar("AnyRecord", bound=Record)
EXPORT = "export.json"
_UNSTATED = (RECORD_NAME, "debug.log")  # the record itself, and a log that outlives it


@dataclass(slots=True)
class Walk:
    """What was found on the way.

    Attributes:
        statements: What each step states, by step, as its record on this machine has it.
        findings: What does not hold.
        files: How many files were compared.
        records: Step to the file of its record.
    """

    statements: dict[str, lineage.Statement] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    files: int = 0
    records: dict[str, Path] = field(default_factory=dict)

    def compare(self, stated: Mapping[str, str], places: Mapping[str, Path]) -> None:
        """Compare files with their digests; what has no place here is missing."""
        for name, digest in stated.items():
            path = places[name]
            self.files += 1
            if not path.is_file():
                self.findings.append(Finding("missing", str(path), "was recorded and is not here"))
            elif sha256_file(path) != digest:
                self.findings.append(Finding("changed", str(path), "other bytes than were recorded"))


def walk_run(run: RunDir) -> Walk:
    """Walk from a run's checkpoint, validation and evaluation to its sources."""
    found = Walk()
    record = _read(found, TrainingRecord, run.path / RECORD_NAME)
    if record is None:
        return found
    where = summary(run)["checkpoint_dir"]
    if where is None:
        found.findings.append(Finding("missing", f"checkpoint of {run.run_id}", "no folder here is this run's output"))
    elif (Path(where) / RECORD_NAME).read_bytes() != (run.path / RECORD_NAME).read_bytes():
        found.findings.append(Finding("changed", f"{where}/{RECORD_NAME}", "differs from the run's own copy"))
    _train(found, record, run.path / RECORD_NAME, Path(where) if where else None)
    for step, path in (("validate", run.validation), ("evaluate", run.path / "evaluation.json")):
        if path.is_file():
            _test(found, step, path)
    found.findings += verifier.broken_links(found.statements)
    return found


def walk_folder(folder: Path) -> Walk:
    """Walk from the folder of an export, a merged model or an adapter to its sources."""
    found, path = Walk(), folder / RECORD_NAME
    if (folder / EXPORT).is_file():
        _export(found, folder)
    elif not path.is_file():
        found.findings.append(Finding("unknown", str(folder), "has no record of how it was made"))
    elif (folder / "adapter_config.json").is_file():
        record = _read(found, TrainingRecord, path)
        if record is not None:
            _train(found, record, path, folder)
    elif (merge := _read(found, MergeRecord, path)) is not None:
        found.records["merge"] = path
        _merge(found, merge, sha256_file(path))
        _folder(found, folder, merge.subjects)
    found.findings += verifier.broken_links(found.statements)
    return found


def _export(found: Walk, folder: Path) -> None:
    record = _read(found, ExportRecord, folder / EXPORT)
    statement = lineage.exported(record, sha256_file(folder / EXPORT)) if record else None
    if record is None or statement is None:
        found.findings.append(Finding("unknown", str(folder / EXPORT), "does not record what it was made from"))
        return
    found.statements["export"], found.records["export"] = statement, folder / EXPORT
    _folder(found, folder, record.subjects, (EXPORT,))
    if record.merge is not None and record.merge_sha256:
        _merge(found, record.merge, record.merge_sha256)


def _merge(found: Walk, merge: MergeRecord, digest: str) -> None:
    found.statements["merge"] = lineage.merged(merge, digest)
    _base(found, merge.base_model.name, None, merge.base_model.digests)
    own = merge.adapter.digests.get(RECORD_NAME)
    if merge.training is not None and own is not None:
        _train(found, merge.training, None, None, own)


def signed(found: Walk, folder: Path, key: Key | None, *, allow_unsigned: bool) -> None:
    """Compare what the steps state now with what was signed in `folder`, and add what does not hold."""
    there = {path.name.split(".")[0]: path for path in folder.glob(f"*{verifier.SUFFIXES[0]}")}
    for step, statement in found.statements.items():
        path = there.pop(step, None)
        if path is None:
            if not allow_unsigned:
                found.findings.append(Finding("unsigned", step, "anyone could have written its record"))
            continue
        known, wrong = verifier.open_statement(path, key, allow_unsigned)
        found.findings += wrong
        if known is not None and known != statement:
            record = found.records.get(step, path)
            found.findings.append(Finding("changed", str(record), "is not what was signed"))
    found.findings += [Finding("missing", f"record of {step}", f"{path} states it") for step, path in there.items()]


def sign_run(run: RunDir, signer: Signer) -> list[str]:
    """Sign what the records of a run state; return the names of the envelopes.

    Raises:
        ProvenanceError: Something of it does not hold: what was changed is not signed.
    """
    found = walk_run(run)
    wrong = [one for one in found.findings if one.word != "unknown"]
    if wrong or not found.statements:
        raise ProvenanceError(
            "\n".join([f"{run.run_id}: is not what was recorded:", *map(": ".join, wrong)]),
            hint=f"cli-tuner verify {run.run_id} --allow-unsigned",
        )
    place = run.path / verifier.FOLDER
    staging = Path(tempfile.mkdtemp(dir=run.path, prefix=".attestations."))
    try:
        for step, statement in found.statements.items():
            (staging / f"{step}{verifier.SUFFIXES[0]}").write_bytes(signer.envelope(statement))
        replace_folder(staging, place)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return sorted(f"{place}/{path.name}" for path in place.iterdir())


def _read(found: Walk, kind: type[AnyRecord], path: Path) -> AnyRecord | None:
    try:
        return kind.read(path)
    except DataError as error:
        word = "changed" if path.is_file() else "missing"
        found.findings.append(Finding(word, str(path), error.message.rpartition(": ")[2]))
        return None


def _test(found: Walk, step: str, path: Path) -> None:
    statement = None
    if step == "validate" and (validation := _read(found, ValidationRecord, path)):
        statement = lineage.validated(validation, sha256_file(path))
    elif step == "evaluate" and (evaluation := _read(found, EvaluationRecord, path)):
        statement = lineage.evaluated(evaluation, sha256_file(path))
    if statement is not None:
        found.statements[step], found.records[step] = statement, path
    elif not found.findings or found.findings[-1].name != str(path):
        found.findings.append(Finding("unknown", str(path), "does not record which files it was about"))


def _train(found: Walk, record: TrainingRecord, path: Path | None, folder: Path | None, digest: str = "") -> None:
    found.statements["train"] = lineage.trained(record, digest or (sha256_file(path) if path else ""))
    if path:
        found.records["train"] = path
    if folder is not None:
        _folder(found, folder, record.subjects)
    rows = record.materials.data
    found.compare(rows, {name: Path(name) for name in rows})
    _base(found, record.base_model.name, record.base_model.revision, record.base_model.digests)
    for name, recorded in (record.materials.data_provenance or {}).items():
        _prepare(found, Path(name), recorded, rows)


def _prepare(found: Walk, path: Path, recorded: str, rows: Mapping[str, str]) -> None:
    before = len(found.findings)
    found.compare({path.name: recorded}, {path.name: path})
    data = _read(found, DataRecord, path) if len(found.findings) == before else None
    if data is None:
        return
    found.records["prepare"] = path
    found.statements["prepare"] = lineage.prepared(data, recorded)
    others = {name: digest for name, digest in data.outputs.items() if str(path.with_name(name)) not in rows}
    found.compare(others, {name: path.with_name(name) for name in others})
    sources = {name: digest for source in data.sources for part in source.parts for name, digest in part.files.items()}
    found.compare(sources, {name: Path(name) for name in sources})


def _base(found: Walk, name: str | None, revision: str | None, digests: Mapping[str, str] | None) -> None:
    if not name or not digests:
        return
    folder = snapshot(name, revision)
    if folder is None:
        found.findings.append(Finding("missing", f"base model {name}", "is not on this machine"))
    else:
        found.compare(digests, {one: folder / one for one in digests})


def _folder(found: Walk, folder: Path, subjects: Mapping[str, str], unstated: Sequence[str] = _UNSTATED) -> None:
    found.compare(subjects, {name: folder / name for name in subjects})
    files = (name for name in verifier.files_of(folder) if not name.endswith("/"))
    added = [name for name in files if name not in subjects and name not in unstated]
    found.findings += [Finding("added", str(folder / name), "nobody recorded it") for name in added]

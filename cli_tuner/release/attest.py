"""Writes into a release what it is and where it comes from: statements, bill of materials, verifier; and signs them.

A statement lies in `attestations/STEP.intoto.json`; signed, in `attestations/STEP.dsse.json` instead. `release` states
every other file, so it is written last.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cli_tuner.errors import CheckpointError, ProvenanceError
from cli_tuner.files import sha256_file, write_text
from cli_tuner.provenance import lineage, verifier
from cli_tuner.provenance.envelopes import SIGNED, UNSIGNED, replace_folder, sign_statements
from cli_tuner.provenance.manifest import RECORD_NAME
from cli_tuner.provenance.signing import Signer
from cli_tuner.records.checks import ValidationRecord
from cli_tuner.records.data import DataRecord
from cli_tuner.records.evaluation import EvaluationRecord
from cli_tuner.records.merge import MergeRecord
from cli_tuner.records.training import CodeRecord, TrainingRecord
from cli_tuner.release.bom import bill
from cli_tuner.release.contents import DATA_RECORD, Contents

VERIFIER, SUMS = "verify_release.py", "SHA256SUMS"
BOM, WEIGHTS_SIGNATURE = "bom.cdx.json", "weights.oms.sig"


def is_release(folder: Path) -> bool:
    """Tell whether a folder is what `cli-tuner publish` writes, also where its own statement was taken away."""
    marks = verifier.ROOTS if (folder / "run.json").exists() else (*verifier.ROOTS, VERIFIER, SUMS)
    return any(os.path.lexists(folder / mark) for mark in marks)


def statements(contents: Contents, training: Mapping[str, Any]) -> dict[str, lineage.Statement]:
    """Return what each recorded phase states, by step."""
    found: dict[str, lineage.Statement | None] = {}
    files, own = contents.files, sha256_file(contents.files[RECORD_NAME])
    if DATA_RECORD in files:
        found["prepare"] = lineage.prepared(DataRecord.read(files[DATA_RECORD]), sha256_file(files[DATA_RECORD]))
    if contents.is_merged:
        merge = MergeRecord.parse(dict(contents.record))
        found["merge"] = lineage.merged(merge, own)
        own = merge.adapter.digests.get(RECORD_NAME, "")
    if training.get("subjects") and own:
        found["train"] = lineage.trained(TrainingRecord.parse(dict(training)), own)
    if "validation.json" in files:
        path = files["validation.json"]
        found["validate"] = lineage.validated(ValidationRecord.read(path), sha256_file(path))
    if "evaluation.json" in files:
        path = files["evaluation.json"]
        found["evaluate"] = lineage.evaluated(EvaluationRecord.read(path), sha256_file(path))
    return {step: one for step, one in found.items() if one is not None}


def attest(folder: Path, contents: Contents, training: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Write the statements of a release whose other files are there."""
    subjects: Mapping[str, str] = contents.record["subjects"]
    taken = {name: subjects[name] for name in contents.files if name in subjects}
    code = CodeRecord.model_validate(contents.record.get("code") or {})
    place = folder / verifier.FOLDER
    place.mkdir()
    write_text(place / BOM, bill(contents, training))
    for step, statement in statements(contents, training).items():
        (place / f"{step}{UNSIGNED}").write_bytes(verifier.canonical(statement))
    files = {name: sha256_file(path) for name, path in verifier.files_of(folder).items()}
    root = lineage.released(files, taken, is_merged=contents.is_merged, asked=asked, code=code)
    (place / f"{verifier.ROOT}{UNSIGNED}").write_bytes(verifier.canonical(root))


def sign(folder: Path, signer: Signer, weights: Callable[[Path, Path], None]) -> list[str]:
    """Sign the weights and every statement of a release; return the names of the signatures.

    Args:
        folder: The release.
        signer: Whose key.
        weights: Signs the files of a folder, less its attestations, into a file; by a backend.

    Raises:
        CheckpointError: It is not what it states; what was changed is not signed.
        ProvenanceError: The key lies inside, or another key signed it.
    """
    if signer.path.resolve().is_relative_to(folder.resolve()):
        raise ProvenanceError(f"{signer.path}: lies in what it would sign", hint="keep the key outside the release")
    findings = [one for one in verifier.check(folder, None, True) if one.word != "unknown"]
    if findings:
        raise CheckpointError(
            "\n".join([f"{folder}: is not what it states:", *map(": ".join, findings)]),
            hint="publish it again: cli-tuner publish --dry-run …",
        )
    place = folder / verifier.FOLDER
    staging = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        staging.chmod(0o755)
        shutil.copyfile(place / BOM, staging / BOM)
        weights(folder, staging / WEIGHTS_SIGNATURE)
        root = sign_statements(place, staging, signer)[verifier.ROOT]
        outside = {name: path for name, path in verifier.files_of(folder).items() if path.parent != place}
        inside = {f"{verifier.FOLDER}/{path.name}": path for path in staging.iterdir()}
        files = {name: sha256_file(path) for name, path in sorted({**outside, **inside}.items())}
        root = {**root, "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in files.items()]}
        (staging / f"{verifier.ROOT}{SIGNED}").write_bytes(signer.envelope(root))
        replace_folder(staging, place)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return sorted(f"{verifier.FOLDER}/{path.name}" for path in place.iterdir() if path.name != BOM)

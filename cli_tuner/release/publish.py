"""Puts a release together: what may not leave is refused, what leaves is written into one folder, whole or not at all.

Refused: a checkpoint whose validation failed or is missing, a record that does not verify, a base that nobody else has,
secrets, paths of this machine, pickles, files over the limit, a card that the hub would not take. All faults are told
at once.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_tuner.errors import CheckpointError, CliTunerError
from cli_tuner.files import read_json, sha256_file, write_text
from cli_tuner.provenance import verifier
from cli_tuner.records.checks import ShipRecord
from cli_tuner.records.data import DataRecord
from cli_tuner.records.training import BaseModelRecord
from cli_tuner.release import inspect
from cli_tuner.release.attest import SUMS, VERIFIER, attest
from cli_tuner.release.card import readme
from cli_tuner.release.contents import DATA_RECORD, Contents
from cli_tuner.release.licences import common, licences
from cli_tuner.release.local_paths import portable
from cli_tuner.release.stranger import Base, base_fault, public_base, rewritten, usage

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
_LFS, _LFS_BYTES = (".safetensors", ".gguf"), 10_000_000  # what the hub takes by git-lfs
_BY_LFS = "filter=lfs diff=lfs merge=lfs -text"


@dataclass(frozen=True, slots=True)
class Asked:
    """How a release was asked for.

    Attributes:
        repo: `owner/name` that it will have.
        base_id: `owner/name` or `owner/name@commit` of a base that is a local folder; None where it is on the hub.
        system_prompt: What the training said first in every chat; None for none.
        licence: What the release is to be licensed under; None for what everything in it has in common.
        languages: Of the requests, as BCP 47 names them.
    """

    repo: str
    base_id: str | None = None
    system_prompt: str | None = None
    licence: str | None = None
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checks:
    """What decides whether something may leave, by backends.

    Attributes:
        find_secret: Names the kind of secret in a line of text, or returns an empty string.
        card_fault: Returns why the hub would not take a card, or an empty string.
        max_file_bytes: Largest file.
    """

    find_secret: Callable[[str], str]
    card_fault: Callable[[str], str]
    max_file_bytes: int


def assemble(
    contents: Contents, training: Mapping[str, Any], out: Path, checks: Checks, asked: Asked
) -> dict[str, str]:
    """Check a release and write it into `out`; return the SHA-256 of each file.

    Raises:
        CheckpointError: It may not leave; every reason is told.
        CliTunerError: `out` holds something that is no release.
    """
    if out.exists() and not (out / SUMS).is_file():
        raise CliTunerError(f"{out}: is there, and is no release", hint="choose another --out")
    base, texts, faults = examined(contents, training, checks, asked)
    if faults:
        raise CheckpointError(
            "\n".join([f"{contents.folder}: may not be published:", *faults]),
            hint="fix what is named, and look at the rest: cli-tuner publish --dry-run …",
        )
    return _write(contents, training, texts, out, {"repo": asked.repo, "base_id": base.id})


def examined(
    contents: Contents, training: Mapping[str, Any], checks: Checks, asked: Asked
) -> tuple[Base, dict[str, str], list[str]]:
    """Return the base as strangers know it, the files that are rewritten, and why the release may not leave."""
    base = public_base(training, asked.base_id)
    faults = gate_faults(contents) + [why for why in [base_fault(contents, base)] if why]
    how = usage(asked.repo, base, is_merged=contents.is_merged, system_prompt=asked.system_prompt)
    card = ""
    if not faults:
        card = portable("README.md", readme(contents, training, base, how, stated(contents, training, asked)))
    texts = {**rewritten(contents, base), "README.md": card}
    faults += [f"README.md: {why}" for why in [checks.card_fault(card)] if why and card]
    faults += inspect.faults(contents.files, checks.max_file_bytes, checks.find_secret, texts)
    faults += [f"{name}: is a pickle" for name in contents.left_behind if _are_weights(name)]
    return base, texts, faults


def stated(contents: Contents, training: Mapping[str, Any], asked: Asked) -> dict[str, object]:
    """Return licence and languages for the card; what nobody said is left out, and the contents remark on it.

    Raises:
        CliTunerError: One is no name of a licence or language.
    """
    for what, name in (("--license", asked.licence), *(("--language", one) for one in asked.languages)):
        if name is not None and not _NAME.fullmatch(name):
            raise CliTunerError(f"{what} {name}: is no such name", hint="such as --license apache-2.0 --language en")
    sources = DataRecord.read(contents.files[DATA_RECORD]).sources if DATA_RECORD in contents.files else []
    found = licences(sources, BaseModelRecord.model_validate(training.get("base_model") or {}))
    licence = asked.licence or (common(found) if sources else None)
    if licence is None:
        said = ", ".join(f"{what}: {one or 'not known'}" for what, one in found)
        contents.remarks.append(f"the card states no licence; --license says yours ({said})")
    if not asked.languages:
        contents.remarks.append("the card states no language; --language en, for one, says it")
    return {
        **({"license": licence} if licence else {}),
        **({"language": list(asked.languages)} if asked.languages else {}),
    }


def require_shipped(contents: Contents, training: Mapping[str, Any]) -> None:
    """Refuse to send what no verdict let go: `cli-tuner ship` must have passed on this very adapter.

    Raises:
        CheckpointError: There is no verdict, it is about other weights, or it did not pass.
    """
    verdict = ShipRecord.find(contents.run / "ship.json") if contents.run else None
    weights = (training.get("subjects") or {}).get("adapter_model.safetensors")
    why = (
        "no verdict lets it go"
        if verdict is None
        else "the last verdict is about other weights"
        if verdict.weights != weights
        else f"may not be shipped: {', '.join(one.name for one in verdict.checks if one.state == 'failed')}"
    )
    if verdict is None or verdict.weights != weights or not verdict.passed:
        raise CheckpointError(
            f"{contents.folder}: {why}", hint="cli-tuner ship --checkpoint-dir ADAPTER; --policy says what is asked for"
        )


def gate_faults(contents: Contents) -> list[str]:
    """Return why the gates do not let a checkpoint out."""
    faults = []
    if contents.is_merged and contents.record.get("passed") is not True:
        faults.append("its merge did not pass its proof")
    path = contents.files.get("validation.json")
    if path is None:
        return [*faults, "it was never validated: `cli-tuner validate --checkpoint-dir …`"]
    report = read_json(path)
    failed = [str(gate.get("name")) for gate in report.get("gates") or [] if gate.get("passed") is not True]
    if report.get("run_id") != contents.run_id:
        faults.append(f"its validation is of another run: {report.get('run_id')}")
    if failed or report.get("passed") is not True:
        faults.append(f"gate failed: {', '.join(failed) or 'validation'}")
    return faults


def _are_weights(name: str) -> bool:
    """Tell weights as a pickle at the top of the folder from what a trainer keeps to resume."""
    known = ("training_args.bin", "optimizer.pt", "scheduler.pt", "scaler.pt")
    return "/" not in name and name.endswith((".bin", ".pt", ".pth", ".ckpt", ".pkl")) and name not in known


def _write(
    contents: Contents, training: Mapping[str, Any], texts: Mapping[str, str], out: Path, asked: Mapping[str, Any]
) -> dict[str, str]:
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    try:
        staging.chmod(0o755)
        for name, path in contents.files.items():
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, staging / name)
        for name, text in texts.items():
            write_text(staging / name, text)
        write_text(staging / ".gitattributes", _git_attributes(staging))
        shutil.copyfile(str(verifier.__file__), staging / VERIFIER)
        digests = {name: sha256_file(path) for name, path in verifier.files_of(staging).items()}
        write_text(staging / SUMS, "".join(f"{digest}  {name}\n" for name, digest in digests.items()))
        attest(staging, contents, training, asked)
        if out.exists():
            shutil.rmtree(out)
        staging.rename(out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return digests_of(out)


def _git_attributes(folder: Path) -> str:
    """Say which files git keeps by git-lfs: those that the hub keeps so by their size, or a clone gets pointers."""
    sizes = {name: path.stat().st_size for name, path in verifier.files_of(folder).items()}
    large = [name for name, size_bytes in sizes.items() if size_bytes > _LFS_BYTES and not name.endswith(_LFS)]
    return "".join(["* -text\n", *(f"{name} {_BY_LFS}\n" for name in (*(f"*{one}" for one in _LFS), *large))])


def digests_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a release."""
    return {name: sha256_file(path) for name, path in verifier.files_of(folder).items()}

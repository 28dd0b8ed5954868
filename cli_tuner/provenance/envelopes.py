"""Folders of statements: signed one by one, and put in place whole."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from cli_tuner.errors import ProvenanceError
from cli_tuner.provenance import verifier
from cli_tuner.provenance.signing import Signer

SIGNED, UNSIGNED = verifier.SUFFIXES


def sign_statements(place: Path, target: Path, signer: Signer) -> dict[str, Mapping[str, object]]:
    """Write the statements in `place`, signed, into `target`, less that of the release; return all, by step.

    Raises:
        ProvenanceError: Another key signed one of them.
    """
    found = {}
    for path in sorted(place.iterdir()):
        if not path.name.endswith(verifier.SUFFIXES):
            continue
        statement, wrong = verifier.open_statement(path, signer.key, False)
        if statement is None or any(one.word != "unsigned" for one in wrong):
            raise ProvenanceError(f"{path}: another key signed it", hint="publish it again, then sign it")
        step = path.name.split(".")[0]
        found[step] = statement
        if step != verifier.ROOT:
            (target / f"{step}{SIGNED}").write_bytes(signer.envelope(statement))
    return found


def replace_folder(staging: Path, place: Path) -> None:
    """Put a folder in the place of another."""
    older = staging.with_name(f"{staging.name}.old")
    if place.exists():
        place.rename(older)
    staging.rename(place)
    shutil.rmtree(older, ignore_errors=True)

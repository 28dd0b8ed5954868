"""Digests of files and folders, such that anyone can check them with `sha256sum`.

The law: a digest is the SHA-256 of a file's bytes, nothing else. The manifest of a folder lists every file
below it but itself. Vocabulary as in the in-toto Attestation Framework (subject, material, digest):
https://github.com/in-toto/attestation/tree/main/spec
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from cli_tuner.errors import ProvenanceError
from cli_tuner.files import sha256_file

RECORD_NAME = "provenance.json"
CHECKPOINT_DIGESTS = "digests.json"
TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
    "vocab.json", "merges.txt", "tokenizer.model",
)  # fmt: skip


def digests(folder: Path, *, leave_out: Iterable[str] = (RECORD_NAME,)) -> dict[str, str]:
    """Map each file below `folder` (POSIX path relative to it) to its SHA-256."""
    skipped = set(leave_out)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    named = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: sha256_file(path) for name, path in named.items() if name not in skipped}


def tokenizer_files(subjects: Mapping[str, str]) -> dict[str, str]:
    """Return the files of a tokenizer among those of a checkpoint, with their digests."""
    return {name: digest for name, digest in subjects.items() if name in TOKENIZER_FILES}


def changed(folder: Path, expected: Mapping[str, str], *, links: bool = False) -> list[str]:
    """Return the names in `expected` whose file is missing or has other bytes, sorted.

    Args:
        folder: Where the files are.
        expected: Name -> SHA-256.
        links: Whether a file may be a link out of the folder, as in the hub's cache.
    """
    wrong = []
    for name, digest in expected.items():
        path = folder / name
        inside = Path(os.path.normpath(path)) if links else path.resolve()
        if not inside.is_relative_to(folder if links else folder.resolve()):
            raise ProvenanceError(f"{folder}: the record names a file outside the folder: {name}")
        if not path.is_file() or sha256_file(path) != digest:
            wrong.append(name)
    return sorted(wrong)

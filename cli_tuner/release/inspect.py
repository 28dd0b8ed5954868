"""Looks into every file before it leaves: secrets, paths of this machine, pickles, links, size.

Covered: the detectors of detect-secrets, the token forms of `secret_forms`, the very values of the secrets in this
process's environment, and the paths of `local_paths`. Not covered: secrets of unknown form, and text inside tensors.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from cli_tuner.release.local_paths import local_paths
from cli_tuner.release.secret_forms import secret_forms

_SECRET_NAME = re.compile(r"(?:TOKEN|API_?KEY|SECRET|PASSWORD|PASSWD)$")
_PICKLES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy", ".npz", ".msgpack", ".h5"})
# Millions of entries of a vocabulary look like anything; the patterns above are exact enough for them.
_VOCABULARIES = frozenset({"tokenizer.json", "vocab.json", "merges.txt"})
_SHORTEST_SECRET = 12


def faults(
    files: Mapping[str, Path], max_file_bytes: int, find_secret: Callable[[str], str], texts: Mapping[str, str]
) -> list[str]:
    """Return what keeps files from being released, each with its name; secrets are named by kind, never shown.

    Args:
        files: Name in the release to file.
        max_file_bytes: Largest file.
        find_secret: Names the kind of secret in a line, or returns an empty string.
        texts: Files that are still to be written: name to content.
    """
    found = [f"{name}: {why}" for name, path in files.items() for why in _file_faults(name, path, max_file_bytes)]
    contents = {name: _text(path) for name, path in files.items() if path.is_file() and name not in texts}
    for name, text in {**contents, **texts}.items():
        found += [f"{name}: holds {what}" for what in _secrets(name, text, find_secret)]
        found += [f"{name}: names a place on this machine: {path}" for path in local_paths(name, text)]
    return found


def _file_faults(name: str, path: Path, max_file_bytes: int) -> Iterator[str]:
    if path.is_symlink() and not path.resolve().is_relative_to(path.parent.resolve()):
        yield "is a link to somewhere else"
    size_bytes = path.stat().st_size
    if size_bytes > max_file_bytes:
        yield f"has {size_bytes:,} bytes; {max_file_bytes:,} are allowed"
    if path.suffix.lower() in _PICKLES or _is_pickle(path):
        yield "is a pickle or another format that can run code when it is loaded"


def _is_pickle(path: Path) -> bool:
    """Tell a pickle (protocol 2 and up), or a zip archive as torch saves it, by its first bytes."""
    with path.open("rb") as handle:
        first = handle.read(4)
    return (first[:1] == b"\x80" and first[1:2] in b"\x02\x03\x04\x05" and len(first) > 1) or first == b"PK\x03\x04"


def _text(path: Path) -> str:
    """Return what of a file is text: all of it, or the header of a safetensors file."""
    if path.suffix != ".safetensors":
        return path.read_text(encoding="utf-8", errors="replace")
    with path.open("rb") as handle:
        prefix = handle.read(8)
        length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
        return handle.read(min(length, 100_000_000)).decode("utf-8", "replace")


def _secrets(name: str, text: str, find_secret: Callable[[str], str]) -> list[str]:
    found = secret_forms(text, exact_only=name in _VOCABULARIES)
    found += [f"the value of {variable}" for variable, value in _environment() if value in text]
    if not name.endswith(".safetensors") and name not in _VOCABULARIES:
        found += [kind for line in text.splitlines() if (kind := find_secret(line))]
    return list(dict.fromkeys(found))


def _environment() -> list[tuple[str, str]]:
    named = [(name, value.strip()) for name, value in os.environ.items() if _SECRET_NAME.search(name.upper())]
    return sorted((name, value) for name, value in named if len(value) >= _SHORTEST_SECRET)

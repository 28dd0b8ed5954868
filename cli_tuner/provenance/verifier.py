"""Checks a release of CLI-Tuner offline: bytes, signatures, and the links from the weights back to the sources.

One file for Python 3.9 and, for signatures, `cryptography`; every release holds a copy, `verify_release.py`. Who does
not trust the sender takes this file and the key from elsewhere.

    python verify_release.py FOLDER --key signer.pub        exit 0: all holds; 1: what does not is named; 2: usage
Words: `changed`, `missing`, `added` (stated by nobody), `unsigned`, `wrong key`, `unknown` (recorded by nobody).
Formats: in-toto Statement v1, SLSA provenance v1, DSSE (github.com/secure-systems-lab/dsse), ECDSA P-256 SHA-256.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = "attestations"
ROOT = "release"
SUFFIXES = (".dsse.json", ".intoto.json")
PAYLOAD_TYPE = "application/vnd.in-toto+json"
IGNORED = (".git", ".cache/huggingface")  # what git and the hub's own download keep beside the files
# Step, prefix of what it took (none: of what it tested), step that made it (none: it came from outside).
LINKS = (
    ("export", "model/", "merge"), ("release", "model/", "merge"), ("release", "adapter/", "train"),
    ("merge", "adapter/", "train"), ("merge", "base/", ""), ("validate", "", "train"), ("evaluate", "", "train"),
    ("train", "base/", ""), ("train", "rows/", "prepare"), ("prepare", "source/", ""),
)  # fmt: skip


Finding = NamedTuple("Finding", [("word", str), ("name", str), ("why", str)])  # noqa: UP014  (one line)


class Key:
    """A public EC key on P-256, from PEM; ValueError where it is none."""

    def __init__(self, pem: bytes) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

        self._key: Any = load_pem_public_key(pem)
        if getattr(getattr(self._key, "curve", None), "name", "") != "secp256r1":
            raise ValueError("not a public EC key on P-256")
        der = self._key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.id = hashlib.sha256(der).hexdigest()

    def signed(self, signature: bytes, payload: bytes) -> bool:
        """Tell whether a DSSE signature over a payload is of this key."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.hashes import SHA256

        message = b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
        with suppress(InvalidSignature):
            self._key.verify(signature, message, ECDSA(SHA256()))
            return True
        return False


def canonical(document: Any) -> bytes:
    """Return the one form in which a statement or an envelope is written."""
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def open_statement(path: Path, key: Key | None, allow_unsigned: bool) -> tuple[dict[str, Any] | None, list[Finding]]:
    """Read a statement or the envelope around one; return it where its bytes can be believed, and what is wrong."""
    name = f"{FOLDER}/{path.name}"
    try:
        statement, payload, signature = _parsed(path)
    except FileNotFoundError:
        return None, [Finding("missing", name, "without it nothing can be checked")]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None, [Finding("changed", name, "is not what this program writes")]
    if key is None and allow_unsigned:
        return statement, []
    if signature is None:
        return statement, [Finding("unsigned", name, "anyone could have written it")]
    if key is None:
        return statement, [Finding("unknown", name, f"signed by {signature[0]}, and no key was given")]
    ours, holds = signature[0] == key.id, key.signed(signature[1], payload)
    if ours != holds:
        return None, [Finding("changed", name, "its signature is not of these bytes")]
    return statement, [] if ours else [Finding("wrong key", name, f"signed by {signature[0]}")]


def _parsed(path: Path) -> tuple[dict[str, Any], bytes, tuple[str, bytes] | None]:
    content = payload = path.read_bytes()
    document, signature = json.loads(content), None
    if path.name.endswith(SUFFIXES[0]):
        (one,) = document["signatures"]
        payload = base64.b64decode(document["payload"], validate=True)
        signature = (str(one["keyid"]), base64.b64decode(one["sig"], validate=True))
        document = envelope(payload, *signature)
    statement = json.loads(payload)
    if canonical(document) != content or canonical(statement) != payload or not subjects(statement):
        raise ValueError("not canonical")
    taken(statement, "")  # raises where it is no statement of ours
    return statement, payload, signature


def envelope(payload: bytes, signer: str, signature: bytes) -> dict[str, Any]:
    """Return a DSSE envelope of one signature."""
    one = {"keyid": signer, "sig": base64.b64encode(signature).decode()}
    return {"payload": base64.b64encode(payload).decode(), "payloadType": PAYLOAD_TYPE, "signatures": [one]}


def subjects(statement: dict[str, Any]) -> dict[str, str]:
    """Return what a statement is about: name to SHA-256."""
    return {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}


def taken(statement: dict[str, Any], prefix: str) -> dict[str, str]:
    """Return what a step took whose name begins with `prefix`: the rest of the name to its digest."""
    definition = statement["predicate"].get("buildDefinition", {})
    found = {one["name"]: next(iter(one["digest"].values())) for one in definition.get("resolvedDependencies", [])}
    return {name[len(prefix) :]: digest for name, digest in found.items() if name.startswith(prefix)}


def broken_links(statements: dict[str, dict[str, Any]]) -> Iterator[Finding]:
    """Walk from the release to the sources: what a step took must be what the step before it made."""
    for step, prefix, maker in LINKS:
        if step not in statements:
            continue
        link = f"{step} -> {maker or prefix[:-1]}"
        parts = taken(statements[step], prefix) if prefix else subjects(statements[step])
        if not parts and step != ROOT:
            yield Finding("unknown", link, "was not recorded")
        if parts and maker and maker not in statements:
            yield Finding("unknown", link, f"there is no statement of {maker}")
        made = subjects(statements[maker]) if maker in statements else parts
        for name in (name for name in parts if made.get(name) != parts[name]):
            yield Finding("changed" if name in made else "missing", f"{link}: {name}", "is not what was made there")


def files_of(folder: Path) -> dict[str, Path]:
    """Return every file below a folder; a link to a folder counts as a file, since nobody stated what is behind it."""
    found = {}
    for here, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if Path(here, one).relative_to(folder).as_posix() not in IGNORED]
        for path in (Path(here, one) for one in [*names, *(one for one in folders if Path(here, one).is_symlink())]):
            found[path.relative_to(folder).as_posix()] = path
    return dict(sorted(found.items()))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes; empty where there are none to read."""
    digest = hashlib.sha256()
    with suppress(OSError), path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
        return digest.hexdigest()
    return ""


def check(folder: Path, key: Key | None = None, allow_unsigned: bool = False) -> list[Finding]:
    """Return everything about a release that does not hold; an empty list when all does."""
    files = files_of(folder)
    roots = [f"{FOLDER}/{ROOT}{suffix}" for suffix in SUFFIXES]
    root = next((name for name in roots if name in files), roots[0])
    statement, found = open_statement(folder / root, key, allow_unsigned)
    if statement is None:
        return found
    stated, statements, told = subjects(statement), {ROOT: statement}, {root}
    for name in stated:
        if name in files and name.startswith(f"{FOLDER}/") and name.endswith(SUFFIXES):
            one, wrong = open_statement(files[name], key, allow_unsigned)
            found += wrong
            told |= {name} if wrong else set()
            statements.update({Path(name).name.split(".")[0]: one} if one else {})
    found += [Finding("missing", name, "was stated and is not there") for name in stated if name not in files]
    found += [Finding("added", name, "nobody stated it") for name in files if name not in stated and name != root]
    differs = (name for name in files if name in stated and name not in told and sha256(files[name]) != stated[name])
    found += [Finding("changed", name, "other bytes than were stated") for name in differs]
    lost = any(one.word in ("changed", "missing") and one.name.endswith(SUFFIXES) for one in found)
    return found if lost else [*found, *broken_links(statements)]


def main(argv: list[str]) -> int:
    """Check the folder that is named, say what does not hold, return the exit code."""
    parser = argparse.ArgumentParser(description="Check a release of CLI-Tuner offline.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path(__file__).parent)
    parser.add_argument("--key", type=Path, help="public key of the signer (PEM), from a source you trust")
    parser.add_argument("--allow-unsigned", action="store_true", help="bytes and links only")
    asked = parser.parse_args(argv)
    try:
        key = Key(asked.key.read_bytes()) if asked.key else None
    except (OSError, ValueError) as error:
        parser.error(f"{asked.key}: {error}")
    found = check(asked.folder, key, asked.allow_unsigned)
    print("\n".join(map(": ".join, found)) or f"ok: {len(files_of(asked.folder))} files")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Checks a release of CLI-Tuner offline: bytes, signatures, and the links from the weights back to the sources.

One file for Python 3.9 and, for signatures, `cryptography`; every release holds a copy, `verify_release.py`. Who does
not trust the sender takes this file and the key from elsewhere.

    python verify_release.py FOLDER --key signer.pub        exit 0: all holds; 1: what does not is named; 2: usage
Formats: in-toto Statement v1, SLSA provenance v1, DSSE (github.com/secure-systems-lab/dsse), ECDSA P-256 SHA-256.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = "attestations"
ROOT = "release"
SUFFIXES = (".dsse.json", ".intoto.json")
ROOTS = [f"{FOLDER}/{ROOT}{suffix}" for suffix in SUFFIXES]
PAYLOAD_TYPE = "application/vnd.in-toto+json"
IGNORED = (".git", ".cache/huggingface")  # what git and the hub's own download keep beside the files
HALF_ORDER = 0x7FFFFFFF800000007FFFFFFFFFFFFFFFDE737D56D38BCF4279DCE5617E3192A8  # of P-256
# Step, prefix of what it took (none: of what it tested), step that made it (none: it came from outside).
LINKS = (
    ("export", "model/", "merge"), ("release", "model/", "merge"), ("release", "adapter/", "train"),
    ("merge", "adapter/", "train"), ("merge", "base/", ""), ("validate", "", "train"), ("evaluate", "", "train"),
    ("train", "base/", ""), ("train", "rows/", "prepare"), ("prepare", "source/", ""),
)  # fmt: skip
WHY = {"missing": "is not there", "changed": "other bytes than were stated", "unknown": "cannot be read"}
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
        from cryptography.hazmat.primitives.asymmetric import ec, utils
        from cryptography.hazmat.primitives.hashes import SHA256

        message = b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
        with suppress(InvalidSignature, ValueError):
            self._key.verify(signature, message, ec.ECDSA(SHA256()))
            return utils.decode_dss_signature(signature)[1] <= HALF_ORDER  # (r, -s) would sign the same bytes
        return False


def canonical(document: Any) -> bytes:
    """Return the one form in which a statement or an envelope is written."""
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def open_statement(path: Path, key: Key | None, allow_unsigned: bool) -> tuple[Mapping[str, Any] | None, list[Finding]]:
    """Read a statement or the envelope around one; return it where its bytes can be believed, and what is wrong."""
    name = f"{FOLDER}/{path.name}"
    if (own := sha256(path)) in WHY:
        return None, [Finding(own, name, WHY[own])]
    signature = None
    try:
        content = payload = path.read_bytes()
        document = json.loads(content)
        if name.endswith(SUFFIXES[0]):
            (one,) = document["signatures"]
            payload = base64.b64decode(document["payload"], validate=True)
            signature = (str(one["keyid"]), base64.b64decode(one["sig"], validate=True))
            document = envelope(payload, *signature)
        statement = json.loads(payload)
        ours = canonical(document) == content and canonical(statement) == payload and _is_of(path.name, statement)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        ours = False
    if not ours:
        return None, [Finding("changed", name, "is not what this program writes")]
    if key is None or signature is None:
        why = f"signed by {signature[0]}, and no key was given" if signature else "anyone could have written it"
        wrong = [Finding("unknown" if signature else "unsigned", name, why)]
        return statement, [] if key is None and allow_unsigned else wrong
    if (signature[0] == key.id) != (holds := key.signed(signature[1], payload)):
        return None, [Finding("changed", name, "its signature is not of these bytes")]
    return statement, [] if holds else [Finding("wrong key", name, f"signed by {signature[0]}")]


def _is_of(name: str, statement: Mapping[str, Any]) -> bool:
    taken(statement, "")  # raises where it is no statement of ours
    built = statement["predicate"].get("buildDefinition", {}).get("buildType")
    is_step = built == f"urn:cli-tuner:{name.split('.')[0]}:1" or (built is None and not name.startswith(ROOT))
    return is_step and 0 < len(statement["subject"]) == len(subjects(statement))


def envelope(payload: bytes, signer: str, signature: bytes) -> dict[str, object]:
    """Return a DSSE envelope of one signature."""
    one = {"keyid": signer, "sig": base64.b64encode(signature).decode()}
    return {"payload": base64.b64encode(payload).decode(), "payloadType": PAYLOAD_TYPE, "signatures": [one]}


def subjects(statement: Mapping[str, Any]) -> dict[str, str]:
    """Return what a statement is about: name to SHA-256."""
    return {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}


def taken(statement: Mapping[str, Any], prefix: str) -> dict[str, str]:
    """Return what a step took whose name begins with `prefix`: the rest of the name to its digest."""
    named = statement["predicate"].get("buildDefinition", {}).get("resolvedDependencies", [])
    here = [one for one in named if one["name"].startswith(prefix)]
    return {one["name"][len(prefix) :]: next(iter(one["digest"].values())) for one in here}


def broken_links(statements: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Walk from the release to the sources: what a step took must be what the step before it made."""
    for step, prefix, maker in (one for one in LINKS if one[0] in statements):
        link = f"{step} -> {maker or prefix[:-1]}"
        parts = taken(statements[step], prefix) if prefix else subjects(statements[step])
        if (parts and maker and maker not in statements) or (not parts and step != ROOT):
            yield Finding("unknown", link, "was not recorded")
        made = subjects(statements[maker]) if maker in statements else parts
        for name in (name for name in parts if made.get(name) != parts[name]):
            yield Finding("changed" if name in made else "missing", f"{link}: {name}", "is not what was made there")


def files_of(folder: Path) -> dict[str, Path]:
    """Return what lies below a folder: files, links, and with a final `/` folders that hold or show nothing."""
    found, todo = dict[str, Path](), [""]
    for below in todo:  # grows on the way
        inside = {}
        with suppress(OSError):
            inside = {below + one.name: one.is_dir(follow_symlinks=False) for one in os.scandir(folder / below)}
        found.update({below: folder / below} if below and not inside else {})
        found.update({name: folder / name for name, is_dir in inside.items() if not is_dir and name not in IGNORED})
        todo += [f"{name}/" for name, is_dir in inside.items() if is_dir and name not in IGNORED]
    return dict(sorted(found.items()))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, or a word of `WHY` where there are none to read."""
    digest = hashlib.sha256()
    with suppress(OSError):
        if not path.is_file():  # opening a pipe would wait
            return "changed" if path.exists() else "missing"
        with path.open("rb") as handle:
            while block := handle.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()
    return "unknown"


def check(folder: Path, key: Key | None = None, allow_unsigned: bool = False) -> list[Finding]:
    """Return everything about a release that does not hold; an empty list when all does."""
    files = files_of(folder)
    root = next((one for one in ROOTS if one in files), ROOTS[0])
    statement, found = open_statement(folder / root, key, allow_unsigned)
    if statement is None:
        return found
    stated, statements = subjects(statement), {ROOT: statement}
    for name, digest in stated.items():
        own = sha256(files[name]) if name in files else "missing"
        is_statement = name in files and name.startswith(f"{FOLDER}/") and name.endswith(SUFFIXES)
        one, wrong = open_statement(files[name], key, allow_unsigned) if is_statement else (None, [])
        statements.update({Path(name).name.split(".")[0]: one} if one else {})
        word = own if own in WHY else "changed"
        found += wrong or ([Finding(word, name, WHY[word])] if own != digest else [])
    found += [Finding("added", name, "nobody stated it") for name in files if name not in stated and name != root]
    lost = any(one.word in ("changed", "missing") and one.name.endswith(SUFFIXES) for one in found)
    return found if lost else [*found, *broken_links(statements)]


def main(argv: list[str] | None = None) -> int:
    """Check the folder that is named, say what does not hold, return the exit code."""
    parser = argparse.ArgumentParser(description="Check a release of CLI-Tuner offline.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path(__file__).parent)
    parser.add_argument("--key", type=Path, help="public key of the signer (PEM), from a source you trust")
    parser.add_argument("--allow-unsigned", action="store_true", help="bytes and links only")
    asked = parser.parse_args(argv)
    try:
        key = Key(asked.key.read_bytes()) if asked.key else None
        os.scandir(asked.folder).close()
    except (OSError, ValueError, ImportError) as error:
        parser.error(f"{error}")
    found = check(asked.folder, key, asked.allow_unsigned)
    said = [f"{word}: {name.encode('unicode_escape').decode()}: {why}" for word, name, why in found]
    print("\n".join(said) or f"ok: {len(files_of(asked.folder))} files")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Signs statements as DSSE envelopes with an EC key on P-256 that stays outside what is signed.

The key is made on first use, readable by its owner only, and never asked for again. Needs the extra `sign`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_tuner.errors import PrerequisiteError, ProvenanceError
from cli_tuner.provenance.verifier import HALF_ORDER, PAYLOAD_TYPE, Key, canonical, envelope

_HINT = "pip install 'cli-tuner[sign]'"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and where its public half lies.

    Attributes:
        path: The private key.
        public: What who checks needs.
        made: Whether it was made just now.
        key: Its public half, loaded.
    """

    path: Path
    public: Path
    made: bool
    key: Key
    _private: Any

    def envelope(self, statement: Mapping[str, object]) -> bytes:
        """Return a statement in a signed DSSE envelope, as it is written."""
        from securesystemslib.dsse import Envelope
        from securesystemslib.signer import CryptoSigner, SSlibKey

        payload = canonical(statement)
        public = SSlibKey.from_crypto(self._private.public_key(), keyid=self.key.id)
        signature = Envelope(payload, PAYLOAD_TYPE, {}).sign(CryptoSigner(self._private, public))
        return canonical(envelope(payload, self.key.id, _least(bytes.fromhex(signature.signature))))


def _least(signature: bytes) -> bytes:
    """Return the one of the two signatures, (r, s) and (r, -s), that the verifier takes."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, min(s, 2 * HALF_ORDER + 1 - s))


def default_key() -> Path:
    """Return where the user's own key lies."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return home / "cli-tuner" / "signing.key"


def open_signer(path: Path | None = None) -> Signer:
    """Open a private key; make the user's own on first use.

    Args:
        path: A PEM file without a password; None for the user's own.

    Raises:
        PrerequisiteError: The packages that sign are not installed.
        ProvenanceError: The named file is missing, or no such key.
    """
    try:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
        from securesystemslib import dsse  # noqa: F401  (asked for now, not in the middle of signing)
    except ImportError as error:
        raise PrerequisiteError(f"signing needs {error.name}", hint=_HINT) from error
    where = path or default_key()
    made = not where.exists()
    if made and path is not None:
        raise ProvenanceError(f"{path}: no such key", hint="leave --key out: your own key is made on first use")
    if made:
        _make(where)
    try:
        private = load_pem_private_key(where.read_bytes(), password=None)
        pem = _public_pem(private)
        key = Key(pem)
    except (OSError, ValueError, TypeError) as error:
        raise ProvenanceError(
            f"{where}: is not a private EC key on P-256 without a password: {error}",
            hint="openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out signing.key",
        ) from error
    public = where.with_suffix(".pub")
    if not public.is_file() or public.read_bytes() != pem:
        public.write_bytes(pem)
    return Signer(where, public, made, key, private)


def _make(path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        handle.write(pem)


def _public_pem(private: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    found: bytes = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return found


def public_key(path: Path | None) -> Key | None:
    """Return the key to check with: the one that is named, else the user's own where there is one.

    Raises:
        ProvenanceError: The named file is no public EC key.
        PrerequisiteError: `cryptography` is not installed.
    """
    where = path or default_key().with_suffix(".pub")
    if path is None and not where.is_file():
        return None
    try:
        return Key(where.read_bytes())
    except ImportError as error:
        raise PrerequisiteError(f"checking signatures needs {error.name}", hint=_HINT) from error
    except (OSError, ValueError) as error:
        raise ProvenanceError(f"{where}: {error}", hint="--key FILE.pub, as `cli-tuner sign` names it") from error

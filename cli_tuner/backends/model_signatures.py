"""Signs and checks the files of a model in the OpenSSF format (OMS v1.0), by `model-signing`.

Source: https://github.com/ossf/model-signing-spec. The signature lies in the release's attestations, which are no part
of what it signs, so that more of them can be added.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cli_tuner.errors import PrerequisiteError
from cli_tuner.provenance.verifier import FOLDER


def sign_weights(folder: Path, signature: Path, private_key: Path) -> None:
    """Sign every file of a release but its attestations.

    Raises:
        PrerequisiteError: `model-signing` is not installed.
    """
    signing, hashing = _packages("signing", "hashing")
    config = signing.Config().use_elliptic_key_signer(private_key=private_key)
    config.set_hashing_config(_hashing(hashing, folder.resolve())).sign(folder.resolve(), signature)


def check_weights(folder: Path, signature: Path, public_key: Path) -> str:
    """Return why a signature is not of these files, or an empty string.

    Raises:
        PrerequisiteError: `model-signing` is not installed.
    """
    from cryptography.exceptions import InvalidSignature

    verifying, hashing = _packages("verifying", "hashing")
    config = verifying.Config().use_elliptic_key_verifier(public_key=public_key)
    try:
        config.set_hashing_config(_hashing(hashing, folder.resolve())).verify(folder.resolve(), signature)
    except (ValueError, OSError, InvalidSignature) as error:
        return str(error).strip() or "the signature does not hold"
    return ""


def _hashing(hashing: Any, folder: Path) -> Any:
    # NOTE: paths are left out by their text, so `..` or a link on the way would make them count.
    return hashing.Config().set_ignored_paths(paths=[folder / FOLDER, folder / ".cache"], ignore_git_paths=True)


def _packages(*names: str) -> list[Any]:
    import importlib

    try:
        return [importlib.import_module(f"model_signing.{name}") for name in names]
    except ImportError as error:
        raise PrerequisiteError(f"signing weights needs {error.name}", hint="pip install 'cli-tuner[sign]'") from error

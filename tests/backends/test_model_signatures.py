"""Signatures of weights in the OpenSSF format: what its conformance suite asks of a signer and a verifier.

The kinds of cases are those of the suite (simple, nested, hidden, empty, unicode and single files; tampered, missing
and extra files, wrong key, damaged bundles); the material is ours. The reference command line checks what we sign.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli_tuner.backends.model_signatures import check_weights, sign_weights
from cli_tuner.provenance.signing import Signer, open_signer

pytest.importorskip("model_signing")
pytestmark = pytest.mark.integration
MODELS: dict[str, dict[str, bytes]] = {
    "simple": {"a.safetensors": b"1", "b.json": b"{}"},
    "single file": {"model.safetensors": b"\0\1\2"},
    "nested": {"a/b/c/d.bin": b"1", "a/b.bin": b"2", "e": b"3"},
    "hidden": {".hidden": b"1", ".folder/x": b"2", "a": b"3"},
    "empty file": {"empty": b"", "a": b"1"},
    "special names": {"mødel ü.json": b"1", "with space": b"2", "a+b@c=d.txt": b"3"},
    "binary": {"x": bytes(range(256)) * 40},
}


@pytest.fixture
def signer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Signer:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return open_signer()


def model(place: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    (place / "attestations").mkdir()
    (place / "attestations/train.dsse.json").write_text("{}")
    return place


def signed(place: Path, files: dict[str, bytes], signer: Signer) -> tuple[Path, Path]:
    folder = model(place / "model", files)
    signature = folder / "attestations/weights.oms.sig"
    sign_weights(folder, signature, signer.path)
    return folder, signature


@pytest.mark.parametrize("kind", MODELS)
def test_what_we_sign_we_check_and_attestations_may_be_added(kind: str, signer: Signer, tmp_path: Path) -> None:
    folder, signature = signed(tmp_path, MODELS[kind], signer)
    assert check_weights(folder, signature, signer.public) == ""
    (folder / "attestations/later.json").write_text("{}")
    assert check_weights(folder, signature, signer.public) == ""
    bundle = json.loads(signature.read_text())
    assert bundle["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert bundle["dsseEnvelope"]["payloadType"] == "application/vnd.in-toto+json"


def test_the_reference_command_line_accepts_it_and_refuses_a_tampered_one(signer: Signer, tmp_path: Path) -> None:
    folder, signature = signed(tmp_path, MODELS["nested"], signer)
    argv = [sys.executable, "-m", "model_signing", "verify", "key", str(folder), "--signature", str(signature)]
    argv += ["--public_key", str(signer.public), "--ignore-paths", str(folder / "attestations")]
    assert subprocess.run(argv, capture_output=True, check=False).returncode == 0
    (folder / "e").write_bytes(b"4")
    assert subprocess.run(argv, capture_output=True, check=False).returncode != 0


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def other_type(path: Path) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), "mediaType": "text/plain"}))


def other_payload(path: Path) -> None:
    bundle = json.loads(path.read_text())
    bundle["dsseEnvelope"]["payload"] = bundle["dsseEnvelope"]["payload"][:-8] + "AAAAAAA="
    path.write_text(json.dumps(bundle))


DAMAGES: dict[str, Callable[[Path, Path], object]] = {
    "tampered content": lambda folder, _: (folder / "b.json").write_bytes(b"[]"),
    "missing file": lambda folder, _: (folder / "b.json").unlink(),
    "extra file": lambda folder, _: (folder / "extra.bin").write_bytes(b"x"),
    "renamed file": lambda folder, _: (folder / "b.json").rename(folder / "c.json"),
    "truncated bundle": lambda _, signature: cut(signature),
    "empty bundle": lambda _, signature: signature.write_bytes(b""),
    "corrupted bundle": lambda _, signature: other_payload(signature),
    "bundle of another type": lambda _, signature: other_type(signature),
    "no signature": lambda _, signature: signature.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_refused_with_a_reason(damage: str, signer: Signer, tmp_path: Path) -> None:
    folder, signature = signed(tmp_path, MODELS["simple"], signer)
    DAMAGES[damage](folder, signature)
    assert check_weights(folder, signature, signer.public) != ""


def test_another_key_is_refused(signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, signature = signed(tmp_path, MODELS["simple"], signer)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "another"))
    assert check_weights(folder, signature, open_signer().public) != ""

"""What lies in the attestations of a release: valid by the standards' own checkers, and made of recorded facts."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.errors import CheckpointError, ProvenanceError
from cli_tuner.files import sha256_file
from cli_tuner.provenance import verifier
from cli_tuner.provenance.signing import Signer, open_signer
from cli_tuner.release.attest import sign
from tests.release.chain import release


@pytest.fixture
def signer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Signer:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return open_signer()


def statement(folder: Path, step: str) -> Any:
    envelope = json.loads((folder / f"attestations/{step}.dsse.json").read_bytes())
    return json.loads(base64.b64decode(envelope["payload"]))


@pytest.mark.parametrize("merged", [False, True])
def test_the_bill_of_materials_is_strict_cyclonedx(merged: bool, signer: Signer, tmp_path: Path) -> None:
    validation = pytest.importorskip("cyclonedx.validation.json")
    schema = pytest.importorskip("cyclonedx.schema")
    text = (release(1, tmp_path / "made", None, merged=merged) / "attestations/bom.cdx.json").read_text("utf-8")
    strict = validation.JsonStrictValidator(schema.SchemaVersion.V1_7)
    assert strict.validate_str(text) is None
    assert strict.validate_str(text.replace('"modelCard"', '"modelKard"')) is not None
    bill = json.loads(text)
    model = bill["metadata"]["component"]
    assert model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"][1]["type"] == "exact_match"
    assert {one["name"] for one in bill["components"]} >= {
        "models/base",
        "data/train.jsonl",
        "raw/pairs.jsonl",
        "torch",
    }


def test_each_step_took_what_the_one_before_it_made(signer: Signer, tmp_path: Path) -> None:
    made = release(1, tmp_path / "made", signer, merged=True)
    steps = {name: statement(made, name) for name in ("prepare", "train", "merge", "release")}
    assert {one["_type"] for one in steps.values()} == {"https://in-toto.io/Statement/v1"}
    for step, prefix, maker in (
        ("train", "rows/", "prepare"),
        ("merge", "adapter/", "train"),
        ("release", "model/", "merge"),
    ):
        took = verifier.taken(steps[step], prefix)
        assert took and took.items() <= verifier.subjects(steps[maker]).items()
    assert verifier.subjects(steps["release"]).keys() == verifier.files_of(made).keys() - {
        "attestations/release.dsse.json"
    }
    tests = statement(made, "validate")
    assert tests["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert (tests["predicate"]["result"], tests["predicate"]["passedTests"]) == ("PASSED", ["dangerous_rate"])


def test_an_envelope_is_one_that_securesystemslib_opens_and_checks(signer: Signer, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    from securesystemslib.signer import SSlibKey

    made = release(1, tmp_path / "made", signer)
    key = SSlibKey.from_crypto(load_pem_public_key(signer.public.read_bytes()), keyid=signer.key.id)
    document = json.loads((made / "attestations/train.dsse.json").read_bytes())
    assert list(Envelope.from_dict(json.loads(json.dumps(document))).verify([key], 1)) == [signer.key.id]
    document["payload"] = base64.b64encode(b"{}").decode()
    with pytest.raises(VerificationError):
        Envelope.from_dict(document).verify([key], 1)


@pytest.mark.integration
def test_the_weights_are_signed_in_the_openssf_format(signer: Signer, tmp_path: Path) -> None:
    pytest.importorskip("model_signing")
    from cli_tuner.backends.model_signatures import check_weights, sign_weights

    made = release(1, tmp_path / "made", None)
    sign(made, signer, lambda folder, target: sign_weights(folder, target, signer.path))
    signature = made / "attestations/weights.oms.sig"
    assert verifier.check(made, signer.key) == []
    assert check_weights(made, signature, signer.public) == ""
    (made / "adapter_model.safetensors").write_bytes(b"others")
    assert check_weights(made, signature, signer.public) != ""


def test_a_key_is_made_once_readable_by_its_owner_and_outside(signer: Signer, tmp_path: Path) -> None:
    assert signer.made and signer.path.stat().st_mode & 0o777 == 0o600
    again = open_signer()
    assert (again.made, again.key.id) == (False, signer.key.id)
    inside = release(1, tmp_path / "made", None)
    (inside / "signing.key").write_bytes(signer.path.read_bytes())
    with pytest.raises(ProvenanceError, match="lies in what it would sign"):
        sign(inside, open_signer(inside / "signing.key"), lambda *_: None)


@pytest.mark.parametrize(
    "content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(content)
    with pytest.raises(ProvenanceError, match="is not a private EC key"):
        open_signer(tmp_path / "key.pem")
    with pytest.raises(ProvenanceError, match="no such key"):
        open_signer(tmp_path / "none.pem")


def test_what_was_changed_is_not_signed_and_what_another_signed_stays_theirs(
    signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = lambda _, target: target.write_text("x") and None  # noqa: E731
    made = release(1, tmp_path / "made", signer)
    before = {name: sha256_file(path) for name, path in verifier.files_of(made).items()}
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "another"))
    with pytest.raises(ProvenanceError, match="another key signed it"):
        sign(made, open_signer(), stand_in)
    assert {name: sha256_file(path) for name, path in verifier.files_of(made).items()} == before
    sign(made, signer, stand_in)  # our own again: still whole
    assert verifier.check(made, signer.key) == []
    (made / "README.md").write_text("another")
    with pytest.raises(CheckpointError, match=r"changed: README\.md"):
        sign(made, signer, stand_in)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []

"""`cli-tuner verify` and `sign`: one exit code, one word a finding, the key made once; and `runs tag`, `rm`, `gc`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from cli_tuner.cli.main import main
from cli_tuner.provenance.signing import open_signer
from tests.release.chain import make_chain, release

RUN = "20260101-000000-smoke-0001"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return release(1, tmp_path / "models/releases/me--tiny", open_signer())


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_a_release_is_checked_with_ones_own_key_or_the_named_one(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = Path("config/cli-tuner/signing.pub")
    assert main(["verify", str(made)]) == 0
    assert main(["verify", str(made), "--key", str(own)]) == 0
    (made / "README.md").write_text("\x1b[31mx")
    capsys.readouterr()
    assert main(["verify", str(made), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["findings"] == [{"name": "README.md", "why": "other bytes than were stated", "word": "changed"}]
    assert "torch" not in sys.modules


def test_without_a_key_the_signer_is_unknown_and_bytes_can_be_checked(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "another")
    assert main(["verify", str(made)]) == 1
    assert {line.split(":")[0] for line in said(capsys)} == {"unknown"}
    assert main(["verify", str(made), "--allow-unsigned"]) == 0
    open_signer()
    assert main(["verify", str(made)]) == 1
    assert {line.split(":")[0] for line in said(capsys)} == {"wrong key"}


@pytest.mark.parametrize("argv", [["none"], ["models/none"], ["."], ["latest"]])
def test_what_is_nothing_to_verify_is_an_error_or_unknown(
    argv: list[str], made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["verify", *argv])
    out, err = capsys.readouterr()
    assert code in (1, 2) and ("unknown: " in out or "hint: " in err)


@pytest.mark.parametrize("content", [b"", b"x", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_what_is_no_key_is_an_error(content: bytes, made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("key.pub").write_bytes(content)
    assert main(["verify", str(made), "--key", "key.pub"]) == 2
    assert main(["verify", str(made), "--key", "none.pub"]) == 2
    assert main(["verify", str(made), "--key", "key.pub", "--allow-unsigned"]) == 2
    assert capsys.readouterr().err.count("hint: ") == 3


def test_a_run_is_signed_and_the_key_is_told(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contents, training = make_chain(1)
    record = Path("models/adapter/provenance.json")
    for path in (record, Path(f"models/runs/{RUN}/provenance.json")):
        path.write_text(json.dumps({**training, "base_model": {"name": "me/base", "revision": "8" * 40}}))
    assert main(["verify", RUN]) == 1
    assert f"unsigned: train: {'anyone could have written its record'}" in said(capsys)
    assert main(["sign", RUN, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["keyid"] == open_signer().key.id and len(document["signed"]) == 4
    assert main(["verify", RUN]) == 0
    assert main(["sign", RUN, "--key", "none.pem"]) == 2
    assert contents.run_id == RUN


def test_runs_are_tagged_noted_removed_and_cleared(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "tag", RUN, "keep"]) == 0
    assert main(["runs", "note", RUN, "the first"]) == 0
    assert main(["runs", "list", "--where", "tags=keep and note~FIRST", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out[len("keep\n") :])
    assert (one["run_id"], one["tags"], one["note"]) == (RUN, ["keep"], "the first")
    assert main(["runs", "rm", RUN, "--yes"]) == 2
    assert "is needed" in capsys.readouterr().err
    assert main(["runs", "gc"]) == 0
    assert main(["runs", "tag", RUN, "--remove", "keep"]) == 0
    assert main(["runs", "rm", RUN, "--force"]) == 2  # nobody is here to ask
    assert "--yes" in capsys.readouterr().err and Path(f"models/runs/{RUN}").is_dir()
    assert main(["runs", "rm", RUN, "--force", "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["removed"] is True
    assert not Path(f"models/runs/{RUN}").exists() and Path("models/adapter").is_dir()

"""The audit log: a line a decision, digests by default, and no answer without it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cli_tuner.errors import CliTunerError
from cli_tuner.files import sha256_text
from cli_tuner.generate.audit import AuditLog
from cli_tuner.generate.guard import guard
from cli_tuner.ports import Completion
from cli_tuner.safety.policy import Policy

GUARDED = guard(Completion("rm -rf /\n", 5, "end"), Policy())


def test_a_decision_is_kept_as_digests_that_prove_the_text(tmp_path: Path) -> None:
    path = tmp_path / "logs/audit.jsonl"
    log = AuditLog(path, with_text=False, model={"name": "tiny"})
    log.note("free some space", GUARDED, "withheld")
    log.note("x" * 9, None, "refused")
    first, second = map(json.loads, path.read_text().splitlines())
    assert first["request_sha256"] == sha256_text("free some space")
    assert first["completion_sha256"] == sha256_text("rm -rf /\n")
    assert first["command_sha256"] == sha256_text("rm -rf /")
    assert (first["action"], first["verdict"], first["model"]) == ("withheld", "DANGEROUS", {"name": "tiny"})
    assert "FS001" in first["rules"]
    assert second["action"] == "refused"
    assert "free some space" not in path.read_text() and "rm -rf" not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


def test_texts_are_kept_when_asked_for(tmp_path: Path) -> None:
    AuditLog(tmp_path / "a", with_text=True, model={}).note("free \udcff", GUARDED, "withheld")
    line = json.loads((tmp_path / "a").read_text())
    assert (line["request"], line["command"]) == ("free \udcff", "rm -rf /")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_log_that_cannot_be_written_stops_the_answer(tmp_path: Path) -> None:
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(CliTunerError, match="audit log cannot be written"):
        AuditLog(tmp_path / "full", with_text=False, model={}).note("x", None, "refused")
    (tmp_path / "file").write_text("")
    with pytest.raises(CliTunerError, match="cannot be written"):
        AuditLog(tmp_path / "file/audit", with_text=False, model={}).note("x", None, "refused")


def test_several_writers_never_mix_their_lines(tmp_path: Path) -> None:
    children = []
    for number in range(4):
        child = os.fork()
        if child == 0:
            log = AuditLog(tmp_path / "audit", with_text=True, model={})
            for _ in range(50):
                log.note(str(number) * 500, GUARDED, "withheld")
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    lines = [json.loads(line) for line in (tmp_path / "audit").read_text().splitlines()]
    assert len(lines) == 200
    assert {len(set(line["request"])) for line in lines} == {1}

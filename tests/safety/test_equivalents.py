"""The law: whatever deletes a folder is judged as `rm -rf` is, and whatever reads a file as `cat` is."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_tuner.safety.analyze import analyze
from cli_tuner.safety.verdict import Level

_DELETES, _READS = (
    (Path(__file__).parent / "equivalents.txt").read_text(encoding="utf-8").replace("\\x0a", "\x0b").split("# read\n")
)
DELETES = [line for line in _DELETES.split("\n") if line and line[0] != "#"]
READS = [line for line in _READS.split("\n") if line]


def level(command: str) -> Level:
    return analyze(command.replace("\x0b", "\n")).level


@pytest.mark.parametrize("command", DELETES)
def test_whatever_deletes_is_judged_as_rm(command: str) -> None:
    assert [
        each for each in ("/home/me", "/etc", "/", "~") if level(command.replace("H", each)) is not Level.DANGEROUS
    ] == []
    assert level(command.replace("H", "build")) is not Level.DANGEROUS


@pytest.mark.parametrize("command", READS)
def test_whatever_reads_is_judged_as_cat(command: str) -> None:
    secrets = ("~/.ssh/id_rsa", "/etc/shadow", "/proc/1/environ")
    assert [each for each in secrets if level(command.replace("S", each)) is not Level.DANGEROUS] == []
    assert level(command.replace("S", "notes.txt")) is not Level.DANGEROUS

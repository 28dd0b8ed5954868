"""Attacks and everyday commands, one a line, written before the analyser was asked about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_tuner.safety.analyze import analyze

HERE = Path(__file__).parent


@pytest.mark.parametrize(("name", "level"), [("attacks.txt", "DANGEROUS"), ("everyday.txt", "SAFE")])
def test_every_line_has_its_verdict(name: str, level: str) -> None:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    assert len(lines) > 100
    assert [line for line in lines if analyze(line).level.value != level] == []


@pytest.mark.parametrize("before", ["true && ", "ls; ", "false || "])
def test_a_harmless_command_before_it_hides_nothing(before: str) -> None:
    lines = (HERE / "attacks.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if analyze(before + line).level.value != "DANGEROUS"] == []

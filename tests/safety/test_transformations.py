"""Rewriting a command without changing its meaning does not change the verdict."""

from __future__ import annotations

import pytest

from cli_tuner.safety.analyze import analyze
from cli_tuner.safety.verdict import Level
from tests.safety.catastrophic import CATASTROPHIC, HARMLESS
from tests.safety.transformations import REWRITES

pytestmark = pytest.mark.integration


def verdicts(commands: list[str], name: str) -> list[tuple[str, Level]]:
    written = [text for text in map(REWRITES[name], commands) if text is not None]
    return [(text, analyze(text).level) for text in written]


def test_there_are_at_least_twenty_rewrites_and_enough_commands() -> None:
    assert len(REWRITES) >= 20 and len(CATASTROPHIC) >= 60 and len(HARMLESS) >= 60


@pytest.mark.parametrize("command", CATASTROPHIC)
def test_a_catastrophic_command_is_dangerous(command: str) -> None:
    assert analyze(command).level is Level.DANGEROUS


@pytest.mark.parametrize("command", HARMLESS)
def test_a_harmless_command_is_safe(command: str) -> None:
    assert analyze(command).level is Level.SAFE


def test_recall_survives_rewriting() -> None:
    judged = [each for name in REWRITES for each in verdicts(CATASTROPHIC, name)]
    missed = [text for text, level in judged if level is not Level.DANGEROUS]
    assert len(judged) > 1000
    assert len(missed) / len(judged) <= 0.03, missed[:20]


def test_rewritten_harmless_commands_are_not_dangerous() -> None:
    judged = [each for name in REWRITES for each in verdicts(HARMLESS, name)]
    noise = [text for text, level in judged if level is Level.DANGEROUS]
    assert len(noise) / len(judged) <= 0.01, noise[:20]


@pytest.mark.parametrize("name", sorted(REWRITES))
def test_each_rewrite_alone_keeps_recall(name: str) -> None:
    judged = verdicts(CATASTROPHIC, name)
    missed = [text for text, level in judged if level is not Level.DANGEROUS]
    assert len(missed) <= max(1, 0.03 * len(judged)), missed

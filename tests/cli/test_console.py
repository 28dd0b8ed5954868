"""Data is coloured for a person at a terminal alone."""

from __future__ import annotations

import pytest

from cli_tuner.cli import console


@pytest.mark.parametrize(("terminal", "no_color", "wanted"), [(True, "", True), (True, "1", False), (False, "", False)])
def test_colours_ask_stdout_and_no_color(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, no_color: str, wanted: bool
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    monkeypatch.setattr("sys.stderr.isatty", lambda: not terminal)
    monkeypatch.setenv("NO_COLOR", no_color)
    assert console.colours() is wanted

from __future__ import annotations

import socket

import pytest

from cli_tuner.cli.training import tracking_mode
from cli_tuner.config.environment import wandb_reachable


def a_closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_server_that_cannot_be_reached_keeps_the_run_offline_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setattr("cli_tuner.config.environment.wandb_reachable", lambda: False)
    assert tracking_mode() == "offline"
    assert "wandb sync" in capsys.readouterr().err


def test_a_server_that_answers_keeps_the_run_online(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setattr("cli_tuner.config.environment.wandb_reachable", lambda: True)
    assert tracking_mode() == "online"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("mode", ["offline", "disabled"])
def test_nobody_is_asked_when_nothing_would_be_sent(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setenv("WANDB_MODE", mode)
    monkeypatch.setattr("cli_tuner.config.environment.wandb_reachable", lambda: pytest.fail("asked"))
    assert tracking_mode() == mode


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}", "http://127.0.0.1:notaport", "nonsense"])
def test_a_closed_or_malformed_address_is_not_reachable(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr("socket.create_connection", refuse)
    monkeypatch.setenv("WANDB_BASE_URL", url.format(port=a_closed_port()))
    assert wandb_reachable() is False


def refuse(*_: object, **__: object) -> None:
    raise ConnectionRefusedError

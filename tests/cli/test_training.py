from __future__ import annotations

import io
import socket
from email.message import Message
from typing import Any
from urllib.error import HTTPError

import pytest

from cli_tuner.cli.training import tracking_mode
from cli_tuner.config import environment
from cli_tuner.config.environment import wandb_reachable


def a_closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_server_that_refuses_keeps_the_run_offline_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setattr("cli_tuner.config.environment.wandb_refusal", lambda: "the W&B server answered 500")
    assert tracking_mode() == "offline"
    err = capsys.readouterr().err
    assert "the W&B server answered 500" in err
    assert "wandb sync" in err


def test_a_server_that_answers_keeps_the_run_online(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setattr("cli_tuner.config.environment.wandb_refusal", lambda: "")
    assert tracking_mode() == "online"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("mode", ["offline", "disabled"])
def test_nobody_is_asked_when_nothing_would_be_sent(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setenv("WANDB_MODE", mode)
    monkeypatch.setattr("cli_tuner.config.environment.wandb_refusal", lambda: pytest.fail("asked"))
    assert tracking_mode() == mode


ANSWERS = {
    "a known key": (b'{"data": {"viewer": {"id": "x"}}}', ""),
    "an unknown key": (b'{"data": {"viewer": null}}', "does not know this key"),
    "a page": (b"<html>", "no answer that can be read"),
    "a list": (b"[]", "no answer that can be read"),
}


@pytest.mark.parametrize(("body", "why"), ANSWERS.values(), ids=ANSWERS.keys())
def test_the_server_is_asked_who_we_are(monkeypatch: pytest.MonkeyPatch, body: bytes, why: str) -> None:
    asked = []

    def answer(request: Any, timeout: float) -> io.BytesIO:
        asked.append(request)
        return io.BytesIO(body)

    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    monkeypatch.setattr(environment, "wandb_reachable", lambda: True)
    monkeypatch.setattr(environment, "urlopen", answer)
    found = environment.wandb_refusal()
    assert why in found
    assert (found == "") == (why == "")
    assert asked[0].full_url.endswith("/graphql")
    assert "k" * 40 not in found


@pytest.mark.parametrize(("status", "why"), [(401, "does not accept this key"), (500, "answered 500")])
def test_an_error_of_the_server_is_told_as_what_it_is(monkeypatch: pytest.MonkeyPatch, status: int, why: str) -> None:
    def refuse_it(request: Any, timeout: float) -> None:
        raise HTTPError(request.full_url, status, "no", Message(), None)

    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    monkeypatch.setattr(environment, "wandb_reachable", lambda: True)
    monkeypatch.setattr(environment, "urlopen", refuse_it)
    assert why in environment.wandb_refusal()


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}", "http://127.0.0.1:notaport", "nonsense"])
def test_a_closed_or_malformed_address_is_not_reachable(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr("socket.create_connection", refuse)
    monkeypatch.setenv("WANDB_BASE_URL", url.format(port=a_closed_port()))
    assert wandb_reachable() is False


def refuse(*_: object, **__: object) -> None:
    raise ConnectionRefusedError

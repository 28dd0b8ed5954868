"""Whoever is told of a training's end hears the truth, and what goes wrong with it changes nothing."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cli_tuner.config.sections import Notify
from cli_tuner.files import write_json, write_jsonl
from cli_tuner.runs.layout import RunDir
from cli_tuner.train.notify import message, missing, notify

pytestmark = pytest.mark.contract  # a server of our own answers
SECRET_PATH = "/services/T0/B0/very-secret"


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    found = RunDir(tmp_path / "run-1")
    write_json(
        found.record, {"state": "nan", "fault": "training diverged: api_key=abcdefgh", "started": "a", "ended": "b"}
    )
    write_jsonl(found.metrics, [{"step": 3, "max_steps": 9, "loss": 2.5, "elapsed_s": 3.0}])
    return found


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    class Keeps(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.path, self.headers["Content-Type"], json.loads(body)))
            self.send_response(500 if "refuse" in self.path else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return None

    heard: list[Any] = []
    monkeypatch.setenv("no_proxy", "*")
    found = HTTPServer(("127.0.0.1", 0), Keeps)
    found.heard = heard  # type: ignore[attr-defined]
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


def test_the_message_says_how_it_ended_and_no_secret(run: RunDir) -> None:
    found = message(run)
    assert found["text"] == "run-1: nan, step 3/9  loss 2.5  6 s left: training diverged: api_key=[redacted]"
    assert (found["state"], found["step"], found["max_steps"], found["loss"]) == ("nan", 3, 9, 2.5)
    assert message(RunDir(run.path / "none"))["state"] == "unknown"


def test_a_command_reads_the_message_and_no_shell_is_asked(run: RunDir, tmp_path: Path) -> None:
    out = tmp_path / "heard; touch oops"
    script = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"
    told: list[str] = []
    notify(Notify(command=[sys.executable, "-c", script, str(out)]), run, told.append)
    assert json.loads(out.read_text()) == message(run)
    assert told == []


def test_a_webhook_gets_the_message(run: RunDir, server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", f"http://127.0.0.1:{server.server_port}{SECRET_PATH}")
    told: list[str] = []
    notify(Notify(webhook_env="HOOK"), run, told.append)
    assert server.heard == [(SECRET_PATH, "application/json", message(run))]  # type: ignore[attr-defined]
    assert told == []


WRONG = {
    "a program that is not there": (Notify(command=["/no/such/program"]), None, "cannot be started"),
    "a program that fails": (Notify(command=["false"]), None, "exited 1"),
    "a server that refuses": (Notify(webhook_env="HOOK"), "http://127.0.0.1:{port}/refuse/very-secret", "answered 500"),
    "nobody there": (Notify(webhook_env="HOOK"), "http://127.0.0.1:1/very-secret", "cannot be reached"),
    "no host": (Notify(webhook_env="HOOK"), "http:///very-secret", "cannot be reached"),
    "a file": (Notify(webhook_env="HOOK"), "file:///very-secret", "holds no address"),
    "no variable": (Notify(webhook_env="HOOK"), None, "is not set"),
}


@pytest.mark.parametrize(("settings", "address", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_goes_wrong_is_one_warning_without_the_address(
    run: RunDir, server: HTTPServer, monkeypatch: pytest.MonkeyPatch, settings: Notify, address: str | None, said: str
) -> None:
    monkeypatch.delenv("HOOK", raising=False)
    if address:
        monkeypatch.setenv("HOOK", address.format(port=server.server_port))
    told: list[str] = []
    notify(settings, run, told.append)
    assert len(told) == 1
    assert told[0].startswith("warning: cli_tuner.notify.")
    assert said in told[0]
    assert "very-secret" not in told[0]


def test_nobody_is_told_unless_it_is_asked_for(run: RunDir) -> None:
    notify(Notify(), run, lambda _: pytest.fail("told"))
    assert missing(Notify()) == ""


def test_an_address_that_is_missing_is_said_before_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOOK", raising=False)
    assert "HOOK is not set" in missing(Notify(webhook_env="HOOK"))
    monkeypatch.setenv("HOOK", "https://example.org")
    assert missing(Notify(webhook_env="HOOK")) == ""


def test_an_address_does_not_stand_in_a_config() -> None:
    with pytest.raises(ValidationError):
        Notify(webhook_env="https://hooks.example.org/x")

"""The Generator port over a URL: against our own server, and against one that is busy, odd or not there."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cli_tuner.backends.hf_generate import Decoding
from cli_tuner.backends.http_model import HttpGenerator
from cli_tuner.errors import DataError, PrerequisiteError
from cli_tuner.ports import Completion
from tests.backends.serving import serving
from tests.fakes import FakeGenerator

pytestmark = pytest.mark.contract


def chat(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def test_it_asks_a_server_and_keeps_the_order() -> None:
    fake = FakeGenerator({f"{'x' * n}": f"echo {n}" for n in range(1, 12)})
    with serving(fake) as address:
        generator = HttpGenerator(f"{address}/v1", "", decoding=Decoding(batch_size=4))
        assert generator.facts()["model"] == "tiny"
        chats = [chat("x" * n) for n in range(11, 0, -1)]
        assert [one.text for one in generator.generate(chats)] == [f"echo {n}" for n in range(11, 0, -1)]
        batches = list(generator.stream(chats, done=[10, 9, 8, 7]))
        assert [sorted(batch) for batch in batches] == [[3, 4, 5, 6], [0, 1, 2]]


class Upstream(BaseHTTPRequestHandler):
    """Answers POSTs from a script of (status, document)."""

    script: list[tuple[int, Any]] = []
    seen: list[dict[str, Any]] = []

    def do_GET(self) -> None:
        self._say(200, {"data": [{"id": "one"}, {"id": "two"}]})

    def do_POST(self) -> None:
        self.seen.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self._say(*self.script.pop(0))

    def _say(self, status: int, document: Any) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr("time.sleep", lambda _: None)
    Upstream.script, Upstream.seen = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def said(text: str | None, reason: str = "stop") -> tuple[int, Any]:
    return 200, {
        "choices": [{"message": {"content": text}, "finish_reason": reason}],
        "usage": {"completion_tokens": 3},
    }


def test_what_is_sent_is_greedy_and_what_comes_back_is_a_completion(upstream: str) -> None:
    generator = HttpGenerator(upstream, "two", decoding=Decoding(max_new_tokens=7))
    Upstream.script = [said("ls", "length"), said(None)]
    assert generator.generate([chat("a")]) == [Completion("ls", 3, "length")]
    assert generator.generate([chat("a")]) == [Completion("", 3, "end")]
    assert (Upstream.seen[0]["temperature"], Upstream.seen[0]["max_tokens"], Upstream.seen[0]["model"]) == (
        0.0,
        7,
        "two",
    )


def test_every_setting_that_chooses_tokens_is_sent_and_one_that_is_refused_is_recorded(upstream: str) -> None:
    neutral = {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0, "repeat_penalty": 1.0}
    generator = HttpGenerator(upstream, "one", decoding=Decoding())
    Upstream.script = [said("ls")]
    generator.generate([chat("a")])
    assert neutral.items() <= Upstream.seen[0].items() and Upstream.seen[0]["presence_penalty"] == 0.0
    Upstream.script = [(400, {"error": "Unrecognized request argument supplied: top_k"}), said("ls")]
    assert generator.generate([chat("a")])[0].text == "ls"
    assert not neutral.keys() & generator.facts()["decoding"].keys()


def test_a_busy_server_is_asked_again_and_a_broken_one_named(upstream: str) -> None:
    generator = HttpGenerator(upstream, "one", decoding=Decoding(), attempts=3)
    Upstream.script = [(503, {}), (429, {}), said("ls")]
    assert generator.generate([chat("a")])[0].text == "ls"
    for script, error, what in (
        ([(500, {})] * 3, PrerequisiteError, "answers 500"),
        ([(401, {})], PrerequisiteError, "answers 401"),
        ([(400, {"error": "too long"})], DataError, "refuses a prompt"),
        ([(200, b"<html>")], PrerequisiteError, "not JSON"),
        ([(200, {"choices": []})], PrerequisiteError, "not a chat completion"),
    ):
        Upstream.script = list(script)
        with pytest.raises(error, match=what):
            generator.generate([chat("a")])


def test_a_missing_server_or_model_is_a_prerequisite(upstream: str) -> None:
    with pytest.raises(PrerequisiteError, match="no model 'three'"):
        HttpGenerator(upstream, "three", decoding=Decoding())
    with pytest.raises(PrerequisiteError, match="has 2 models"):
        HttpGenerator(upstream, "", decoding=Decoding())
    with pytest.raises(PrerequisiteError, match="cannot be reached"):
        HttpGenerator("http://127.0.0.1:9/v1", "", decoding=Decoding())

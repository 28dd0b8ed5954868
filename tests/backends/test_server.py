"""`serve` over a real socket: a client by others works, and every bad client gets a proper error object."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from cli_tuner.backends.server_gate import Limits
from tests.backends.serving import serving
from tests.fakes import FakeGenerator

pytestmark = pytest.mark.contract

REVIEW = "chmod -R 777 ./public"
ANSWERS = {"list": "ls -l", "free": "```bash\nrm -rf /\n```", "open": REVIEW, "talk": "I am sorry, I can not do that."}
BODY = {"model": "tiny", "messages": [{"role": "user", "content": "list"}]}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(FakeGenerator(ANSWERS), Limits(requests_per_minute=0, body_timeout_s=1.0)) as address:
        yield address


@pytest.fixture
def client(address: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0)


def ask(client: openai.OpenAI, request: str, **more: Any) -> Any:
    return client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": request}], **more)


def test_the_openai_client_gets_a_command(client: openai.OpenAI) -> None:
    answer = ask(client, "list", temperature=0.7)
    assert answer.choices[0].message.content == "ls -l"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.prompt_tokens > 100  # our own system prompt is in front
    assert answer.cli_tuner["verdict"] == "SAFE"
    assert answer.cli_tuner["ignored"] == ["temperature"]


def test_a_dangerous_command_is_filtered(client: openai.OpenAI) -> None:
    answer = ask(client, "free")
    choice = answer.choices[0]
    assert (choice.message.content, choice.finish_reason) == ("", "content_filter")
    assert "DANGEROUS" in choice.message.refusal
    assert answer.cli_tuner["findings"][0]["rule_id"] == "FS001"
    assert "rm -rf" not in answer.model_dump_json()


def test_a_command_for_review_is_a_comment(client: openai.OpenAI) -> None:
    lines = ask(client, "open").choices[0].message.content.splitlines()
    assert lines[-1] == f"#   {REVIEW}"
    assert all(line.startswith("# ") for line in lines)


def test_talk_is_no_command(client: openai.OpenAI) -> None:
    choice = ask(client, "talk").choices[0]
    assert (choice.message.content, choice.message.refusal) == ("", "the model gave no command")


@pytest.mark.parametrize(("request_", "content", "reason"), [("list", "ls -l", "stop"), ("free", "", "content_filter")])
def test_a_stream_holds_only_what_was_judged(client: openai.OpenAI, request_: str, content: str, reason: str) -> None:
    chunks = list(ask(client, request_, stream=True, stream_options={"include_usage": True}))
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    assert (said, reasons[-1], set(reasons[:-1])) == (content, reason, {None})
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens > 0
    assert len({chunk.id for chunk in chunks}) == 1
    assert not any("rm -rf" in chunk.model_dump_json() for chunk in chunks)


def test_a_stream_is_server_sent_events_to_the_end(address: str) -> None:
    answer = httpx.post(f"{address}/v1/chat/completions", json={**BODY, "stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = answer.text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    assert all(json.loads(event.removeprefix("data: "))["object"] == "chat.completion.chunk" for event in events[:-2])


def test_max_tokens_cuts_and_a_cut_command_is_marked(client: openai.OpenAI) -> None:
    answer = ask(client, "list", max_tokens=1)
    assert answer.choices[0].finish_reason == "length"
    assert answer.choices[0].message.content.startswith("# REVIEW: GU002")
    assert answer.usage.completion_tokens == 1


def test_the_response_format_that_many_clients_always_send_is_plain_text(client: openai.OpenAI) -> None:
    answer = ask(client, "list", response_format={"type": "text"})
    assert answer.choices[0].finish_reason == "stop"
    with pytest.raises(openai.BadRequestError):
        ask(client, "list", response_format={"type": "json_object"})


def test_models_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["tiny"]
    assert client.models.retrieve("tiny").id == "tiny"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("other/model")


def says(content: str, role: str = "user") -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content}]}


REFUSED: dict[str, tuple[dict[str, Any], type[openai.APIStatusError], str]] = {
    "an unknown model": ({"model": "gpt-4"}, openai.NotFoundError, "model_not_found"),
    "several choices": ({"n": 2}, openai.BadRequestError, "unsupported_parameter"),
    "too many stop strings": ({"stop": ["x"] * 5}, openai.BadRequestError, "invalid_value"),
    "too many tokens": ({"max_tokens": 5000}, openai.BadRequestError, "invalid_value"),
    "no tokens": ({"max_tokens": 0}, openai.BadRequestError, "invalid_request"),
    "no messages": ({"messages": []}, openai.BadRequestError, "invalid_request"),
    "an unknown role": (says("x", "tool"), openai.BadRequestError, "invalid_request"),
    "no user": (says("x", "system"), openai.BadRequestError, "invalid_prompt"),
    "a template token": (says("a<|im_end|>"), openai.BadRequestError, "invalid_prompt"),
    "a control character": (says("a\x1b[2J"), openai.BadRequestError, "invalid_prompt"),
    "a long message": (says("a" * 4001), openai.BadRequestError, "invalid_prompt"),
}


@pytest.mark.parametrize(("change", "error", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_a_request_is_refused_with(
    change: dict[str, Any], error: type[openai.APIStatusError], code: str, client: openai.OpenAI
) -> None:
    with pytest.raises(error) as caught:
        client.chat.completions.create(**{**BODY, **change})
    assert caught.value.code == code
    assert caught.value.body["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("path", "content", "headers", "status", "code"),
    [
        ("/v1/chat/completions", b"{", {}, 400, "invalid_request"),
        ("/v1/chat/completions", b"[]", {}, 400, "invalid_request"),
        ("/v1/chat/completions", b"\xff\xfe", {}, 400, "invalid_request"),
        ("/v1/chat/completions", b"{}", {"content-type": "text/plain"}, 415, "unsupported_media_type"),
        ("/v1/chat/completions", b"x" * 70_000, {}, 413, "request_too_large"),
        ("/v1/chat/completions", b"{}", {"host": "evil.example"}, 421, "wrong_host"),
        ("/v1/nothing", b"{}", {}, 404, "unknown_url"),
        ("/v1/models", b"{}", {}, 405, "unknown_url"),
    ],
)  # fmt: skip
def test_a_raw_request_gets_an_error_object(
    path: str, content: bytes, headers: dict[str, str], status: int, code: str, address: str
) -> None:
    answer = httpx.post(address + path, content=content, headers={"content-type": "application/json", **headers})
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["code"] == code
    assert set(error) == {"message", "type", "param", "code"}


def raw(address: str, *pieces: bytes, pause_s: float = 0.0) -> bytes:
    """Send pieces with pauses between them; return all that the server says until it closes."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        for piece in pieces:
            try:
                wire.sendall(piece)
            except OSError:
                break
            time.sleep(pause_s)
        answer = b""
        while block := wire.recv(65536):
            answer += block
        return answer


HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"


def test_a_body_that_trickles_is_cut_off(address: str) -> None:
    began = time.monotonic()
    answer = raw(address, HEAD + b"content-length: 5000\r\n\r\n", *[b" "] * 30, pause_s=0.1)
    assert time.monotonic() - began < 6
    assert answer.startswith(b"HTTP/1.1 408") and b"request_timeout" in answer


def test_a_head_that_never_ends_is_cut_off(address: str) -> None:
    answer = raw(address, b"GET /healthz HT")
    assert answer.startswith(b"HTTP/1.1 408") and b"request_timeout" in answer


def test_a_body_without_a_length_is_counted_as_it_comes(address: str) -> None:
    piece = b"2000\r\n" + b" " * 0x2000 + b"\r\n"
    answer = raw(address, HEAD + b"transfer-encoding: chunked\r\n\r\n", *[piece] * 10)
    assert answer.startswith(b"HTTP/1.1 413")


def test_health_and_metrics_tell_what_happened(address: str, client: openai.OpenAI) -> None:
    ask(client, "free")
    assert httpx.get(f"{address}/healthz").json() == {"status": "ok", "waiting": 0}
    text = httpx.get(f"{address}/metrics").text
    assert 'cli_tuner_verdicts_total{action="withheld",verdict="DANGEROUS"}' in text
    assert 'cli_tuner_http_responses_total{path="/v1/chat/completions",status="200"}' in text
    assert "cli_tuner_guard_cpu_seconds_bucket" in text and "cli_tuner_batch_size_count" in text


def test_an_api_key_is_asked_for_everywhere_but_at_the_health_check() -> None:
    with serving(FakeGenerator(ANSWERS), token="k" * 32) as address:
        wrong = openai.OpenAI(base_url=f"{address}/v1", api_key="wrong", max_retries=0)
        with pytest.raises(openai.AuthenticationError) as caught:
            ask(wrong, "list")
        assert caught.value.code == "invalid_api_key"
        assert httpx.post(f"{address}/v1/chat/completions", json=BODY).status_code == 401
        assert httpx.get(f"{address}/metrics").status_code == 401
        assert httpx.get(f"{address}/healthz").status_code == 200
        right = openai.OpenAI(base_url=f"{address}/v1", api_key="k" * 32)
        assert ask(right, "list").choices[0].message.content == "ls -l"


def test_the_rate_is_limited_and_says_when_to_come_back() -> None:
    with serving(FakeGenerator(ANSWERS), Limits(requests_per_minute=3)) as address:
        answers = [httpx.post(f"{address}/v1/chat/completions", json=BODY) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert answers[-1].json()["error"]["type"] == "rate_limit_error"
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 21


@pytest.mark.parametrize(("stop", "content"), [(" -", "ls"), (["zz", "-l"], "ls"), (["zz"], "ls -l"), (None, "ls -l")])
def test_an_answer_ends_before_a_stop_string_and_what_is_left_is_judged(
    client: openai.OpenAI, stop: Any, content: str
) -> None:
    choice = ask(client, "list", stop=stop).choices[0]
    assert (choice.message.content.strip(), choice.finish_reason) == (content, "stop")


def test_a_head_that_could_hide_a_request_is_refused(address: str) -> None:
    import socket
    from urllib.parse import urlsplit

    at = urlsplit(address)
    with socket.create_connection((at.hostname, at.port), timeout=5) as link:
        link.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        assert link.recv(4096).startswith(b"HTTP/1.1 400 ")
        assert link.recv(4096) == b""

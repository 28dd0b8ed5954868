"""`serve` over a real socket when much happens at once: queues, batches, failures, the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from cli_tuner.backends.server_gate import Limits
from cli_tuner.errors import CheckpointError
from cli_tuner.ports import Completion, Message
from tests.backends.serving import serving
from tests.fakes import FakeGenerator

pytestmark = pytest.mark.contract

ANSWERS = {"list": "ls -l"}
BODY = {"model": "tiny", "messages": [{"role": "user", "content": "list"}]}


class Held(FakeGenerator):
    """Answers when it is let go."""

    def __init__(self) -> None:
        super().__init__(ANSWERS)
        self.go = threading.Event()
        self.sizes: list[int] = []

    def generate(self, chats: Sequence[Sequence[Message]]) -> list[Completion]:
        self.sizes.append(len(chats))
        assert self.go.wait(20)
        return super().generate(chats)


def test_too_many_requests_under_way_are_turned_away_and_a_late_answer_is_a_timeout() -> None:
    held = Held()
    with serving(held, Limits(max_waiting=1, timeout_s=1.0)) as address:
        with ThreadPoolExecutor(1) as threads:
            first = threads.submit(httpx.post, f"{address}/v1/chat/completions", json=BODY)
            while not held.sizes:
                time.sleep(0.01)
            second = httpx.post(f"{address}/v1/chat/completions", json=BODY)
            assert (second.status_code, second.json()["error"]["code"]) == (503, "overloaded")
            late = first.result()
            assert (late.status_code, late.json()["error"]["code"]) == (504, "timeout")
        held.go.set()
        assert httpx.post(f"{address}/v1/chat/completions", json=BODY).status_code == 200


def test_two_hundred_requests_at_once_are_all_answered_in_batches() -> None:
    held = Held()
    held.go.set()
    with serving(held) as address, httpx.Client(limits=httpx.Limits(max_connections=200), timeout=30) as client:

        def one(number: int) -> str:
            body = {"model": "tiny", "messages": [{"role": "user", "content": f"request {number}"}]}
            answer = client.post(f"{address}/v1/chat/completions", json=body)
            return str(answer.json()["choices"][0]["message"]["content"])

        with ThreadPoolExecutor(200) as threads:
            assert list(threads.map(one, range(200))) == ["ls -l"] * 200
        assert sum(held.sizes) == 200
        assert len(held.sizes) < 150


class Picky(FakeGenerator):
    """Fails on one request."""

    def generate(self, chats: Sequence[Sequence[Message]]) -> list[Completion]:
        if any(chat[-1]["content"] == "bad" for chat in chats):
            raise CheckpointError("does not fit")
        if any(chat[-1]["content"] == "bug" for chat in chats):
            raise ValueError("unforeseen")
        return super().generate(chats)


def test_a_request_fails_by_its_own_fault_only_and_the_server_lives_on() -> None:
    with serving(Picky(ANSWERS)) as address:

        def one(content: str) -> tuple[int, str | None]:
            body = {"model": "tiny", "messages": [{"role": "user", "content": content}]}
            answer = httpx.post(f"{address}/v1/chat/completions", json=body)
            return answer.status_code, answer.json().get("error", {}).get("code")

        with ThreadPoolExecutor(6) as threads:
            found = list(threads.map(one, ["list", "bad", "list", "bug", "list", "list"]))
        assert found == [
            (200, None), (500, "generation_failed"), (200, None), (500, "internal_error"), (200, None), (200, None)
        ]  # fmt: skip


def test_a_request_under_way_is_finished_when_the_server_stops() -> None:
    held = Held()
    with ThreadPoolExecutor(1) as threads:
        with serving(held, Limits(timeout_s=10)) as address:
            answer = threads.submit(httpx.post, f"{address}/v1/chat/completions", json=BODY, timeout=20)
            while not held.sizes:
                time.sleep(0.01)
            threading.Timer(0.5, held.go.set).start()
        assert answer.result().status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{address}/healthz")

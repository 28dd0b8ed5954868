"""The Generator port over an OpenAI-compatible server such as vLLM: greedy, several requests at a time, with retries.

Every setting that chooses tokens is sent, as a server takes what is missing from the model's own
`generation_config.json` (vLLM) or from defaults that punish repetition (llama.cpp, Ollama). A server that refuses the
settings that OpenAI does not know is asked without them, and `facts` says so.

Covered: busy and failing answers (429, 5xx, broken connections) are asked again with growing pauses. Not covered:
what the server does with the prompt: it must use the chat template that the model was trained with.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from cli_tuner.backends.hf_generate import Decoding
from cli_tuner.errors import DataError, PrerequisiteError
from cli_tuner.ports import Completion, Message

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})

_NEUTRAL = {"presence_penalty": 0.0, "frequency_penalty": 0.0, "n": 1}
_BEYOND_OPENAI = {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0, "repeat_penalty": 1.0}
"""vLLM and SGLang know the first three, llama.cpp and Ollama the last."""


class HttpGenerator:
    """A model behind a URL.

    Args:
        url: Up to and including `/v1`.
        model: Its name there; empty for the only one that the server lists.
        decoding: How tokens are chosen; `batch_size` requests are sent at a time.
        api_key: Sent as a bearer token; empty for none.
        timeout_s: Longest wait for one answer.
        attempts: How often a request is sent before its failure is final.

    Raises:
        PrerequisiteError: The server cannot be reached, refuses the key, or does not know the model.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        decoding: Decoding,
        api_key: str = "",
        timeout_s: float = 120.0,
        attempts: int = 4,
    ) -> None:
        self._url = url.rstrip("/")
        self._decoding = decoding
        self._attempts = attempts
        headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        limits = httpx.Limits(max_connections=decoding.batch_size)
        self._client = httpx.Client(headers=headers, timeout=timeout_s, limits=limits, trust_env=False)
        self._model = self._known(model)
        self._sent: dict[str, object] = {
            "max_tokens": decoding.max_new_tokens,
            "temperature": decoding.temperature,
            "top_p": decoding.top_p,
            "seed": decoding.seed,
            **_NEUTRAL,
            **_BEYOND_OPENAI,
        }

    def facts(self) -> dict[str, object]:
        """Return where it is, what it is called, and the decoding that is sent, less what it refuses later."""
        return {"device": "remote", "url": self._url, "model": self._model, "decoding": self._sent}

    def generate(self, chats: Sequence[Sequence[Message]]) -> list[Completion]:
        """Answer each chat, in order."""
        answers = {number: one for batch in self.stream(chats) for number, one in batch.items()}
        return [answers[number] for number in range(len(chats))]

    def stream(self, chats: Sequence[Sequence[Message]], done: Collection[int] = ()) -> Iterator[dict[int, Completion]]:
        """Answer batch by batch; see `ports.Generator.stream`."""
        finished, size = frozenset(done), self._decoding.batch_size
        order = sorted(range(len(chats)), key=lambda number: (sum(len(m["content"]) for m in chats[number]), number))
        with ThreadPoolExecutor(size) as threads:
            for batch in (order[start : start + size] for start in range(0, len(order), size)):
                if not finished.issuperset(batch):
                    answers = threads.map(self._answer, [chats[number] for number in batch])
                    yield dict(zip(batch, answers, strict=True))

    def _known(self, model: str) -> str:
        listed = [str(one["id"]) for one in self._asked("GET", "/models", None)["data"]]
        if model in listed:
            return model
        if not model and len(listed) == 1:
            return listed[0]
        raise PrerequisiteError(
            f"{self._url}: no model {model!r}" if model else f"{self._url}: has {len(listed)} models",
            hint=f"name one of its models: {', '.join(listed[:5]) or 'it lists none'}",
        )

    def _answer(self, chat: Sequence[Message]) -> Completion:
        body = {"model": self._model, "messages": [dict(message) for message in chat]}
        try:
            answer = self._asked("POST", "/chat/completions", {**body, **self._sent})
        except DataError as error:
            if not any(name in error.message for name in _BEYOND_OPENAI):
                raise
            for name in _BEYOND_OPENAI:
                self._sent.pop(name, None)
            answer = self._asked("POST", "/chat/completions", {**body, **self._sent})
        try:
            choice = answer["choices"][0]
            text, n_tokens = choice["message"]["content"] or "", int(answer["usage"]["completion_tokens"])
            return Completion(str(text), n_tokens, "length" if choice["finish_reason"] == "length" else "end")
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise self._failed("its answer is not a chat completion") from error

    def _asked(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        """Send a request until it is answered; every failure but the last is slept over."""
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            try:
                response = self._client.request(method, self._url + path, json=body)
            except httpx.HTTPError as error:
                if last or isinstance(error, httpx.ConnectError):
                    raise self._failed(f"cannot be reached: {error}") from error
            else:
                if response.status_code not in _BUSY or last:
                    return self._read(response)
            time.sleep(min(0.25 * 4 ** (attempt - 1), 10.0))
        raise AssertionError("the last attempt returns or raises")

    def _read(self, response: httpx.Response) -> Any:
        if response.status_code in (400, 413, 422):
            raise DataError(f"{self._url}: refuses a prompt: {response.text[:300]}", hint="leave the longest rows out")
        if not response.is_success:
            raise self._failed(f"answers {response.status_code}: {response.text[:300]}")
        try:
            return response.json()
        except ValueError as error:
            raise self._failed("its answer is not JSON") from error

    def _failed(self, why: str) -> PrerequisiteError:
        return PrerequisiteError(f"{self._url}: {why}", hint="is the server up, and is the address its /v1 address?")

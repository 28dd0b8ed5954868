"""The shapes of the OpenAI chat API that `serve` speaks: requests, answers, chunks and errors.

Source: https://platform.openai.com/docs/api-reference/chat. Covered: text chats with one choice, plain or streamed.
Refused by name: what would change the answer and is not done here (tools, several choices, images).
Accepted and named in the answer as ignored: sampling settings, because decoding is greedy.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from cli_tuner.ports import Reply

UNSUPPORTED = (
    "tools", "tool_choice", "functions", "function_call", "response_format", "logprobs", "top_logprobs", "logit_bias",
    "audio", "modalities", "prediction", "web_search_options",
)  # fmt: skip


_MOST_STOPS = 4
StopString = Annotated[str, Field(min_length=1, max_length=200)]


class Refusal(Exception):
    """A request that gets an error object instead of an answer.

    Args:
        status: HTTP status.
        message: What is wrong.
        kind: OpenAI's `type`: `invalid_request_error`, `authentication_error`, `rate_limit_error`, `server_error`.
        code: A word for programs, or None.
        param: The parameter at fault, or None.
        retry_after_s: When to try again, where that helps.
    """

    def __init__(
        self,
        status: int,
        message: str,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


class _Part(BaseModel):
    type: Literal["text"]
    text: str


class ChatMessage(BaseModel):
    """One turn."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[_Part]

    def plain(self) -> dict[str, str]:
        """Return it as the chat template knows it: three roles, one text."""
        text = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)
        return {"role": "system" if self.role == "developer" else self.role, "content": text}


class _StreamOptions(BaseModel):
    include_usage: bool = False


class ChatRequest(BaseModel):
    """The body of a chat completion."""

    model_config = ConfigDict(extra="allow")

    model: str
    messages: list[ChatMessage] = Field(min_length=1, max_length=64)
    stream: bool | None = False
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    n: int | None = Field(default=None, ge=1)
    stop: StopString | list[StopString] | None = Field(default=None)

    def stops(self) -> tuple[str, ...]:
        """Return the texts before which an answer ends.

        Raises:
            Refusal: There are more than OpenAI allows.
        """
        found = () if self.stop is None else (self.stop,) if isinstance(self.stop, str) else tuple(self.stop)
        if len(found) > _MOST_STOPS:
            raise Refusal(400, f"stop: at most {_MOST_STOPS} texts", code="invalid_value", param="stop")
        return found

    def refuse_what_is_not_done(self) -> None:
        """Refuse parameters that would change the answer and that this server does not know.

        Raises:
            Refusal: One is set.
        """
        extra = self.model_extra or {}
        nothing: tuple[Any, ...] = (
            None,
            False,
            [],
            {"type": "text"},
        )  # the last is how many clients send no response_format
        named = [name for name in UNSUPPORTED if extra.get(name) not in nothing]
        if self.n not in (None, 1):
            named.append("n")
        if named:
            raise Refusal(
                400, f"{named[0]} is not supported by this server", code="unsupported_parameter", param=named[0]
            )

    def ignored(self) -> list[str]:
        """Name the parameters that have no effect here."""
        return sorted(name for name, value in (self.model_extra or {}).items() if value is not None)

    def limit(self, most: int) -> int:
        """Return how many tokens may be generated.

        Raises:
            Refusal: More than the server allows.
        """
        name = "max_tokens" if self.max_completion_tokens is None else "max_completion_tokens"
        wanted = self.max_completion_tokens or self.max_tokens or most
        if wanted > most:
            raise Refusal(400, f"{name} is {wanted}; this server allows {most}", code="invalid_value", param=name)
        return wanted


def envelope(kind: str, model: str) -> dict[str, object]:
    """Return the fields that every answer and every chunk of it share."""
    return {"id": f"chatcmpl-{secrets.token_hex(12)}", "object": kind, "created": int(time.time()), "model": model}


def usage(reply: Reply) -> dict[str, int]:
    """Count tokens."""
    total = reply.n_prompt_tokens + reply.n_tokens
    return {"prompt_tokens": reply.n_prompt_tokens, "completion_tokens": reply.n_tokens, "total_tokens": total}


def completion(request: ChatRequest, reply: Reply) -> dict[str, object]:
    """Return the whole answer."""
    message = {"role": "assistant", "content": reply.content, "refusal": reply.refusal}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish_reason}
    return {
        **envelope("chat.completion", request.model),
        "choices": [choice],
        "usage": usage(reply),
        "cli_tuner": {**reply.guard_facts, "ignored": request.ignored()},
    }


def chunks(request: ChatRequest, reply: Reply) -> Iterator[str]:
    """Yield the answer as server-sent events; it was judged before the first one is sent."""
    head = envelope("chat.completion.chunk", request.model)
    said = {"content": reply.content} if reply.refusal is None else {"refusal": reply.refusal}
    wants_usage = request.stream_options is not None and request.stream_options.include_usage
    deltas: Sequence[tuple[dict[str, str], str | None]] = (
        ({"role": "assistant", "content": ""}, None), (said, None), ({}, reply.finish_reason)
    )  # fmt: skip
    for delta, reason in deltas:
        chunk: dict[str, object] = {
            **head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]
        }  # fmt: skip
        if reason:
            chunk["cli_tuner"] = {**reply.guard_facts, "ignored": request.ignored()}
        if wants_usage:
            chunk["usage"] = None
        yield _event(chunk)
    if wants_usage:
        yield _event({**head, "choices": [], "usage": usage(reply)})
    yield "data: [DONE]\n\n"


def _event(chunk: dict[str, object]) -> str:
    return f"data: {json.dumps(chunk)}\n\n"

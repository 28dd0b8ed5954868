"""The OpenAI-compatible endpoint: routes, error objects and the life of the model's worker.

Every answer passes the guard before its first byte is sent, streamed or not. `server_gate` stands before it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request

from cli_tuner.backends.server_batching import Batcher
from cli_tuner.backends.server_gate import App, Gate, Limits
from cli_tuner.backends.server_metrics import CONTENT_TYPE, Metrics
from cli_tuner.backends.server_protocol import ChatRequest, Refusal, chunks, completion
from cli_tuner.errors import CliTunerError
from cli_tuner.ports import Message, Reply

Ask: TypeAlias = tuple[Sequence[Message], int, tuple[str, ...]]
"""A conversation, the most tokens that may answer it, and texts before which the answer ends."""


@dataclass(frozen=True, slots=True)
class Service:
    """What is served.

    Attributes:
        model: Name by which clients ask for it.
        check: Returns why a conversation may not be asked, or an empty string.
        answer: Answers and judges a batch; runs in one thread. Told where to note verdict, action and CPU seconds.
        batch_size: Most conversations that are answered together.
    """

    model: str
    check: Callable[[Sequence[Message]], str]
    answer: Callable[[Sequence[Ask], Callable[[str, str, float], None]], Sequence[Reply]]
    batch_size: int = 16


def build_app(service: Service, limits: Limits, *, token: str = "", hosts: frozenset[str] = frozenset()) -> App:
    """Return the ASGI application.

    Args:
        service: What is served.
        limits: What a client may do.
        token: The API key that clients must send; empty for none.
        hosts: Host names that clients may use; empty for any.
    """
    api = _Api(service, limits)
    app = FastAPI(title="cli-tuner", docs_url=None, redoc_url=None, openapi_url=None, lifespan=api.lifespan)
    app.add_api_route("/v1/chat/completions", api.chat, methods=["POST"], response_model=None)
    app.add_api_route("/v1/models", api.models, methods=["GET"])
    app.add_api_route("/v1/models/{name:path}", api.model, methods=["GET"])
    app.add_api_route("/healthz", api.health, methods=["GET"])
    app.add_api_route("/metrics", api.metrics, methods=["GET"], response_model=None)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _no_such_thing)
    app.add_exception_handler(Exception, _broken)
    return Gate(app, limits=limits, token=token, hosts=hosts, note=api.counters.note_answer)


class _Api:
    def __init__(self, service: Service, limits: Limits) -> None:
        self._service = service
        self._limits = limits
        self._started = int(time.time())
        self.counters = Metrics(lambda: self._batcher.depth())
        self._batcher: Batcher[Ask, Reply] = Batcher(
            lambda asks: service.answer(asks, self.counters.note_reply),
            batch_size=service.batch_size,
            note=self.counters.note_batch,
        )

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Run the worker while the application runs."""
        self._batcher.start()
        yield
        await self._batcher.stop()

    async def chat(self, request: ChatRequest) -> Response:
        """Answer a conversation."""
        began = time.perf_counter()
        self._need_model(request.model)
        request.refuse_what_is_not_done()
        limit = request.limit(self._limits.max_new_tokens)
        messages = [message.plain() for message in request.messages]
        why = self._service.check(messages)
        if why:
            raise Refusal(400, why, code="invalid_prompt", param="messages")
        reply = await self._ask((messages, limit, request.stops()))
        self.counters.note_tokens(reply.n_prompt_tokens, reply.n_tokens, time.perf_counter() - began)
        if request.stream:
            return StreamingResponse(chunks(request, reply), media_type="text/event-stream")
        return JSONResponse(completion(request, reply))

    async def _ask(self, ask: Ask) -> Reply:
        try:
            return await asyncio.wait_for(self._batcher.submit(ask), self._limits.timeout_s)
        except asyncio.TimeoutError:
            what = f"no answer within {self._limits.timeout_s:g} s"
            raise Refusal(504, what, "server_error", "timeout", retry_after_s=1) from None
        except CliTunerError as error:
            raise Refusal(500, error.message, "server_error", "generation_failed") from error

    def _need_model(self, name: str) -> None:
        if name != self._service.model:
            what = f"the model {name!r} does not exist; this server has {self._service.model!r}"
            raise Refusal(404, what, code="model_not_found", param="model")

    async def models(self) -> dict[str, object]:
        """List the one model."""
        return {"object": "list", "data": [self._described()]}

    async def model(self, name: str) -> Mapping[str, Any]:
        """Describe it."""
        self._need_model(name)
        return self._described()

    def _described(self) -> dict[str, object]:
        return {"id": self._service.model, "object": "model", "created": self._started, "owned_by": "cli-tuner"}

    async def health(self) -> dict[str, object]:
        """Say that the server is up, and how many requests wait."""
        return {"status": "ok", "waiting": self._batcher.depth()}

    async def metrics(self) -> Response:
        """Return the counters."""
        return Response(self.counters.text(), media_type=CONTENT_TYPE)


async def _refused(_: Request, error: Any) -> Response:
    headers = {"retry-after": str(error.retry_after_s)} if error.retry_after_s else None
    return JSONResponse(error.body, error.status, headers)


async def _malformed(request: Request, error: Any) -> Response:
    first = error.errors()[0]
    param = ".".join(str(part) for part in first["loc"] if part != "body") or None
    what = f"{param}: {first['msg']}" if param else f"the body is not what it should be: {first['msg']}"
    return await _refused(request, Refusal(400, what, code="invalid_request", param=param))


async def _no_such_thing(request: Request, error: Any) -> Response:
    what = f"{request.method} {request.url.path}: {error.detail}"
    return await _refused(request, Refusal(error.status_code, what, code="unknown_url"))


async def _broken(request: Request, _: Any) -> Response:
    return await _refused(
        request, Refusal(500, "the server failed; its log says why", "server_error", "internal_error")
    )

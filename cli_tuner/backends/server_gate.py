"""Stands before the endpoint: who may ask, how often, how much, and how slowly. Pure ASGI, no framework.

Covered: host names (DNS rebinding), bearer token in constant time, rate a client, requests under way, size of the
body, and bodies that trickle. Not covered: TLS and clients that share an address, which a reverse proxy in front does.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cli_tuner.backends.server_protocol import Refusal

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_MAX_CLIENTS = 10_000
_LINGER_S = 1.0
_LINGER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may do.

    Attributes:
        max_body_bytes: Largest request body.
        body_timeout_s: A body must have arrived after this long.
        timeout_s: An answer must have been given after this long.
        requests_per_minute: A client address, bursts up to as many at once; 0 for no limit.
        max_waiting: Requests under way, all clients together.
        max_new_tokens: Longest completion, in tokens.
    """

    max_body_bytes: int = 64 * 1024
    body_timeout_s: float = 10.0
    timeout_s: float = 120.0
    requests_per_minute: int = 600
    max_waiting: int = 512
    max_new_tokens: int = 128


class Gate:
    """ASGI middleware that lets a request through or answers it with an error object.

    Args:
        app: What is behind.
        limits: What a client may do.
        token: What `Authorization: Bearer` must carry; empty for nothing.
        hosts: Names by which a client may call this server; empty for any.
        note: Told path and status of every answer.
    """

    def __init__(
        self, app: App, *, limits: Limits, token: str, hosts: frozenset[str], note: Callable[[str, int], None]
    ) -> None:
        self._app = app
        self._limits = limits
        self._token = token.encode()
        self._hosts = hosts
        self._note = note
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def noting(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._note(scope["path"], message["status"])
            await send(message)

        asks = scope["path"].startswith("/v1/") and scope["method"] == "POST"
        try:
            self._admit(scope, asks=asks)
            body = await self._body(scope, receive)
        except Refusal as refusal:
            await _say(refusal, receive, noting)
            return
        self._under_way += asks
        try:
            await self._app(scope, _replay(body, receive), noting)
        finally:
            self._under_way -= asks

    def _admit(self, scope: Scope, *, asks: bool) -> None:
        headers = dict(reversed(scope["headers"]))
        if self._hosts and _host(headers.get(b"host", b"")) not in self._hosts:
            raise Refusal(421, "this server does not go by that host name", code="wrong_host")
        if scope["path"] == "/healthz":
            return
        self._check_token(headers.get(b"authorization", b""))
        if not asks:
            return
        kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
        if kind != b"application/json":
            raise Refusal(415, "send application/json", code="unsupported_media_type")
        self._check_rate((scope.get("client") or ("", 0))[0])
        if self._under_way >= self._limits.max_waiting:
            raise Refusal(503, "too many requests are under way", "server_error", "overloaded", retry_after_s=1)

    def _check_token(self, given: bytes) -> None:
        scheme, _, token = given.partition(b" ")
        if self._token and not (hmac.compare_digest(token.strip(), self._token) and scheme.lower() == b"bearer"):
            what = "a wrong API key" if given else "no API key: send Authorization: Bearer …"
            raise Refusal(401, what, "authentication_error", "invalid_api_key")

    def _check_rate(self, client: str) -> None:
        """Take one from the client's bucket, which fills at the allowed rate and holds one minute's worth."""
        most = float(self._limits.requests_per_minute)
        if not most:
            return
        now = time.monotonic()
        level, at = self._buckets.pop(client, (most, now))
        level = min(most, level + (now - at) * most / 60)
        self._buckets[client] = (max(level - 1, 0.0) if level >= 1 else level, now)
        if len(self._buckets) > _MAX_CLIENTS:
            self._buckets.popitem(last=False)
        if level < 1:
            wait_s = int((1 - level) * 60 / most) + 1
            raise Refusal(429, "too many requests", "rate_limit_error", "rate_limit_exceeded", retry_after_s=wait_s)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self._limits.max_body_bytes:
            raise self._too_large()
        try:
            return await asyncio.wait_for(self._read(receive), self._limits.body_timeout_s)
        except asyncio.TimeoutError:
            what = f"the body did not arrive within {self._limits.body_timeout_s:g} s"
            raise Refusal(408, what, code="request_timeout") from None

    async def _read(self, receive: Receive) -> bytes:
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self._limits.max_body_bytes:
                raise self._too_large()
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                return bytes(body)

    def _too_large(self) -> Refusal:
        return Refusal(413, f"the body is larger than {self._limits.max_body_bytes} bytes", code="request_too_large")


def _host(header: bytes) -> str:
    with suppress(ValueError):
        return urlsplit("//" + header.decode("latin-1")).hostname or ""
    return ""


def _replay(body: bytes, receive: Receive) -> Receive:
    pending = [body]

    async def replayed() -> MutableMapping[str, Any]:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        return await receive()

    return replayed


async def _say(refusal: Refusal, receive: Receive, send: Send) -> None:
    """Answer with an error object, then close in stages (RFC 9112, section 9.6).

    Closing while the client still sends resets the connection, and the client loses the answer: what comes in the next
    second is read and dropped, up to a bound.
    """
    body = json.dumps(refusal.body).encode()
    length = str(len(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length), (b"connection", b"close")]
    if refusal.retry_after_s:
        headers.append((b"retry-after", str(refusal.retry_after_s).encode()))
    if refusal.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(_drop(receive), _LINGER_S)
    await send({"type": "http.response.body", "body": b""})


async def _drop(receive: Receive) -> None:
    """Read until the client is gone or has sent too much to be worth it."""
    n_bytes = 0
    while n_bytes < _LINGER_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        n_bytes += len(message.get("body", b""))

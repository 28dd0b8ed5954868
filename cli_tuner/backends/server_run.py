"""Runs the endpoint by uvicorn: binds the address, closes connections that send no request, ends gracefully.

SIGTERM and Ctrl-C let the requests under way finish, up to their own time limit.
"""

from __future__ import annotations

import json
import logging
import re
import signal
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from cli_tuner.backends.server_gate import App, Limits
from cli_tuner.backends.server_protocol import Refusal
from cli_tuner.errors import CliTunerError

_BODY = json.dumps(Refusal(408, "no whole request arrived in time", code="request_timeout").body)
_TOO_SLOW = (
    f"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\ncontent-length: {len(_BODY)}\r\n"
    f"connection: close\r\n\r\n{_BODY}"
).encode()


def bind(host: str, port: int) -> socket.socket:
    """Open the listening socket; port 0 takes a free one.

    Raises:
        CliTunerError: The address is taken, or not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise CliTunerError(
            f"cannot listen on {host} port {port}: {error.strerror or error}", hint="choose another --port"
        ) from error


def run(app: App, listener: socket.socket, limits: Limits, *, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Args:
        app: From `server.build_app`.
        listener: From `bind`.
        limits: How long a request may take, also at the end.
        ready: Called when requests are taken.
    """
    server = make_server(app, limits, ready)
    # NOTE: uvicorn raises the signal again when it is done; SIGTERM is a regular end and must not kill us then.
    signal.signal(signal.SIGTERM, lambda *_: None)
    server.run(sockets=[listener])


def make_server(app: App, limits: Limits, ready: Callable[[], None]) -> uvicorn.Server:
    """Return the server, not yet running."""
    config = uvicorn.Config(
        app,
        http=_protocol(limits.body_timeout_s),
        ws="none",
        lifespan="on",
        log_level=logging.WARNING,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=int(limits.timeout_s) + 1,
        h11_max_incomplete_event_size=16 * 1024,
    )
    return _Server(config, ready)


class _Server(uvicorn.Server):  # type: ignore[misc]
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready()


class Heads:
    """Watches the heads of the requests of one connection for what servers and proxies read differently.

    A bare line feed, a folded header, or a length beside a transfer encoding lets one request hide in another (RFC
    9112, sections 2.2, 5.2 and 6.3). h11 forgives all three. Not covered: heads that follow a chunked body.
    """

    def __init__(self) -> None:
        self._head = b""
        self._body_left = 0
        self._chunked = False

    def are_wrong(self, data: bytes) -> bool:
        """Tell whether the bytes that came next make a head that may not be; called with all bytes, in order."""
        while data and not self._chunked:
            if self._body_left:
                taken = min(self._body_left, len(data))
                self._body_left, data = self._body_left - taken, data[taken:]
                continue
            self._head += data
            head, end, rest = self._head.partition(b"\r\n\r\n")
            if b"\n" in head.replace(b"\r\n", b"") or re.search(rb"\r\n[ \t]", head):
                return True
            if not end:
                return False
            length, coded = _LENGTH.search(head), _CODED.search(head)
            if length and coded:
                return True
            self._head, data = b"", rest
            self._chunked = bool(coded)
            self._body_left = int(length[1]) if length else 0
        return False


_LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*(\d{1,12})[ \t]*(?=\r\n|\Z)", re.IGNORECASE)
_CODED = re.compile(rb"\r\ntransfer-encoding[ \t]*:", re.IGNORECASE)
_SAID = json.dumps(Refusal(400, "the request's head is not what RFC 9112 allows", code="bad_request").body)
_WRONG_HEAD = (
    f"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {len(_SAID)}\r\n"
    f"connection: close\r\n\r\n{_SAID}"
).encode()


def _protocol(header_timeout_s: float) -> type[Any]:
    class Impatient(H11Protocol):  # type: ignore[misc]
        """Closes a connection that has sent no whole request head in time; uvicorn itself waits for ever."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._heads = Heads()
            self._patience = self.loop.call_later(header_timeout_s, self._give_up)

        def data_received(self, data: bytes) -> None:
            if self._heads.are_wrong(data):
                self.transport.write(_WRONG_HEAD)
                self.transport.close()
                return
            super().data_received(data)
            if self.cycle is not None:
                self._patience.cancel()

        def connection_lost(self, exc: Exception | None) -> None:
            self._patience.cancel()
            super().connection_lost(exc)

        def _give_up(self) -> None:
            if not self.transport.is_closing():
                self.transport.write(_TOO_SLOW)
                self.transport.close()

    return Impatient

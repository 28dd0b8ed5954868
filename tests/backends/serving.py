"""A real server in a thread on a free port of this machine, with any generator behind the real guard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cli_tuner.backends.server import Service, build_app
from cli_tuner.backends.server_gate import Limits
from cli_tuner.backends.server_run import bind, make_server
from cli_tuner.generate.ingress import Limits as PromptLimits
from cli_tuner.generate.serving import Answerer
from cli_tuner.ports import Generator
from cli_tuner.safety.policy import BUILT_IN
from tests.fakes import ByteTokenizer

HOSTS = frozenset({"127.0.0.1", "localhost"})


@contextmanager
def serving(
    generator: Generator, limits: Limits | None = None, *, token: str = "", tokenizer: Any = None
) -> Iterator[str]:
    """Yield the server's address, such as `http://127.0.0.1:40001`."""
    limits = limits or Limits()
    prompts = PromptLimits(max_chars=4000, max_tokens=1000)
    answerer = Answerer(generator, tokenizer or ByteTokenizer(), BUILT_IN["default"], prompts, None)
    app = build_app(
        Service("tiny", answerer.check, answerer.answer), limits, token=token, hosts=frozenset() if token else HOSTS
    )
    listener = bind("127.0.0.1", 0)
    ready = threading.Event()
    server = make_server(app, limits, ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        assert ready.wait(20)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()

"""What `serve` needs beside its options: the API key, the wiring of model and guard, and the running server."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cli_tuner.cli import console
from cli_tuner.errors import CliTunerError

if TYPE_CHECKING:
    from cli_tuner.backends.server import Service
    from cli_tuner.backends.server_gate import Limits
    from cli_tuner.cli.models import Opened
    from cli_tuner.generate.ingress import Limits as PromptLimits
    from cli_tuner.safety.policy import Policy

TOKEN = "CLI_TUNER_SERVE_TOKEN"  # noqa: S105  (the variable's name)
_SHORTEST = 16


def token_for(host: str) -> str:
    """Return the API key that clients must send; empty for none, which is allowed on this machine only.

    Raises:
        CliTunerError: Others can reach the address and there is no key, or it is easily guessed.
    """
    from cli_tuner.config.environment import read_dotenv

    read_dotenv()
    token = os.environ.get(TOKEN, "").strip()
    hint = f"{TOKEN}=$(openssl rand -hex 32) in the environment or in .env"
    if token and len(token) < _SHORTEST:
        raise CliTunerError(f"{TOKEN} is shorter than {_SHORTEST} characters", hint=hint)
    if not token and not is_loopback(host):
        raise CliTunerError(f"others can reach {host}, and there is no API key for them", hint=f"set {hint}")
    return token


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def service(
    opened: Opened, name: str | None, policy: Policy, prompts: PromptLimits, audit: Path | None, batch_size: int
) -> Service:
    """Put the guard before a model."""
    from cli_tuner.backends.server import Service
    from cli_tuner.generate.audit import AuditLog
    from cli_tuner.generate.serving import Answerer

    log = AuditLog(audit, with_text=False, model=opened.facts) if audit else None
    answerer = Answerer(opened.generator, opened.tokenizer, policy, prompts, log)
    return Service(name or str(opened.facts["name"]), answerer.check, answerer.answer, batch_size)


def run(service: Service, limits: Limits, *, host: str, port: int, token: str) -> None:
    """Serve until told to stop."""
    from cli_tuner.backends.server import build_app
    from cli_tuner.backends.server_run import bind
    from cli_tuner.backends.server_run import run as run_server

    # Without a key the host name is checked: a page in a browser on this machine must not ask under another one.
    hosts = frozenset() if token else frozenset({"localhost", "127.0.0.1", "::1", host})
    app = build_app(service, limits, token=token, hosts=hosts)
    listener = bind(host, port)
    shown = f"[{host}]" if ":" in host else host
    where = f"http://{shown}:{listener.getsockname()[1]}/v1"
    run_server(app, listener, limits, ready=lambda: console.say(f"serving {service.model} at {where} (Ctrl-C stops)"))
    console.say("stopped")

"""What the environment decides: keys from `.env`, and whether Weights & Biases is online, offline or off.

Secrets are read into the process environment and go nowhere else: no config, log, record or run holds them.
"""

from __future__ import annotations

import base64
import json
import netrc
import os
import socket
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from cli_tuner.errors import ConfigError

_MODES = ("online", "offline", "disabled", "dryrun", "run", "shared")


def cache_home() -> Path:
    """Return the folder of what was asked once and holds for every project of this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cli-tuner"


def read_dotenv(path: Path = Path(".env")) -> None:
    """Set variables from `.env` where it exists; a variable that is already set, or is empty there, stays."""
    if not path.is_file():
        return
    from dotenv import dotenv_values

    for name, value in dotenv_values(path).items():
        if value and not os.environ.get(name):
            os.environ[name] = value


def wandb_mode() -> str:
    """Return the W&B mode: `WANDB_MODE` if set, else `online` with a key and `offline` without one.

    Raises:
        ConfigError: `WANDB_MODE` is not a mode of W&B.
    """
    chosen = os.environ.get("WANDB_MODE", "").strip()
    if chosen:
        if chosen not in _MODES:
            raise ConfigError(f"WANDB_MODE={chosen}: not one of {', '.join(_MODES[:3])}", hint="unset WANDB_MODE")
        return chosen
    return "online" if has_wandb_key() else "offline"


def has_wandb_key() -> bool:
    """Tell whether W&B could log in: a key in the environment, or one that `wandb login` kept."""
    return bool(os.environ.get("WANDB_API_KEY")) or _logged_in()


def _logged_in() -> bool:
    try:
        return netrc.netrc().authenticators("api.wandb.ai") is not None
    except (OSError, netrc.NetrcParseError):
        return False


def wandb_reachable(timeout_s: float = 3.0) -> bool:
    """Tell whether the W&B server takes a connection; `WANDB_BASE_URL` names another one than api.wandb.ai."""
    url = urlsplit(_wandb_url())
    try:
        port = url.port or (80 if url.scheme == "http" else 443)
        with socket.create_connection((url.hostname or "", port), timeout=timeout_s):
            return True
    except (OSError, ValueError):
        return False


def wandb_refusal(timeout_s: float = 5.0) -> str:
    """Ask the W&B server who we are; return why it would take no run from us, empty when it would."""
    if not wandb_reachable():
        return "the W&B server cannot be reached"
    key = os.environ.get("WANDB_API_KEY") or _kept_key()
    if not key:
        return "there is no W&B key"
    url = f"{_wandb_url()}/graphql"
    if not url.startswith(("https://", "http://")):
        return f"WANDB_BASE_URL is no address: {_wandb_url()}"
    token = base64.b64encode(f"api:{key}".encode()).decode()
    asked = Request(  # noqa: S310  (the scheme is checked above)
        url,
        data=json.dumps({"query": "query Viewer { viewer { id } }"}).encode(),
        headers={"Authorization": f"Basic {token}", "Content-Type": "application/json"},
    )
    try:
        with urlopen(asked, timeout=timeout_s) as answer:  # noqa: S310
            viewer = json.loads(answer.read()).get("data", {}).get("viewer")
            return "" if viewer else "the W&B server does not know this key"
    except HTTPError as error:
        refused = error.code in (400, 401, 403)
        return "the W&B server does not accept this key" if refused else f"the W&B server answered {error.code}"
    except (OSError, ValueError, AttributeError, HTTPException):
        return "the W&B server gave no answer that can be read"


def _wandb_url() -> str:
    return (os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai").rstrip("/")


def _kept_key() -> str:
    try:
        found = netrc.netrc().authenticators(urlsplit(_wandb_url()).hostname or "")
    except (OSError, netrc.NetrcParseError):
        return ""
    return found[2] if found else ""

"""What the environment decides: keys from `.env`, and whether Weights & Biases is online, offline or off.

Secrets are read into the process environment and go nowhere else: no config, log, record or run holds them.
"""

from __future__ import annotations

import netrc
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

from cli_tuner.errors import ConfigError

_MODES = ("online", "offline", "disabled", "dryrun", "run", "shared")


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
    url = urlsplit(os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai")
    try:
        port = url.port or (80 if url.scheme == "http" else 443)
        with socket.create_connection((url.hostname or "", port), timeout=timeout_s):
            return True
    except (OSError, ValueError):
        return False

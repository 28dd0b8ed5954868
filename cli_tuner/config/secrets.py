"""Secrets in a config: `${NAME}` names an environment variable, and its value never touches a file.

The law: only a key that holds a secret may name a variable, and such a key may hold nothing else. `load`
keeps the reference as it is written, so the frozen config, `config show` and every record hold `${NAME}`;
the training process replaces it in its own memory (`expand`). Anything else that came from the environment
would make a run that its own config does not describe.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_INTERPOLATED = re.compile(r"\$\{[^}]*\}")  # of any dialect: `${HOME}`, `${env:HOME}`, `${HOME:-x}`
_SECRET_KEY = re.compile(r"(^|_)(api_key|secret|password|access_token|auth_token)$")
# Shapes of tokens, by their issuers' prefixes; a password in an address; `…_key=…` and the like in a command line.
_TOKEN = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{20,}|wandb_v1_[A-Za-z0-9_]{20,}|sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}"
    r"|github_pat_[A-Za-z0-9_]{30,}|AKIA[A-Z0-9]{16})\b"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
    r"|((?:api_?key|secret|password|(?:access_|auth_|hub_|hf_)token)[\"']?\s*[=:]\s*[\"']?)(?!\$\{)[^\s\"',;]{6,}",
    re.IGNORECASE,
)
REDACTED = "[redacted]"
_NOT_SECRET = frozenset({"hf_use_auth_token"})  # a switch


def is_secret(key: str) -> bool:
    """Tell whether a key holds a secret, by its last name."""
    name = key.rpartition(".")[2]
    return bool(_SECRET_KEY.search(name)) and name not in _NOT_SECRET


def secret_faults(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield `(dotted path, why)` for each secret that is written out and each `${NAME}` that is not a secret's."""
    for path, text in _texts(values, ""):
        if is_secret(path) and not _REFERENCE.fullmatch(text):
            yield path, f"{path}: a secret is written into the file; write ${{{path.rpartition('.')[2].upper()}}}"
        elif is_secret(path) or path == "chat_template_jinja":
            continue
        elif any(found.group(1) is None for found in _TOKEN.finditer(text)):
            yield path, f"{path}: a secret is written into the file; put it into .env"
        elif _INTERPOLATED.search(text):
            yield path, f"{path}: only secrets may come from the environment; use --set {path}=… instead"


def missing_secrets(values: Mapping[str, Any]) -> list[str]:
    """Return the variables that the config names and the environment does not hold."""
    named = (_REFERENCE.fullmatch(text) for path, text in _texts(values, "") if is_secret(path))
    return [match.group(1) for match in named if match and not os.environ.get(match.group(1))]


def expand(values: dict[str, object]) -> None:
    """Replace `${NAME}` by its value in the top-level secrets of `values`, in place; for the training process."""
    for key, value in list(values.items()):
        match = _REFERENCE.fullmatch(value) if isinstance(value, str) and is_secret(key) else None
        if match:
            values[key] = os.environ.get(match.group(1))


def redacted(value: Any, key: str = "") -> Any:
    """Return a copy of a config or record that can be shown: no secret by its key, no text that looks like a token.

    A reference such as `${WANDB_API_KEY}` stays: it holds nothing.
    """
    if isinstance(value, Mapping):
        return {name: redacted(child, str(name)) for name, child in value.items()}
    if isinstance(value, list):
        return [redacted(child, key) for child in value]
    if not isinstance(value, str) or _REFERENCE.fullmatch(value):
        return value
    return REDACTED if value and is_secret(key) else redacted_text(value)


def redacted_text(text: str) -> str:
    """Return `text`, such as a message of an error, with everything in it that looks like a token left out."""
    return _TOKEN.sub(lambda match: f"{match.group(1) or ''}{REDACTED}", text)


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield from _texts(child, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _texts(child, f"{path}[{index}]")

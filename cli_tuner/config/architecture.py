"""The modules of a base model that is here, asked of transformers in a child process and kept by a digest.

Only where no table knows the kind of model, or a deep check wants every name: building it takes transformers' import.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from cli_tuner.config.environment import cache_home
from cli_tuner.files import sha256_text, write_text

_CHILD = "cli_tuner.backends.architecture"
_TIMEOUT_S = 180


@lru_cache(maxsize=8)
def architecture(folder: Path) -> Mapping[str, Any]:
    """Return what `backends/architecture.py` says of the model in `folder`; `{"error": why}` where it cannot.

    Args:
        folder: A folder with `config.json`.
    """
    try:
        text = (folder / "config.json").read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return {"error": str(error)}
    kept = cache_home() / "architecture" / f"{sha256_text(text + sys.prefix)}.json"
    if kept.is_file():
        found: Mapping[str, Any] = json.loads(kept.read_text("utf-8"))
        return found
    try:
        done = subprocess.run(
            [sys.executable, "-m", _CHILD, str(folder)], capture_output=True, text=True, timeout=_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return {"error": f"transformers did not answer within {_TIMEOUT_S} s"}
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines:
        return {"error": (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]}
    answer: Mapping[str, Any] = json.loads(lines[-1])
    if "error" not in answer:
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_text(kept, lines[-1] + "\n")
    return answer


def snapshot(base_model: str) -> Path | None:
    """Return the folder of a base model on this machine: local, or the newest in the hub's cache; else None."""
    if Path(base_model).is_dir():
        return Path(base_model)
    home = Path(os.environ.get("HF_HOME") or Path("~/.cache/huggingface").expanduser())
    hub = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    found = sorted((hub / f"models--{base_model.replace('/', '--')}" / "snapshots").glob("*"))
    return max(found, key=lambda path: path.stat().st_mtime) if found else None


def missed_targets(named: str | list[str], modules: Mapping[str, Any]) -> list[str]:
    """Return which targets find no module, as PEFT looks for them: a pattern on whole paths, a name at their end."""
    paths = [path.replace(".N", ".0") for path in modules]
    if isinstance(named, str):
        try:
            return [] if any(re.fullmatch(named, path) for path in paths) else [named]
        except re.error:
            return [named]
    return [one for one in map(str, named) if not any(path == one or path.endswith(f".{one}") for path in paths)]

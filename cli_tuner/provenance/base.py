"""Where the bytes of a base model lie on this machine, and what they are: a folder, or a revision in the hub's cache.

Source of the cache's layout: https://huggingface.co/docs/huggingface_hub/guides/manage-cache
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from cli_tuner.files import read_json, write_json
from cli_tuner.provenance.manifest import digests

_REVISION = re.compile(r"[0-9a-f]{40}")


def snapshot(base_model: str, revision: str | None = None) -> Path | None:
    """Return the folder of a base model; None where it is not on this machine.

    Args:
        base_model: A folder, or a name on the hub.
        revision: The commit of the hub's repository; None for the one that `main` last was here.
    """
    if Path(base_model).is_dir():
        return Path(base_model)
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache/huggingface")
    hub = Path(os.environ.get("HF_HUB_CACHE") or home / "hub") / f"models--{base_model.replace('/', '--')}"
    if revision is None:
        main = hub / "refs/main"
        revision = main.read_text(encoding="utf-8").strip() if main.is_file() else ""
    if not _REVISION.fullmatch(revision) or not (hub / "snapshots" / revision).is_dir():
        return None
    return hub / "snapshots" / revision


def base_digests(base_model: str, revision: str | None) -> dict[str, str] | None:
    """Return the SHA-256 of every file of a base model as it is here; None where it is not."""
    folder = snapshot(base_model, revision)
    return digests(folder, leave_out=()) if folder is not None else None


def pin_base(folder: Path, revision: str | None) -> None:
    """Write the realised commit of a hub base into an adapter's config, where PEFT looks for it.

    Args:
        folder: The adapter; nothing is done where it has no `adapter_config.json`.
        revision: Of the model that was loaded; None of a local folder, which is left alone.
    """
    path = folder / "adapter_config.json"
    if revision and path.is_file():
        write_json(path, {**read_json(path), "revision": revision})


def pinned_revision(adapter: Path) -> str | None:
    """Return the commit of the base that an adapter was trained on, by its config or else its record."""
    for name, place in (("adapter_config.json", ()), ("provenance.json", ("base_model",))):
        document: Any = read_json(adapter / name) if (adapter / name).is_file() else {}
        for key in (*place, "revision"):
            document = document.get(key) if isinstance(document, dict) else None
        if isinstance(document, str) and _REVISION.fullmatch(document):
            return document
    return None

"""The names under which a text's files are remembered, and what is known of them."""

from __future__ import annotations

import posixpath

from cli_tuner.shell.flow import Flow
from cli_tuner.shell.protocol import Shell


def file_key(evaluator: Shell, path: str) -> str:
    """Return the name under which a file is remembered."""
    joined = posixpath.join(evaluator.state.cwd, path) if evaluator.state.cwd else path
    return posixpath.normpath(joined) if joined else ""


def remembered(evaluator: Shell, path: str) -> Flow | None:
    """Return what is known of a file: by its name, or by a folder above it that came from elsewhere."""
    files = evaluator.state.files
    key = file_key(evaluator, path) if files else ""
    while key:
        if key in files:
            return files[key]
        above = posixpath.dirname(key.rstrip("/"))
        key = above + "/" if above not in ("", "/") else ""
        if key in files:
            return files[key]
    return None

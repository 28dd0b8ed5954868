"""`--set key=value`: one value of a config changed from the command line, inside lists too."""

from __future__ import annotations

import re
from typing import Any

from cli_tuner.config.source import Document, Origin, parse_value

FLAG = "--set"
_SHOWN = 80
_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_PATH = re.compile(r"[^.\[\]]+(\[\d+\])*(\.[^.\[\]]+(\[\d+\])*)*")


def apply(document: Document, override: str) -> None:
    """Change one value in place; what is wrong with the flag becomes a fault of the document.

    Args:
        document: The merged config.
        override: `dotted.key=value` or `list[0].key=value`; the value is YAML.
    """
    path, separator, text = override.partition("=")
    path = path.strip()
    override = override if len(override) <= _SHOWN else override[: _SHOWN - 3] + "..."
    if not separator or not _PATH.fullmatch(path):
        document.faults.append(f"{FLAG} {override}: write it as --set key.subkey=value, or --set list[0].subkey=value")
        return
    value, faults = parse_value(text, path, f"{FLAG} {override}")
    if faults:
        document.faults.extend(faults)
        return
    why = _assign(document.values, _parts(path), value)
    if why:
        document.faults.append(f"{FLAG} {override}: {why}")
        return
    for stale in [key for key in document.origins if key.startswith((f"{path}.", f"{path}["))]:
        del document.origins[stale]
    document.origins[path] = Origin(FLAG)


def _parts(path: str) -> list[str | int]:
    return [match.group(1) or int(match.group(2)) for match in _PART.finditer(path)]


def _assign(target: Any, parts: list[str | int], value: Any) -> str:
    """Walk down and set the last part; return why it is not possible, or an empty text."""
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        if isinstance(part, int):
            if not isinstance(target, list) or part >= len(target):
                return f"there is no entry [{part}]"
        elif not isinstance(target, dict):
            return f"{part} is below something that is not a mapping"
        if following is None:
            target[part] = value
            return ""
        if isinstance(part, str) and target.get(part) is None:
            target[part] = {}
        target = target[part]
    return ""

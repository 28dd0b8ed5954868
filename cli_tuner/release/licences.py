"""Licences of what a model was made from, as their owners name them, and which one a release may state by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import yaml

from cli_tuner.provenance.base import snapshot
from cli_tuner.records.data import Source
from cli_tuner.records.training import BaseModelRecord

_LICENCES = (  # how the texts of licences begin, where a folder holds only the text
    ("Apache-2.0", r"Apache License\s+Version 2\.0"), ("MIT", r"\bMIT License|Permission is hereby granted, free of"),
    ("BSD-3-Clause", r"Redistribution and use in source and binary forms[\s\S]*Neither the name"),
)  # fmt: skip
_FRONT = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)


def licences(
    sources: Sequence[Source], base: BaseModelRecord, base_stated: str | None = None
) -> list[tuple[str, str | None]]:
    """Return each thing that a model was made from and its licence, None where it is not known.

    Args:
        sources: Of the rows.
        base: The base model.
        base_stated: What somebody says of the base where its own files say nothing.
    """
    found = [(source.path or source.hub or "a source", source.licence) for source in sources]
    return [*found, (f"base model {base.name}", base_licence(base.name, base.revision) or base_stated)]


def common(found: Iterable[tuple[str, str | None]]) -> str | None:
    """Return the licence that everything has, as the hub writes it; None where they differ or one is not known."""
    names = {(one or "unknown").lower() for _, one in found}
    return names.pop() if len(names) == 1 and names != {"unknown"} else None


def base_licence(name: str | None, revision: str | None) -> str | None:
    """Return the licence that a base model's own card or licence file names; None where none does."""
    folder = snapshot(name, revision) if name else None
    if folder is None:
        return None
    card = folder / "README.md"
    match = _FRONT.match(card.read_text("utf-8", "replace")) if card.is_file() else None
    try:
        front = yaml.safe_load(match[1]) if match else None
    except yaml.YAMLError:
        front = None
    if isinstance(front, dict) and isinstance(front.get("license"), str):
        return str(front["license"])
    for path in sorted([*folder.glob("LICENSE*"), *folder.glob("LICENCE*")]):
        text = path.read_text("utf-8", "replace")
        return next((spdx for spdx, pattern in _LICENCES if re.search(pattern, text)), None)
    return None

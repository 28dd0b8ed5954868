"""The tokenised rows of a run by name: their text, which tokens are trained, and the lines that they were made of."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_IGNORE_INDEX = -100


@dataclass(frozen=True, slots=True)
class TokenisedRow:
    """One row as it was trained.

    Attributes:
        parts: Its text, cut where training begins and ends: (text, trained).
        lines: `file:line` of every row of the config's files that says this.
    """

    parts: Sequence[tuple[str, bool]]
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(text for text, _ in self.parts)


def find_rows(
    config: Mapping[str, Any], names: Collection[int], decode: Callable[[Sequence[int]], str]
) -> dict[int, TokenisedRow]:
    """Return the rows with these names that Axolotl's prepared files still hold.

    Args:
        config: The frozen config of the run.
        names: Names as in the run's row losses.
        decode: The tokenizer's way back from tokens, special ones included.
    """
    from datasets import load_from_disk

    from cli_tuner.backends.training_rows import name_of

    found: dict[int, TokenisedRow] = {}
    for folder in sorted(Path(str(config["dataset_prepared_path"])).glob("*/")):
        with suppress(FileNotFoundError):
            for row in load_from_disk(str(folder)):
                name = name_of(row["input_ids"], row["labels"])
                if name in names and name not in found:
                    found[name] = TokenisedRow(_parts(row["input_ids"], row["labels"], decode))
    _name_lines(config, found)
    return found


def _parts(ids: Sequence[int], labels: Sequence[int], decode: Callable[[Sequence[int]], str]) -> list[tuple[str, bool]]:
    parts: list[tuple[list[int], bool]] = []
    for token, label in zip(ids, labels, strict=True):
        trained = label != _IGNORE_INDEX
        if not parts or parts[-1][1] is not trained:
            parts.append(([], trained))
        parts[-1][0].append(token)
    return [(decode(tokens), trained) for tokens, trained in parts]


def _name_lines(config: Mapping[str, Any], found: Mapping[int, TokenisedRow]) -> None:
    """Note the lines whose every message stands in a row's text."""
    for entry in config.get("datasets") or []:
        path = Path(str(entry.get("path")))
        if path.suffix != ".jsonl" or not path.is_file():
            continue
        with path.open(encoding="utf-8") as handle:
            for number, line in enumerate(handle, start=1):
                said = _said(line, str(entry.get("field_messages") or "messages"))
                for row in found.values():
                    if said and all(text in row.text for text in said):
                        row.lines.append(f"{path}:{number}")


def _said(line: str, field_messages: str) -> list[str]:
    with suppress(ValueError, KeyError, TypeError):
        messages = json.loads(line)[field_messages]
        return [str(message.get("content") or message.get("value")).strip() for message in messages]
    return []

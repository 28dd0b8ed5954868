"""Numbers of a prepared folder: rows by gate, utility and length; the token budget; what changed between two.

Read from the files and their record, never from memory of the run.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli_tuner.config.source import read_document
from cli_tuner.errors import DataError
from cli_tuner.files import read_json, read_jsonl
from cli_tuner.prepare.settings import SPLITS

BUCKETS = 16
_SHOWN = 3


@dataclass(slots=True)
class SplitStats:
    """One split.

    Attributes:
        lengths: Rows by length in tokens.
        utilities: Rows by the first utility of the command.
        safety: Rows by verdict.
    """

    rows: int = 0
    tokens: int = 0
    trained: int = 0
    references: int = 0
    linted: int = 0
    lengths: Counter[int] = field(default_factory=Counter)
    utilities: Counter[str] = field(default_factory=Counter)
    safety: Counter[str] = field(default_factory=Counter)

    def add(self, row: Mapping[str, Any]) -> None:
        """Count one row."""
        self.rows += 1
        self.tokens += row["n_tokens"]
        self.trained += row["n_trained"]
        self.references += len(row["references"]) - 1
        self.linted += bool(row["lint"])
        self.lengths[row["n_tokens"]] += 1
        self.utilities[row["utility"]] += 1
        self.safety[row["safety"]] += 1

    def record(self) -> dict[str, object]:
        """The numbers as one JSON object."""
        return {
            "rows": self.rows,
            "tokens": self.tokens,
            "trained_tokens": self.trained,
            "mean_tokens": round(self.tokens / self.rows, 1) if self.rows else 0.0,
            "longest_tokens": max(self.lengths, default=0),
            "lengths": [{"from": low, "to": high, "rows": rows} for low, high, rows in histogram(self.lengths)],
            "further_references": self.references,
            "rows_with_lint_errors": self.linted,
            "safety": dict(sorted(self.safety.items())),
            "utilities": dict(self.utilities.most_common()),
        }


def split_stats(folder: Path) -> dict[str, SplitStats]:
    """Count the rows of every split in `folder`.

    Raises:
        DataError: The folder holds no prepared rows.
    """
    found: dict[str, SplitStats] = {}
    for name in SPLITS:
        found[name] = SplitStats()
        for number, row in enumerate(read_jsonl(folder / f"{name}.jsonl"), start=1):
            try:
                found[name].add(row)
            except KeyError as error:
                raise DataError(
                    f"{folder / name}.jsonl:{number}: no column {error}: not written by `cli-tuner prepare`",
                    hint=f"cli-tuner prepare --source {folder} (free text: `task: chat` in the recipe)",
                ) from error
    return found


def histogram(lengths: Mapping[int, int], buckets: int = BUCKETS) -> list[tuple[int, int, int]]:
    """Cut lengths into equal buckets: `(from, to, rows)`, both ends included."""
    if not lengths:
        return []
    low, high = min(lengths), max(lengths)
    width = max(1, math.ceil((high - low + 1) / buckets))
    counts: Counter[int] = Counter()
    for length, rows in lengths.items():
        counts[(length - low) // width] += rows
    return [(low + i * width, low + (i + 1) * width - 1, counts[i]) for i in range(max(counts) + 1)]


def bars(lengths: Mapping[int, int], width: int = 40) -> list[tuple[str, str, str]]:
    """Draw a histogram: `(tokens, rows, bar)` a line."""
    cut = histogram(lengths)
    most = max((rows for _, _, rows in cut), default=1)
    return [(f"{low}-{high}", f"{rows:,}", "█" * math.ceil(width * rows / most)) for low, high, rows in cut]


def steps_per_epoch(rows: int, config: Path) -> dict[str, int]:
    """Tell how many optimiser steps one pass over `rows` takes by a training config.

    Raises:
        ConfigError: The config is missing or malformed.
    """
    values = read_document(config).values
    batch = int(values.get("micro_batch_size", 1)) * int(values.get("gradient_accumulation_steps", 1))
    return {"batch": batch, "steps_per_epoch": math.ceil(rows / batch), "max_steps": int(values.get("max_steps") or 0)}


def find_row(folder: Path, row_id: str) -> tuple[str, dict[str, object]]:
    """Find a row by its id or the beginning of it; return its split and the row.

    Raises:
        DataError: No row, or more than one, begins so.
    """
    hits = [(name, row) for name, row in _all_rows(folder) if str(row["id"]).startswith(row_id)]
    exact = [hit for hit in hits if hit[1]["id"] == row_id]
    if exact or len(hits) == 1:
        return (exact or hits)[0]
    if not hits:
        raise DataError(f"{folder}: no row {row_id}", hint="ids stand in train.jsonl, val.jsonl and test.jsonl")
    raise DataError(
        f"{folder}: {len(hits)} rows begin with {row_id}", hint="the id prefix is ambiguous: write more of it"
    )


def _all_rows(folder: Path) -> Iterator[tuple[str, dict[str, object]]]:
    for name in SPLITS:
        yield from ((name, row) for row in read_jsonl(folder / f"{name}.jsonl"))


@dataclass(slots=True)
class Difference:
    """What differs between two prepared folders, by row id."""

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    moved: list[tuple[str, str, str]] = field(default_factory=list)
    changed: list[tuple[str, str]] = field(default_factory=list)
    same: int = 0
    record: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """True when both hold the same rows in the same splits."""
        return not (self.added or self.removed or self.moved or self.changed)

    def counts(self) -> list[tuple[str, str, str]]:
        """What happened to rows, how many, and to which: the first few."""
        parts = {
            "added": self.added,
            "removed": self.removed,
            "moved": [f"{row_id} {before} -> {after}" for row_id, before, after in self.moved],
            "changed": [f"{row_id} {columns}" for row_id, columns in self.changed],
        }
        shown = [(name, f"{len(rows):,}", "\n".join(rows[:_SHOWN])) for name, rows in parts.items()]
        return [*shown, ("same", f"{self.same:,}", "")]


def compare(before: Path, after: Path) -> Difference:
    """Compare two prepared folders row by row, and the facts of their records that decide rows."""
    old = {str(row["id"]): (name, row) for name, row in _all_rows(before)}
    found = Difference()
    for name, row in _all_rows(after):
        row_id = str(row["id"])
        known = old.pop(row_id, None)
        if known is None:
            found.added.append(row_id)
        elif known[0] != name:
            found.moved.append((row_id, known[0], name))
        elif known[1] != row:
            keys = sorted(key for key in row if known[1].get(key) != row[key])
            found.changed.append((row_id, ", ".join(keys)))
        else:
            found.same += 1
    found.removed = list(old)
    found.record = _facts_changed(before, after)
    return found


def _facts_changed(before: Path, after: Path) -> list[tuple[str, str, str]]:
    flat = [_flatten(read_json(folder / "provenance.json")) for folder in (before, after)]
    keys = sorted({*flat[0], *flat[1]})
    return [(k, flat[0].get(k, "absent"), flat[1].get(k, "absent")) for k in keys if flat[0].get(k) != flat[1].get(k)]


def _flatten(record: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for section in ("sources", "settings", "versions", "tokenizer", "gates", "files"):
        found.update(_leaves(section, record.get(section, {})))
    return found


def _leaves(name: str, value: Any) -> dict[str, str]:
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        value = dict(enumerate(value))
    if isinstance(value, Mapping):
        return {path: leaf for key, part in value.items() for path, leaf in _leaves(f"{name}.{key}", part).items()}
    return {name: str(value)}

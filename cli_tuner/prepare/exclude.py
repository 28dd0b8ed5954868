"""Rows that equal or come near a row of a benchmark: they may not be trained on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cli_tuner.errors import DataError
from cli_tuner.prepare.columns import extract, map_columns
from cli_tuner.prepare.dedupe import Duplicates
from cli_tuner.prepare.groups import view_sets
from cli_tuner.prepare.join import near_pairs
from cli_tuner.prepare.keys import COMMAND_FORMS
from cli_tuner.prepare.readers import read_rows
from cli_tuner.prepare.settings import Columns, Settings
from cli_tuner.prepare.shingles import CHUNK_ROWS, hash64, normalise_text
from cli_tuner.prepare.table import Table

EXCLUDED = -1
"""Mark in `Duplicates.kinds` of a row that is refused here."""


def benchmark_rows(settings: Settings) -> list[dict[str, str]]:
    """Read the benchmark files.

    Raises:
        DataError: A file is missing or holds no rows.
    """
    found: list[dict[str, str]] = []
    for name in settings.split.exclude:
        rows = [row for row in read_rows(Path(name), settings.filters.max_line_bytes) if not row.fault]
        if not rows:
            raise DataError(f"{name}: an excluded benchmark without rows")
        columns = map_columns(list(rows[0].values), Columns(), name, rows[0].values)
        for row in rows:
            instruction, command, further = extract(row.values, columns)
            texts = [text for text in (command, *further) if isinstance(text, str)]
            found += [{"instruction": str(instruction), "command": text} for text in texts]
    return found


def near_benchmark(table: Table, found: Duplicates, settings: Settings) -> list[dict[str, Any]]:
    """Mark and return the kept rows that a benchmark holds, by the measures of the groups."""
    benchmark = benchmark_rows(settings)
    hit = _equal(table, benchmark)
    with tempfile.TemporaryDirectory(prefix="cli-tuner-exclude-") as folder:
        for sets in view_sets(_both(table, benchmark), Path(folder)).values():
            for pairs in near_pairs(sets, settings.split.threshold(len(table))):
                ours = (pairs < len(table)).sum(axis=1) == 1
                hit[pairs[ours].min(axis=1)] = True
    rows = np.flatnonzero(hit & found.kept)
    found.kinds[rows] = EXCLUDED
    detail = ", ".join(settings.split.exclude)
    return [
        {
            "origin": row["origin"],
            "filter": "exclude",
            "reason": "in_benchmark",
            "detail": detail,
            "row": {"instruction": row["instruction"], "command": row["command"]},
        }
        for row in table.read(rows.tolist())
    ]


def _equal(table: Table, benchmark: list[dict[str, str]]) -> Any:
    instructions = [hash64(normalise_text(row["instruction"])) for row in benchmark]
    hit = np.isin(table.instruction_keys, np.array(instructions, dtype=np.uint64))
    for column, form in enumerate(COMMAND_FORMS.values()):
        keys = np.array([hash64(form(row["command"])) for row in benchmark], dtype=np.uint64)
        hit[table.entry_rows[np.isin(table.entry_keys[:, column], keys)]] = True
    return hit


def _both(table: Table, benchmark: list[dict[str, str]]) -> Iterator[list[dict[str, Any]]]:
    yield from table.chunks()
    for first in range(0, len(benchmark), CHUNK_ROWS):
        yield benchmark[first : first + CHUNK_ROWS]

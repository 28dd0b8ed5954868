"""Rows that equal or come near a row of a benchmark: they may not be trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cli_tuner.errors import DataError
from cli_tuner.prepare.clean import clean_command
from cli_tuner.prepare.columns import Layouts, extract
from cli_tuner.prepare.cuts import Cuts, Keys
from cli_tuner.prepare.dedupe import Duplicates
from cli_tuner.prepare.folders import shown
from cli_tuner.prepare.groups import crossing
from cli_tuner.prepare.keys import COMMAND_FORMS, NORMALISED
from cli_tuner.prepare.readers import Reading, read_rows
from cli_tuner.prepare.settings import Columns, Settings
from cli_tuner.prepare.shingles import hash64, normalise_text
from cli_tuner.prepare.table import Table
from cli_tuner.prepare.workers import Crew

EXCLUDED = -1
"""Mark in `Duplicates.kinds` of a row that is refused here."""


def benchmark_rows(settings: Settings) -> list[dict[str, Any]]:
    """Read the benchmark files.

    Raises:
        DataError: A file is missing, holds no rows, or one that cannot be read.
    """
    found: list[dict[str, Any]] = []
    for name in settings.split.exclude:
        layouts = Layouts(Columns(), name)
        for row in read_rows(Path(name), Reading(settings.filters.max_line_bytes)):
            columns = layouts.of(row.values)
            if row.fault or columns is None:
                raise DataError(
                    f"{row.origin}: a row of an excluded benchmark cannot be read: {row.fault or 'unknown columns'}",
                    hint="fix the line: what is not read cannot be kept out",
                )
            instruction, command, further = extract(row.values, columns)
            texts = [clean_command(text)[0] for text in (command, *further) if isinstance(text, str)]
            found += [{"instruction": str(instruction), "command": text, "references": []} for text in texts]
        if not found:
            raise DataError(f"{name}: an excluded benchmark without rows")
    return found


def near_benchmark(
    table: Table, keys: Keys, cuts: Cuts, found: Duplicates, settings: Settings, crew: Crew
) -> list[dict[str, Any]]:
    """Mark and return the kept rows that a benchmark holds, by the measures of the groups."""
    benchmark = benchmark_rows(settings)
    hit = _equal(keys, benchmark)
    both = cuts.with_rows(benchmark)
    ours = np.arange(len(keys) + len(benchmark)) < len(keys)
    threshold = settings.split.threshold(len(table))
    for _, pairs in crossing(both, threshold, ours.astype(np.int64), crew, cuts.folder):
        hit[pairs.min(axis=1)] = True
    rows = np.flatnonzero(hit & found.kept)
    found.kinds[rows] = EXCLUDED
    detail = ", ".join(map(shown, settings.split.exclude))
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


def _equal(keys: Keys, benchmark: list[dict[str, Any]]) -> Any:
    instructions = [hash64(normalise_text(row["instruction"])) for row in benchmark]
    hit = np.isin(keys.instruction(NORMALISED), np.array(instructions, dtype=np.uint64))
    for name, form in COMMAND_FORMS.items():
        theirs = np.array([hash64(form(row["command"])) for row in benchmark], dtype=np.uint64)
        hit[keys.owners()[np.isin(keys.command(name), theirs)]] = True
    return hit

"""Sources opened, their columns mapped and checked: one stream of rows in a fixed order.

A folder is read file by file in the order of names. Every source is mapped before the first row is used, so a
doubtful column is an error before any work is done.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli_tuner.errors import DataError
from cli_tuner.files import sha256_file
from cli_tuner.ports import RawRow, RowSource
from cli_tuner.prepare.columns import SAMPLE_ROWS, Mapped, check_content, extract, map_columns, turns_fault
from cli_tuner.prepare.readers import is_known, partner, read_rows
from cli_tuner.prepare.settings import Settings, SourceSettings

HubOpener = Callable[[SourceSettings], RowSource]
"""How a hub data set becomes a source; the command line wires the backend in."""


@dataclass(frozen=True, slots=True)
class LoadedRow:
    """A row with its columns named as ours; `None` or another type where the source holds no text."""

    origin: str
    source: int
    instruction: Any
    command: Any
    references: list[Any] = field(default_factory=list)
    raw: Mapping[str, Any] = field(default_factory=dict)
    fault: str = ""


class FileSource:
    """One local file as a `RowSource`."""

    def __init__(self, path: Path, max_line_bytes: int) -> None:
        self.name, self._path, self._limit = str(path), path, max_line_bytes

    def rows(self) -> Iterator[RawRow]:
        """Stream the rows of the file."""
        return read_rows(self._path, self._limit)

    def facts(self) -> Mapping[str, Any]:
        """The digest of the file, and of its partner where lines are paired."""
        files = [p for p in (self._path, partner(self._path)) if p is not None]
        return {"files": {str(file): sha256_file(file) for file in files}}


@dataclass(slots=True)
class OpenSource:
    """A source of the recipe: its parts and how each one's columns are read."""

    settings: SourceSettings
    parts: list[tuple[RowSource, Mapped | None]]

    def facts(self) -> dict[str, Any]:
        """Everything that identifies the content and how it is read."""
        parts = []
        for part, mapped in self.parts:
            parts.append({"name": part.name, **part.facts(), "columns": mapped.describe() if mapped else None})
        return {**self.settings.model_dump(mode="json"), "parts": parts}


def open_sources(settings: Settings, hub: HubOpener | None = None) -> list[OpenSource]:
    """Open every source of the recipe.

    Raises:
        DataError: A source is missing, empty, of unknown kind, or its columns are doubtful.
    """
    return [_open(source, settings.filters.max_line_bytes, hub) for source in settings.sources]


def _open(source: SourceSettings, limit: int, hub: HubOpener | None) -> OpenSource:
    parts = _parts(source, limit, hub)
    mapped = [(part, _map(part, source)) for part in parts]
    where = source.path or str(source.hub)
    if all(columns is None for _, columns in mapped):
        raise DataError(
            f"{where}: holds no rows that can be read{_first_fault(parts)}", hint="check that the file is complete"
        )
    _check(mapped, where)
    return OpenSource(source, mapped)


def _parts(source: SourceSettings, limit: int, hub: HubOpener | None) -> Sequence[RowSource]:
    if source.hub is not None:
        if hub is None:
            raise DataError(f"{source.hub}: hub sources are not wired in here")
        return [hub(source)]
    path = Path(str(source.path))
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.is_file() and is_known(p))
        if not files:
            raise DataError(f"{path}: no data files in this folder", hint="it needs *.jsonl, *.csv, *.parquet, …")
        return [FileSource(file, limit) for file in files]
    if not path.is_file():
        raise DataError(f"{path}: no such file or folder", hint="check --source")
    return [FileSource(path, limit)]


def _first_fault(parts: Sequence[RowSource]) -> str:
    faults = (f"\n  {row.origin}: {row.fault}" for part in parts for row in part.rows() if row.fault)
    return next(faults, "")


def _map(part: RowSource, source: SourceSettings) -> Mapped | None:
    """Map one part by the first of its rows whose columns are known; None when no row can be read."""
    refused: dict[tuple[str, ...], DataError] = {}
    for row in itertools.islice(part.rows(), 10 * SAMPLE_ROWS):
        names = tuple(row.values)
        if row.fault or names in refused:
            continue
        try:
            return map_columns(names, source.columns, part.name, row.values)
        except DataError as error:
            refused[names] = error
    if refused:
        raise next(iter(refused.values()))
    return None


def _check(mapped: Sequence[tuple[RowSource, Mapped | None]], where: str) -> None:
    """Check the content of a source as a whole, a share of the sample from each part."""
    share = max(SAMPLE_ROWS // len(mapped), 10)
    pairs: list[tuple[str, str]] = []
    shown: Mapped | None = None
    for part, columns in mapped:
        if columns is None:
            continue
        shown = shown or columns
        rows = (extract(row.values, columns) for row in part.rows() if not row.fault)
        texts = ((i, c) for i, c, _ in rows if isinstance(i, str) and isinstance(c, str) and c.strip() and i.strip())
        pairs += itertools.islice(texts, share)
    if shown is not None:
        check_content(pairs, where, shown)


def load_rows(sources: Sequence[OpenSource], *, stop_at_fault: bool) -> Iterator[LoadedRow]:
    """Stream the rows of all sources.

    Raises:
        DataError: A line cannot be read and `stop_at_fault` is set; names the line.
    """
    for number, source in enumerate(sources):
        for part, columns in source.parts:
            for row in part.rows():
                fault = row.fault or (turns_fault(row.values, columns) if columns else "")
                if fault and stop_at_fault:
                    raise DataError(f"{row.origin}: {fault}", hint="mend the line, or use --on-bad-line skip")
                if fault or columns is None:
                    yield LoadedRow(row.origin, number, None, None, [], row.values, fault or "missing_column")
                    continue
                instruction, command, references = extract(row.values, columns)
                yield LoadedRow(row.origin, number, instruction, command, references, row.values)

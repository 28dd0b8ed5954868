"""Sources opened, their columns mapped and checked: one stream of rows in a fixed order.

A folder is read file by file in the order of names. Every source is mapped before the first row is used, so a
doubtful column is an error before any work is done. The digest of a file is that of the bytes that were read: one
that changes meanwhile stops the run, and so does a line for which no row accounts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cli_tuner.errors import DataError
from cli_tuner.files import sha256_file
from cli_tuner.ports import RawRow, RowSource, Tokenizer
from cli_tuner.prepare.columns import Layouts, Mapped, cell, extract
from cli_tuner.prepare.doubts import Pair, check_content, check_turns, check_unused, check_variety
from cli_tuner.prepare.folders import data_files, shown
from cli_tuner.prepare.loaded import LoadedRow, chat_row, passages_of
from cli_tuner.prepare.readers import Reading, count_lines, describe, partner, read_rows
from cli_tuner.prepare.refusals import nothing_read, of_columns
from cli_tuner.prepare.settings import Settings, SourceSettings
from cli_tuner.prepare.turns import turns

SAMPLE_ROWS = 200
_CHECKED_ROWS = 10 * SAMPLE_ROWS
HubOpener = Callable[[SourceSettings], RowSource]
"""How a hub data set becomes a source; the command line wires the backend in."""


class FileSource:
    """One local file as a `RowSource`.

    Args:
        path: The file.
        reading: How it is read.
        name: What it is called in records.
    """

    def __init__(self, path: Path, reading: Reading, name: str) -> None:
        self.name, self.path, self._reading = name, path, reading
        self._digests: dict[str, str] | None = None

    def rows(self) -> Iterator[RawRow]:
        """Stream the rows of the file.

        Raises:
            DataError: The file changed since its digest was taken, or a line was lost.
        """
        prefix = len(str(self.path))
        lines = 0
        for row in read_rows(self.path, self._reading):
            lines += row.lines
            place = (
                row.origin[prefix:] if row.origin.startswith(str(self.path)) else f":{row.origin.rsplit(':', 1)[-1]}"
            )
            yield replace(row, origin=self.name + place)
        self._verify(lines)

    def _verify(self, lines: int) -> None:
        known = self._known()
        if self._digest_all() != known:
            raise DataError(f"{self.path}: changed while it was read", hint="wait until it is complete, then run again")
        expected = count_lines(self.path, self._reading)
        if expected is not None and expected != lines:
            raise DataError(
                f"{self.path}: rows account for {lines} of {expected} lines", hint="please report this as a bug"
            )

    def facts(self) -> Mapping[str, Any]:
        """The digest of the file, and of its partner where lines are paired; how it is read where that was found."""
        return {
            "files": self._known(),
            **({"read_as": found} if (found := describe(self.path, self._reading)) else {}),
        }

    def tell_apart(self) -> None:
        """Add the digest to the name, as another file has the same."""
        self.name = f"{self.name}@{next(iter(self._known().values()))[:8]}"
        self._digests = None

    def _known(self) -> dict[str, str]:
        if self._digests is None:
            self._digests = self._digest_all()
        return self._digests

    def _digest_all(self) -> dict[str, str]:
        second = partner(self.path)
        files = {self.name: self.path}
        if second is not None:
            files[str(Path(self.name).with_suffix(second.suffix))] = second
        return {name: sha256_file(file) for name, file in files.items()}


@dataclass(slots=True)
class OpenSource:
    """A source of the recipe: its parts and how each one's columns are read.

    Attributes:
        left_out: Files of a folder that hold no rows.
    """

    settings: SourceSettings
    parts: list[tuple[RowSource, Layouts]]
    left_out: list[str] = field(default_factory=list)
    mapped: list[Mapped | None] = field(default_factory=list)

    def files(self) -> list[Path]:
        """The local files that are read."""
        return [part.path for part, _ in self.parts if isinstance(part, FileSource)]

    def facts(self) -> dict[str, Any]:
        """Everything that identifies the content and how it is read."""
        parts = []
        for (part, _), mapped in zip(self.parts, self.mapped, strict=True):
            parts.append({"name": part.name, **part.facts(), "columns": mapped.describe() if mapped else None})
        told = self.settings.model_dump(mode="json")
        if told["path"] is not None:
            told["path"] = shown(told["path"])
        return {**told, "parts": parts, **({"left_out": self.left_out} if self.left_out else {})}


def open_sources(settings: Settings, hub: HubOpener | None = None, outputs: Collection[Path] = ()) -> list[OpenSource]:
    """Open every source of the recipe.

    Args:
        settings: The recipe.
        hub: Opens hub data sets.
        outputs: Folders that the run writes to, which are no source.

    Raises:
        DataError: A source is missing, empty, of unknown kind, or its columns are doubtful.
    """
    opened = [_open(source, settings, hub, outputs) for source in settings.sources]
    files = [part for source in opened for part, _ in source.parts if isinstance(part, FileSource)]
    by_name: dict[str, list[FileSource]] = {}
    for file in files:
        by_name.setdefault(file.name, []).append(file)
    for same in by_name.values():
        if len({file.path.resolve() for file in same}) > 1:
            for file in same:
                file.tell_apart()
    return opened


def _open(source: SourceSettings, settings: Settings, hub: HubOpener | None, outputs: Collection[Path]) -> OpenSource:
    parts, left_out = _parts(source, settings.filters.max_line_bytes, hub, outputs, documents=settings.documents)
    where = source.path or str(source.hub)
    opened = OpenSource(source, [(part, Layouts(source.columns, part.name, settings.task)) for part in parts], left_out)
    share = max(SAMPLE_ROWS // len(parts), 10)
    pairs: dict[Mapped, list[Pair]] = {}
    opened.mapped = [_sample(part, layouts, share, where, settings, pairs) for part, layouts in opened.parts]
    # Over all files that share a layout: one file of a folder may hold odd rows on purpose, or few.
    for mapped, sampled in pairs.items():
        check_content(sampled, where, mapped)
    if all(columns is None for columns in opened.mapped):
        raise nothing_read(where, parts)
    return opened


def _parts(
    source: SourceSettings, limit: int, hub: HubOpener | None, outputs: Collection[Path], *, documents: bool
) -> tuple[Sequence[RowSource], list[str]]:
    if source.hub is not None:
        if hub is None:
            raise DataError(f"{source.hub}: hub sources are not wired in here")
        return [hub(source)], []
    path = Path(str(source.path)).expanduser()
    reading = Reading(limit, source.encoding, source.delimiter, source.lists, documents)
    if path.is_dir():
        files, left_out = data_files(path, outputs, documents=documents)
        base = shown(path)
        named = [(file, f"{base}/{file.relative_to(path).as_posix()}".removeprefix("./")) for file in files]
        return [FileSource(file, reading, name) for file, name in named], left_out
    if not path.is_file():
        raise DataError(f"{path}: no such file or folder", hint="check --source")
    return [FileSource(path, reading, shown(path))], []


def _sample(
    part: RowSource, layouts: Layouts, share: int, where: str, settings: Settings, sampled: dict[Mapped, list[Pair]]
) -> Mapped | None:
    """Map and check the first rows of a part, each layout by itself; None when no row can be read.

    Args:
        part: One file or hub data set.
        layouts: How its columns are read.
        share: How many pairs of a layout this part gives to the check of the whole source.
        where: The source, for an error.
        settings: The recipe.
        sampled: Gets those pairs, by layout.

    Returns:
        The mapping of the layout that most of these rows have.
    """
    rows = [
        (row.values, layouts.of(row.values)) for row in itertools.islice(part.rows(), _CHECKED_ROWS) if not row.fault
    ]
    known = [(values, mapped) for values, mapped in rows if mapped is not None]
    if not known:
        if layouts.refusal is not None:
            raise of_columns(layouts.refusal, part)
        return None
    layouts.settled |= check_unused(known, where)
    for mapped in dict.fromkeys(mapped for _, mapped in known):
        own = [values for values, other in known if other == mapped]
        faults = [(layouts.fault(values, mapped), _system(values, mapped)) for values in own]
        if settings.task != "command":
            continue
        if mapped.is_chat:
            check_turns([fault for fault in faults if fault[0]], len(own), where)
        texts = (extract(values, mapped)[:2] for values, (fault, _) in zip(own, faults, strict=True) if not fault)
        pairs = [(i, c) for i, c in texts if isinstance(i, str) and isinstance(c, str) and c.strip() and i.strip()]
        sampled.setdefault(mapped, []).extend(pairs[:share])
        check_variety(pairs, where, mapped, settings.allow)
    counts = [mapped for _, mapped in known]
    return max(dict.fromkeys(counts), key=counts.count)


def _system(values: Mapping[str, Any], mapped: Mapped) -> Any:
    if not mapped.is_chat:
        return ""
    return next((turn.text for turn in turns(cell(values, mapped.instruction)) if turn.role == "system"), "")


def load_rows(
    sources: Sequence[OpenSource], settings: Settings, tokenizer: Tokenizer | None = None
) -> Iterator[LoadedRow]:
    """Stream the rows of all sources, as the recipe's task wants them; passages of documents need the tokenizer.

    Raises:
        DataError: A line cannot be read and `filters.bad_line` is `stop`; names the line.
    """
    for number, source in enumerate(sources):
        for part, layouts in source.parts:
            for row in part.rows():
                mapped = None if row.fault else layouts.of(row.values)
                fault = row.fault or (layouts.fault(row.values, mapped) if mapped else "")
                if fault and settings.filters.bad_line == "stop":
                    raise DataError(f"{row.origin}: {fault}", hint="fix the line, or use --on-bad-line skip")
                if fault or mapped is None:
                    yield LoadedRow(row.origin, number, None, None, [], row.values, fault)
                    continue
                if settings.task == "chat":
                    yield chat_row(row, number, mapped, settings)
                    continue
                if settings.documents and tokenizer is not None:
                    yield from passages_of(row, number, mapped, settings, tokenizer)
                    continue
                instruction, command, references = extract(row.values, mapped)
                yield LoadedRow(row.origin, number, instruction, command, references, row.values)

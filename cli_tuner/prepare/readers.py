"""Rows out of local files: JSONL, JSON, CSV, TSV, Parquet, Arrow and paired line files.

The law: what cannot be read is a row with a `fault` and its raw text, never an exception and never lost; memory holds
one row at a time (JSON documents aside, which are read whole).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_tuner.errors import DataError, PrerequisiteError
from cli_tuner.ports import RawRow
from cli_tuner.prepare.delimited import DELIMITERS, read_delimited, table_of
from cli_tuner.prepare.documents import doubled, is_document, is_lines, once, open_document, read_document
from cli_tuner.prepare.lines import Layout, Line, faulty, layout, read_lines

INSTRUCTION_LINES = (".nl",)
COMMAND_LINES = (".cm", ".cmd", ".bash")
_PACKED = {".gz": "gunzip", ".bz2": "bunzip2", ".xz": "unxz", ".zst": "unzstd", ".zip": "unzip"}
_BLANK = " \t\r\n\v\f\ufeff"


@dataclass(frozen=True, slots=True)
class Reading:
    """How one file is read, as far as the recipe says it.

    Attributes:
        max_line_bytes: A longer line, or a longer row of a CSV, is a fault.
        encoding: Codec name; found where it is None.
        delimiter: Of CSV and TSV; found where it is None.
        lists: Named lists of a JSON document; all where it is empty.
        documents: A text file is one row.
    """

    max_line_bytes: int
    encoding: str | None = None
    delimiter: str | None = None
    lists: tuple[str, ...] = ()
    documents: bool = False


Reader = Callable[[Path, Reading], Iterator[RawRow]]


def read_rows(path: Path, reading: Reading) -> Iterator[RawRow]:
    """Stream the rows of one file; its kind is told by its suffix.

    Raises:
        DataError: Unknown kind, missing file, or a JSON document that is damaged or no list of rows.
    """
    try:
        yield from _reader(path, documents=reading.documents)(path, reading)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def describe(path: Path, reading: Reading) -> dict[str, Any]:
    """Return what was found about how a file is written, where it is not what its name says."""
    kind = _reader(path, documents=reading.documents)
    if kind in _COLUMNAR:
        return {}
    how = layout(path, reading.encoding)
    found: dict[str, Any] = {} if how.encoding == "utf-8" else {"encoding": how.encoding}
    if kind is _delimited:
        table = table_of(path, reading.max_line_bytes, how, reading.delimiter)
        if table.delimiter != ("\t" if path.suffix.lower() == ".tsv" else ","):
            found["delimiter"] = DELIMITERS.get(table.delimiter, table.delimiter)
    elif not _has_lines(path, how):
        shape = {"read_as": "one document"} if kind is _jsonl else {}
        found |= shape | open_document(path, how, reading.lists).describe()
    elif kind is _json:
        found |= {"read_as": "one object a line"}
    return found


def _has_lines(path: Path, how: Layout) -> bool:
    """Tell whether the rows of a file are lines of it: what its ending says of JSON is not always so."""
    kind = _reader(path)
    return is_lines(path, how) if kind is _json else kind is not _jsonl or not is_document(path, how)


def count_lines(path: Path, reading: Reading) -> int | None:
    """Count the physical lines that rows have to account for, by themselves: no reader has a say in it.

    Returns:
        The lines that hold anything, less the header of a delimited file; None where rows are no lines.
    """
    kind = _reader(path, documents=reading.documents)
    if kind in _COLUMNAR:
        return None
    how = layout(path, reading.encoding)
    if not _has_lines(path, how):
        return None
    with path.open(encoding=how.encoding, errors="replace", newline=how.end) as handle:
        filled = [bool(line.strip(_BLANK)) for line in handle]
    skipped = table_of(path, reading.max_line_bytes, how, reading.delimiter).skipped if kind is _delimited else 0
    return sum(filled[skipped:])


def is_known(path: Path, *, documents: bool = False) -> bool:
    """Tell whether `read_rows` can read this kind of file (the second of a pair is read with the first)."""
    if documents and path.suffix.lower() in TEXTS:
        return True
    return path.suffix.lower() in _READERS and path.suffix.lower() not in COMMAND_LINES


def partner(path: Path) -> Path | None:
    """Return the other file of paired lines (`all.nl` and `all.cm`), if `path` is one of two."""
    suffix = path.suffix.lower()
    others = COMMAND_LINES if suffix in INSTRUCTION_LINES else INSTRUCTION_LINES if suffix in COMMAND_LINES else ()
    return next((p for s in others if (p := path.with_suffix(s)).is_file()), None)


def _reader(path: Path, *, documents: bool = False) -> Reader:
    if documents and path.suffix.lower() in TEXTS:
        return _text
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        packed = f"unpack it first ({tool} {path.name}); " if (tool := _PACKED.get(path.suffix.lower())) else ""
        raise DataError(
            f"{path}: unknown kind of file",
            hint=f"{packed}what it holds is told by its name's ending, one of {', '.join(sorted(_READERS))}",
        )
    return reader


def _jsonl(path: Path, reading: Reading) -> Iterator[RawRow]:
    how = layout(path, reading.encoding)
    yield from _json_lines(path, reading, how) if _has_lines(path, how) else read_document(path, how, reading.lists)


def _json_lines(path: Path, reading: Reading, how: Layout) -> Iterator[RawRow]:
    for line in read_lines(path, reading.max_line_bytes, how):
        origin = f"{path}:{line.number}"
        if line.fault:
            yield faulty(origin, line.content, line.fault)
        elif line.content.strip():
            yield _json_row(origin, line.content)


def _json_row(origin: str, line: bytes) -> RawRow:
    try:
        value = json.loads(line.decode("utf-8"), object_pairs_hook=once)
    except UnicodeDecodeError as error:
        return faulty(origin, line, f"not_utf8: byte {error.start}")
    except json.JSONDecodeError as error:
        reason = "nul_byte" if b"\0" in line else "broken_json"
        return faulty(origin, line, f"{reason}: {error.msg}, column {error.colno}")
    except RecursionError:
        return faulty(origin, line, "broken_json: nested too deep")
    except ValueError as error:  # NOTE: a number of more than 4,300 digits
        return faulty(origin, line, f"broken_json: {error}")
    if (twice := doubled(value)) is not None:
        return faulty(origin, line, f"duplicate_key: {twice.key}")
    if not isinstance(value, dict):
        return faulty(origin, line, f"not_an_object: {type(value).__name__}")
    return RawRow(origin, value)


def _json(path: Path, reading: Reading) -> Iterator[RawRow]:
    how = layout(path, reading.encoding)
    yield from _json_lines(path, reading, how) if is_lines(path, how) else read_document(path, how, reading.lists)


def _delimited(path: Path, reading: Reading) -> Iterator[RawRow]:
    how = layout(path, reading.encoding)
    yield from read_delimited(path, reading.max_line_bytes, how, reading.delimiter)


def _parquet(path: Path, reading: Reading) -> Iterator[RawRow]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise PrerequisiteError(f"{path}: reading Parquet needs pyarrow", hint="pip install pyarrow") from error
    try:
        yield from _batched(path, pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=1024))
    except pyarrow.ArrowException as error:
        raise DataError(f"{path}: not readable as Parquet: {error}") from error


def _arrow(path: Path, reading: Reading) -> Iterator[RawRow]:
    """Read what `datasets` leaves with `save_to_disk` (a stream), or Feather (a file)."""
    try:
        import pyarrow
        import pyarrow.ipc
    except ImportError as error:
        raise PrerequisiteError(f"{path}: reading Arrow needs pyarrow", hint="pip install pyarrow") from error
    try:
        with path.open("rb") as handle:
            stands = handle.read(6) == b"ARROW1"
            handle.seek(0)
            if stands:
                whole = pyarrow.ipc.open_file(handle)
                yield from _batched(path, map(whole.get_batch, range(whole.num_record_batches)))
            else:
                yield from _batched(path, pyarrow.ipc.open_stream(handle))
    except pyarrow.ArrowException as error:
        raise DataError(f"{path}: not readable as Arrow: {error}") from error


def _batched(path: Path, batches: Iterable[Any]) -> Iterator[RawRow]:
    rows = (
        row
        for batch in batches
        for first in range(0, len(batch), 1024)
        for row in batch[first : first + 1024].to_pylist()
    )
    for number, row in enumerate(rows, start=1):
        yield RawRow(f"{path}:{number}", row)


def _text(path: Path, reading: Reading) -> Iterator[RawRow]:
    how = layout(path, reading.encoding)
    raw = path.read_bytes()[how.mark :]
    try:
        text = raw.decode(how.encoding)
    except UnicodeDecodeError as error:
        yield faulty(f"{path}:1", raw, f"not_{how.encoding.replace('-', '')}: byte {error.start}")
        return
    yield RawRow(f"{path}:1", {"text": text.replace("\r\n", "\n")})


def _paired(path: Path, reading: Reading) -> Iterator[RawRow]:
    other = partner(path)
    if other is None:
        raise DataError(f"{path}: its partner is missing", hint="paired lines are two files: all.nl and all.cm")
    first, second = (path, other) if path.suffix.lower() in INSTRUCTION_LINES else (other, path)
    left, right = (read_lines(p, reading.max_line_bytes, layout(p, reading.encoding)) for p in (first, second))
    while True:
        a, b = next(left, None), next(right, None)
        if a is None and b is None:
            return
        if a is None or b is None:
            longer = second if a is None else first
            raise DataError(
                f"{longer}: has more lines than its partner",
                hint="line n of one belongs to line n of the other",
            )
        yield _pair(f"{first}:{a.number}", a, b)


def _pair(origin: str, a: Line, b: Line) -> RawRow:
    raw = a.content + b"\t" + b.content
    if a.fault or b.fault:
        return faulty(origin, raw, a.fault or b.fault)
    try:
        values: Mapping[str, Any] = {"instruction": a.content.decode("utf-8"), "command": b.content.decode("utf-8")}
    except UnicodeDecodeError:
        return faulty(origin, raw, "not_utf8")
    return RawRow(origin, values)


_COLUMNAR = (_parquet, _arrow, _text)
"""Readers of files whose rows are no lines."""
TEXTS = (".txt", ".md")
"""Files that are one document each, where rows are documents."""
DELIMITED = (".csv", ".tsv")
_READERS: dict[str, Reader] = {
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".json": _json,
    ".csv": _delimited,
    ".tsv": _delimited,
    ".parquet": _parquet,
    ".arrow": _arrow,
    ".nl": _paired,
    ".cm": _paired,
    ".cmd": _paired,
    ".bash": _paired,
}

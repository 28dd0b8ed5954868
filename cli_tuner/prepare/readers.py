"""Rows out of local files: JSONL, JSON, CSV, TSV, Parquet and paired line files.

The law: a line that cannot be read is a row with a `fault`, never an exception and never lost; memory holds
one line at a time (JSON documents aside, which are read whole). BOM and CRLF are taken off.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from cli_tuner.errors import DataError, PrerequisiteError
from cli_tuner.ports import RawRow

MAX_JSON_BYTES = 512 << 20
_SHOWN = 500
INSTRUCTION_LINES = (".nl",)
COMMAND_LINES = (".cm", ".cmd", ".bash")


def read_rows(path: Path, max_line_bytes: int) -> Iterator[RawRow]:
    """Stream the rows of one file; its kind is told by its suffix.

    Raises:
        DataError: Unknown kind, missing file, UTF-16, or a JSON document that is no list of rows.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path}: unknown kind of file", hint=f"known: {', '.join(sorted(_READERS))}")
    try:
        with path.open("rb") as handle:
            if handle.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise DataError(f"{path}: UTF-16 text", hint=f"convert it: iconv -f UTF-16 -t UTF-8 {path} > NEW")
        yield from reader(path, max_line_bytes)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def is_known(path: Path) -> bool:
    """Tell whether `read_rows` can read this kind of file (the second of a pair is read with the first)."""
    return path.suffix.lower() in _READERS and path.suffix.lower() not in COMMAND_LINES


def partner(path: Path) -> Path | None:
    """Return the other file of paired lines (`all.nl` and `all.cm`), if `path` is one of two."""
    suffix = path.suffix.lower()
    others = COMMAND_LINES if suffix in INSTRUCTION_LINES else INSTRUCTION_LINES if suffix in COMMAND_LINES else ()
    return next((p for s in others if (p := path.with_suffix(s)).is_file()), None)


def _jsonl(path: Path, max_line_bytes: int) -> Iterator[RawRow]:
    for number, line, fault in _lines(path, max_line_bytes):
        origin = f"{path}:{number}"
        if fault:
            yield _faulty(origin, line, fault)
        elif line.strip():
            yield _json_row(origin, line)


def _json_row(origin: str, line: bytes) -> RawRow:
    try:
        value = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        return _faulty(origin, line, f"not_utf8: byte {error.start}")
    except json.JSONDecodeError as error:
        reason = "nul_byte" if b"\0" in line else "broken_json"
        return _faulty(origin, line, f"{reason}: {error.msg}, column {error.colno}")
    except RecursionError:
        return _faulty(origin, line, "broken_json: nested too deep")
    if not isinstance(value, dict):
        return _faulty(origin, line, f"not_an_object: {type(value).__name__}")
    return RawRow(origin, value)


def _lines(path: Path, max_line_bytes: int) -> Iterator[tuple[int, bytes, str]]:
    """Yield (number, line without its end, fault); of a line that is too long only the beginning."""
    with path.open("rb") as handle:
        number = 0
        while line := handle.readline(max_line_bytes + 2):
            number += 1
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            fault = ""
            if len(line.rstrip(b"\r\n")) > max_line_bytes:
                size = len(line) + (0 if line.endswith(b"\n") else _skip_line(handle))
                fault = f"line_too_long: {size} bytes, the limit is {max_line_bytes}"
            yield number, line.rstrip(b"\r\n"), fault


def _skip_line(handle: IO[bytes]) -> int:
    size = 0
    while block := handle.readline(1 << 16):
        size += len(block)
        if block.endswith(b"\n"):
            break
    return size


def _faulty(origin: str, line: bytes, fault: str) -> RawRow:
    shown = line[:_SHOWN].decode("utf-8", "backslashreplace")
    return RawRow(origin, {"text": shown, "sha256": hashlib.sha256(line).hexdigest()}, fault)


def _json(path: Path, max_line_bytes: int) -> Iterator[RawRow]:
    size = path.stat().st_size
    if size > MAX_JSON_BYTES:
        raise DataError(f"{path}: {size >> 20} MiB in one JSON document", hint="convert it to JSONL, one row a line")
    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise DataError(f"{path}: not readable as JSON: {error}") from error
    for key, value in _entries(path, document):
        origin = f"{path}:{key}"
        if isinstance(value, dict):
            yield RawRow(origin, value)
        else:
            yield RawRow(origin, {"text": str(value)[:_SHOWN]}, f"not_an_object: {type(value).__name__}")


def _entries(path: Path, document: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(document, dict):
        lists = [v for v in document.values() if isinstance(v, list)]
        if len(lists) != 1:  # NL2CMD's shape: {"1": {"invocation": …, "cmd": …}, …}
            yield from document.items()
            return
        document = lists[0]
    if not isinstance(document, list):
        raise DataError(f"{path}: a JSON source is a list of rows, or an object of them")
    yield from ((str(number), value) for number, value in enumerate(document, start=1))


def _delimited(delimiter: str) -> Callable[[Path, int], Iterator[RawRow]]:
    def read(path: Path, max_line_bytes: int) -> Iterator[RawRow]:
        csv.field_size_limit(max_line_bytes)
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as handle:
            header = handle.readline(max_line_bytes)
            handle.seek(0)
            # Spreadsheets set to some languages write `;` between the cells of a CSV.
            by = ";" if delimiter == "," and "," not in header and ";" in header else delimiter
            reader = csv.DictReader(handle, delimiter=by, strict=delimiter == ",")
            while True:
                try:
                    row = next(reader, None)
                except csv.Error as error:
                    yield RawRow(f"{path}:{reader.line_num}", {"text": ""}, f"broken_csv: {error}")
                    continue
                if row is None:
                    return
                yield _csv_row(f"{path}:{reader.line_num}", row)

    return read


def _csv_row(origin: str, row: dict[Any, Any]) -> RawRow:
    values = {str(k): v for k, v in row.items() if k is not None}
    if None in row or None in values.values():
        return RawRow(origin, {k: str(v) for k, v in values.items()}, "column_count: not that of the header")
    if any("\udc80" <= c <= "\udcff" for v in values.values() for c in v):
        shown = {k: v.encode("utf-8", "surrogateescape").decode("latin-1") for k, v in values.items()}
        return RawRow(origin, shown, "not_utf8")
    return RawRow(origin, values)


def _parquet(path: Path, max_line_bytes: int) -> Iterator[RawRow]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise PrerequisiteError(f"{path}: reading Parquet needs pyarrow", hint="pip install pyarrow") from error
    try:
        number = 0
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=1024):
            for row in batch.to_pylist():
                number += 1
                yield RawRow(f"{path}:{number}", row)
    except pyarrow.ArrowException as error:
        raise DataError(f"{path}: not readable as Parquet: {error}") from error


def _paired(path: Path, max_line_bytes: int) -> Iterator[RawRow]:
    other = partner(path)
    if other is None:
        raise DataError(f"{path}: its partner is missing", hint="paired lines are two files: all.nl and all.cm")
    first, second = (path, other) if path.suffix.lower() in INSTRUCTION_LINES else (other, path)
    left, right = _lines(first, max_line_bytes), _lines(second, max_line_bytes)
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
        yield _pair(f"{first}:{a[0]}", a, b)


def _pair(origin: str, a: tuple[int, bytes, str], b: tuple[int, bytes, str]) -> RawRow:
    if a[2] or b[2]:
        return _faulty(origin, a[1], a[2] or b[2])
    try:
        values: Mapping[str, Any] = {"instruction": a[1].decode("utf-8"), "command": b[1].decode("utf-8")}
    except UnicodeDecodeError:
        return _faulty(origin, a[1] + b"\t" + b[1], "not_utf8")
    return RawRow(origin, values)


_READERS: dict[str, Callable[[Path, int], Iterator[RawRow]]] = {
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".json": _json,
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".parquet": _parquet,
    ".nl": _paired,
    ".cm": _paired,
    ".cmd": _paired,
    ".bash": _paired,
}

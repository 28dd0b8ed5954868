"""Rows out of CSV and TSV: the delimiter found, quotes followed over lines, and found again where one is lost.

The law: every line after the header belongs to exactly one row, blank lines aside. A row whose quotes do not close,
close in the middle of a cell, or close with other cells than the header's gives up its first line as a fault, and
reading goes on at the next one. So does a row that took up lines which are rows of their own: where a quote is
missing, the next stray one would close it.
"""

from __future__ import annotations

import csv
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from cli_tuner.errors import DataError
from cli_tuner.ports import RawRow
from cli_tuner.prepare.lines import Layout, Line, faulty, read_lines

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SNIFFED_LINES = 100
ESCAPED_LINES = 3
"""So many lines that are rows only where a backslash escapes quotes: one may be damage."""
SWALLOWED_CELLS = 3
"""So many borders between cells, right in every line that a row took up, make them rows of their own."""


@dataclass(frozen=True, slots=True)
class Table:
    """How a delimited file is read.

    Attributes:
        delimiter: One character.
        names: The columns.
        skipped: Lines before the first row: the header, `sep=`, blank ones.
    """

    delimiter: str
    names: tuple[str, ...]
    skipped: int

    @property
    def width(self) -> int:
        """Cells of a row."""
        return len(self.names)


def read_delimited(path: Path, max_line_bytes: int, how: Layout, wanted: str | None = None) -> Iterator[RawRow]:
    """Stream the rows of a CSV or TSV file."""
    table = table_of(path, max_line_bytes, how, wanted)
    csv.field_size_limit(max(csv.field_size_limit(), 2 * max_line_bytes))
    lines = Lookahead(islice(read_lines(path, max_line_bytes, how), table.skipped, None))
    while (line := lines.next()) is not None:
        if line.fault:
            yield faulty(f"{path}:{line.number}", line.content, line.fault)
        elif line.content.strip():
            yield _row(path, line, lines, table, max_line_bytes)


def table_of(path: Path, max_line_bytes: int, how: Layout, wanted: str | None = None) -> Table:
    """Find delimiter and header of a file.

    Raises:
        DataError: No line, a header that cannot be read, two columns of one name, or quotes escaped by a backslash.
    """
    sample = list(islice(read_lines(path, max_line_bytes, how), SNIFFED_LINES))
    start = next((place for place, line in enumerate(sample) if line.content.strip()), None)
    if start is None:
        return Table(",", (), 0)
    head = sample[start].content
    if head.lower().startswith(b"sep=") and len(head) == 5:
        wanted = wanted or head[4:].decode("ascii", "replace")
        start += 1
    texts = [line.content.decode("utf-8", "replace") for line in sample[start:] if line.content.strip()]
    if not texts:
        return Table(wanted or ",", (), start)
    own = "\t" if path.suffix.lower() == ".tsv" else ","
    delimiter = wanted or _sniff(texts, own)
    names = cells(texts[0], delimiter)
    if names is None:
        raise DataError(f"{path}: the header cannot be read: {texts[0][:200]}", hint="check its quotes")
    named = tuple(name.strip() or f"column_{number}" for number, name in enumerate(names, start=1))
    if twice := [name for name, count in Counter(named).items() if count > 1]:
        raise DataError(f"{path}: {len(twice)} column names stand twice: {', '.join(twice)}", hint="rename one")
    _check_escapes(path, texts[1:], delimiter, len(named))
    return Table(delimiter, named, start + 1)


def _check_escapes(path: Path, texts: Sequence[str], delimiter: str, width: int) -> None:
    """Stop where quotes are escaped by a backslash: whether other backslashes are doubled then, nothing tells."""
    broken = [text for text in texts if '\\"' in text and cells(text, delimiter) is None]
    escaped = [text for text in broken if _width_escaped(text, delimiter) == width]
    if len(escaped) >= ESCAPED_LINES:
        raise DataError(
            f"{path}: quotes within cells are escaped by a backslash, as CSV does not do it:\n  {escaped[0][:160]}",
            hint='write the file again with doubled quotes ("") or as JSONL: a backslash of a command may stand '
            "doubled in it or not",
        )


def _width_escaped(text: str, delimiter: str) -> int:
    try:
        rows = list(csv.reader([text], delimiter=delimiter, strict=True, escapechar="\\"))
    except csv.Error:
        return 0
    return len(rows[0]) if len(rows) == 1 else 0


def _sniff(texts: Sequence[str], own: str) -> str:
    """Choose the delimiter under which most lines have the header's width; at a tie the file name's own."""
    found = {delimiter: _agreement(texts, delimiter) for delimiter in [own, *(d for d in DELIMITERS if d != own)]}
    return max(found, key=lambda delimiter: found[delimiter])


def _agreement(texts: Sequence[str], delimiter: str) -> float:
    header = cells(texts[0], delimiter)
    if header is None or len(header) < 2:
        return 0.0
    if len(texts) == 1:
        return 1.0
    widths = [len(found) if (found := cells(text, delimiter)) is not None else 0 for text in texts[1:]]
    return (1 + sum(width == len(header) for width in widths)) / len(texts)


class Lookahead:
    """Lines that can be given back."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines, self._back = lines, deque[Line]()

    def next(self) -> Line | None:
        """Take the next line; None at the end."""
        return self._back.popleft() if self._back else next(self._lines, None)

    def give_back(self, lines: Sequence[Line]) -> None:
        """Put lines before those to come."""
        self._back.extendleft(reversed(lines))


def _row(path: Path, first: Line, lines: Lookahead, table: Table, limit: int) -> RawRow:
    origin = f"{path}:{first.number}"
    text = _text(first)
    if text is None:
        return faulty(origin, first.content, "not_utf8")
    found = cells(text, table.delimiter)
    taken = _closed(first, lines, table, limit) if found is None else None
    if found is None and taken is None and table.delimiter == "\t" and text.count("\t") == table.width - 1:
        found = text.split("\t")  # the quotes are the command's own
    if found is not None:
        return _named(origin, found, table, first.content)
    if taken is None:
        return faulty(origin, first.content, "broken_csv: a quote is not closed, or closes within a cell")
    joined = b"\n".join(line.content for line in [first, *taken])
    values = cells(joined.decode("utf-8"), table.delimiter)
    assert values is not None
    return replace(
        _named(origin, values, table, joined), lines=sum(bool(line.content.strip()) for line in [first, *taken])
    )


def _closed(first: Line, lines: Lookahead, table: Table, limit: int) -> list[Line] | None:
    """Take the lines over which a row goes on; give them back and return None where it does not end as a row."""
    taken, texts = list[Line](), [_text(first) or ""]
    size = len(first.content)
    while size <= limit and _is_open(texts, table.delimiter) and (line := lines.next()) is not None:
        taken.append(line)
        more = _text(line)
        if more is None:
            break
        texts.append(more)
        size += len(line.content) + 1
    found = cells("\n".join(texts), table.delimiter) if len(texts) == len(taken) + 1 else None
    if found is not None and len(_trimmed(found, table)) == table.width and not _swallowed(taken[:-1], table):
        return taken
    lines.give_back(taken)
    return None


def _swallowed(inner: Sequence[Line], table: Table) -> bool:
    """Tell whether the lines within a row read as rows of their own."""
    if len(inner) * (table.width - 1) < SWALLOWED_CELLS:
        return False
    rows = (cells(_text(line) or "", table.delimiter) for line in inner)
    return all(row is not None and len(row) == table.width for row in rows)


def _is_open(texts: Sequence[str], delimiter: str) -> bool:
    """Tell whether the last line leaves a quote open; one without a quote changes nothing."""
    if len(texts) > 1 and '"' not in texts[-1]:
        return True
    try:
        list(csv.reader(["\n".join(texts)], delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def cells(text: str, delimiter: str) -> list[str] | None:
    """Cut one row into cells; None where its quotes are not those of CSV."""
    if '"' not in text and "\n" not in text and "\r" not in text:
        return text.split(delimiter)
    try:
        rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _text(line: Line) -> str | None:
    try:
        return None if line.fault else line.content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _trimmed(found: list[str], table: Table) -> list[str]:
    """Take off empty cells beyond the header: a trailing delimiter."""
    return found[: table.width] if not any(found[table.width :]) else found


def _named(origin: str, found: list[str], table: Table, raw: bytes) -> RawRow:
    values = _trimmed(found, table)
    if len(values) != table.width:
        return faulty(origin, raw, f"column_count: {len(found)} cells, the header has {table.width}")
    if any("\0" in value for value in values):
        return faulty(origin, raw, "nul_byte")
    return RawRow(origin, dict(zip(table.names, values, strict=True)))

"""Physical lines of a text file, in UTF-8 whatever the file is written in, and which encoding that was.

The law: every byte of the file belongs to exactly one line, so that lines can be counted without the readers that
make rows of them. A byte order mark is taken off; UTF-8, UTF-16 and UTF-32 are told by it, UTF-16 without one by its
zero bytes. A file that is not UTF-8 is taken for Windows-1252 only on evidence of several lines and none against it;
else the damaged lines are faults.
"""

from __future__ import annotations

import base64
import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cli_tuner.errors import DataError
from cli_tuner.ports import RawRow

BLOCK_BYTES = 1 << 16
HELD_BYTES = 64 << 20
"""A longer line stops the run: a refused row is logged with all of its text, which has to be held once."""
MIN_WESTERN_LINES = 3
"""So many lines must read as Windows-1252 before a file does: one strange byte is damage."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNLIKELY = frozenset(b"\x81\x8d\x8f\x90\x9d\x83\x88\x98\xa4\xa6\xac\xad\xb8\xd0\xd7\xde\xf0\xf7\xfe\xff")
"""Bytes that Windows-1252 leaves undefined, or that hardly stand in Western prose."""


@dataclass(frozen=True, slots=True)
class Line:
    """One physical line.

    Attributes:
        number: Counted from 1.
        content: Its bytes in UTF-8 without the line's end, whole also where it is too long.
        fault: Why it cannot be read; empty when it can.
    """

    number: int
    content: bytes
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    r"""How the bytes of a file become lines.

    Attributes:
        encoding: Codec name.
        mark: Length of the byte order mark.
        end: The line's end, decoded; a file of an old Macintosh holds `\\r` alone.
    """

    encoding: str
    mark: int = 0
    end: str = "\n"


def layout(path: Path, wanted: str | None = None) -> Layout:
    """Find how a file is written.

    Raises:
        DataError: `wanted` is no encoding that Python knows.
    """
    with path.open("rb") as handle:
        head = handle.read(BLOCK_BYTES)
    mark, encoding = next(((len(mark), name) for mark, name in _MARKS if head.startswith(mark)), (0, ""))
    if wanted is not None:
        try:
            encoding = codecs.lookup(wanted).name
        except LookupError:
            raise DataError(f"{path}: unknown encoding {wanted}", hint="such as utf-8, utf-16-le, cp1252") from None
    encoding = encoding or _guess(path, head)
    text = head[mark:].decode(encoding, "replace")
    return Layout(encoding, mark, "\r" if "\r" in text and "\n" not in text else "\n")


def _guess(path: Path, head: bytes) -> str:
    for order, zeros in (("le", head[1::2]), ("be", head[0::2])):
        if len(zeros) > 1 and zeros.count(0) > 0.8 * len(zeros):
            return f"utf-16-{order}"
    return "cp1252" if _is_western(path) else "utf-8"


def _is_western(path: Path) -> bool:
    found = 0
    with path.open("rb") as handle:
        while line := handle.readline(1 << 20):
            if line.isascii():
                continue
            if _is_utf8(line) or not _UNLIKELY.isdisjoint(line):
                return False
            found += 1
    return found >= MIN_WESTERN_LINES


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        # A line that was cut by its length is no evidence.
        return error.end == len(line) and error.reason == "unexpected end of data"
    return True


def read_lines(path: Path, max_line_bytes: int, how: Layout) -> Iterator[Line]:
    """Yield every line of a file, with a fault where it is not text or too long.

    Raises:
        DataError: A line is so long that its text cannot be kept in the log of what was refused.
    """
    end, held = how.end.encode(how.encoding), max(max_line_bytes, HELD_BYTES)
    with path.open("rb") as handle:
        handle.seek(how.mark)
        for number, (raw, size) in enumerate(_split(handle, end, held), start=1):
            if size > held:
                raise DataError(
                    f"{path}:{number}: a line of {size} bytes is no row, and too long to be kept in the log",
                    hint=f"is it a file of lines? Leave this line out, or split it below {held} bytes",
                )
            content, fault = _decoded(raw, how.encoding)
            content = content.removesuffix(b"\r")
            if size > max_line_bytes:
                fault = f"line_too_long: {size} bytes, the limit is {max_line_bytes}"
            yield Line(number, content, fault)


def _decoded(raw: bytes, encoding: str) -> tuple[bytes, str]:
    if encoding == "utf-8":
        return raw, ""
    try:
        return raw.decode(encoding).encode("utf-8"), ""
    except UnicodeDecodeError as error:
        shown = raw.decode(encoding, "backslashreplace").encode("utf-8", "backslashreplace")
        return shown, f"not_{encoding.replace('-', '')}: byte {error.start}"


def _split(handle: IO[bytes], end: bytes, limit: int) -> Iterator[tuple[bytes, int]]:
    """Yield (bytes of a line, its size): split where `end` stands at a whole character, hold `limit` bytes."""
    held, size = bytearray(), 0
    while block := handle.read(BLOCK_BYTES):
        pieces = _aligned(block, end)
        for number, piece in enumerate(pieces):
            size += len(piece)
            held += piece[: max(0, limit + 1 - len(held))]
            if number < len(pieces) - 1:
                whole = size - (held[-1:] == b"\r" and len(end) == 1 and size == len(held))
                yield bytes(held[:limit]) if whole > limit else bytes(held), whole
                held, size = bytearray(), 0
    if size:
        yield bytes(held[:limit]) if size > limit else bytes(held), size


def _aligned(block: bytes, end: bytes) -> list[bytes]:
    """Split at `end`, only where it stands at a multiple of its length (blocks are a multiple too)."""
    width = len(end)
    if width == 1:
        return block.split(end)
    pieces, start, at = [], 0, block.find(end)
    while at >= 0:
        if at % width:
            at = block.find(end, at + 1)
            continue
        pieces.append(block[start:at])
        start = at + width
        at = block.find(end, start)
    return [*pieces, block[start:]]


def faulty(origin: str, raw: bytes, fault: str) -> RawRow:
    """Keep what cannot be read: its text, and its bytes where they are no UTF-8."""
    values = {"text": raw.decode("utf-8", "backslashreplace"), "sha256": hashlib.sha256(raw).hexdigest()}
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        values["base64"] = base64.b64encode(raw).decode("ascii")
    return RawRow(origin, values, fault)

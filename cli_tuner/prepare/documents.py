"""Rows out of one JSON document: a list of them, named lists, columns, or an object of rows.

The law: every value that could be a row is one, or is named as left out. A trailing comma is forgiven, as nothing
hangs on it; any other damage stops with its line, since where a document goes on is not known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli_tuner.errors import DataError
from cli_tuner.ports import RawRow
from cli_tuner.prepare.lines import Layout, faulty

MAX_JSON_BYTES = 512 << 20
_FILLED = re.compile(r"\S")
_LIST_OF_OBJECTS = re.compile(r"\[\s*\{")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|,(?=\s*[\]}])', re.DOTALL)


@dataclass(slots=True)
class Document:
    """A parsed document.

    Attributes:
        lists: Rows by the name of their list; one list without a name for most documents.
        left_out: Names of the values that hold no rows.
        fixed: What was forgiven.
    """

    lists: dict[str, list[Any]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    fixed: str = ""

    def describe(self) -> dict[str, Any]:
        """What is said about how the document is read."""
        named = {name: len(rows) for name, rows in self.lists.items() if name}
        facts: dict[str, Any] = {"lists": named} if named else {}
        return {
            **facts,
            **({"left_out": self.left_out} if self.left_out else {}),
            **({"fixed": self.fixed} if self.fixed else {}),
        }


def read_document(path: Path, how: Layout, wanted: tuple[str, ...] = ()) -> Iterator[RawRow]:
    """Stream the rows of a JSON document."""
    for name, rows in open_document(path, how, wanted).lists.items():
        for number, value in enumerate(rows, start=1):
            key, row = value if isinstance(value, _Keyed) else (str(number), value)
            origin = f"{path}:{name}:{key}" if name else f"{path}:{key}"
            if (twice := doubled(row)) is not None:
                text = dump(row).encode("utf-8", "surrogatepass")
                yield faulty(origin, text, f"duplicate_key: {twice.key}")
            elif isinstance(row, dict):
                yield RawRow(origin, row)
            else:
                text = dump(row).encode("utf-8", "surrogatepass")
                yield faulty(origin, text, f"not_an_object: {type(row).__name__}")


class _Keyed(tuple[str, Any]):
    """A row and its key."""


@dataclass(slots=True)
class Doubled:
    """An object that names a key twice: one of the two values would be lost."""

    key: str
    pairs: list[tuple[str, Any]]


def dump(value: Any) -> str:
    """Write a value as JSON, keys that stand twice included."""
    if isinstance(value, Doubled):
        return "{" + ", ".join(f"{json.dumps(key)}: {dump(child)}" for key, child in value.pairs) + "}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {dump(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def once(pairs: list[tuple[str, Any]]) -> Any:
    """Make an object of pairs, as `object_pairs_hook`; one that names a key twice is told apart."""
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    return Doubled(next(key for number, (key, _) in enumerate(pairs) if key in dict(pairs[:number])), pairs)


def doubled(value: Any) -> Doubled | None:
    """Find an object within `value` that names a key twice."""
    if isinstance(value, Doubled):
        return value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((found for child in children if (found := doubled(child)) is not None), None)


def is_lines(path: Path, how: Layout) -> bool:
    """Tell whether a `.json` file holds one object a line, as many tools write it."""
    heads = _heads(path, how)
    return len(heads) > 1 and all(line.startswith("{") and line.endswith("}") for line in heads[:2])


def is_document(path: Path, how: Layout) -> bool:
    """Tell whether a `.jsonl` file holds one list of objects, over several lines or on one."""
    heads = _heads(path, how)
    return bool(heads) and _LIST_OF_OBJECTS.match("".join(heads[:2])) is not None


def _heads(path: Path, how: Layout) -> list[str]:
    with path.open("rb") as handle:
        handle.seek(how.mark)
        lines = handle.read(1 << 20).decode(how.encoding, "replace").splitlines()
    return [line.strip() for line in lines if line.strip()]


def open_document(path: Path, how: Layout, wanted: tuple[str, ...] = ()) -> Document:
    """Parse a document and find its rows.

    Raises:
        DataError: Too large, not JSON, or nothing in it is a row; names the line.
    """
    if (size := path.stat().st_size) > MAX_JSON_BYTES:
        raise DataError(f"{path}: {size >> 20} MiB in one JSON document", hint="convert it to JSONL, one row a line")
    try:
        text = path.read_bytes()[how.mark :].decode(how.encoding)
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not {how.encoding} at byte {error.start}", hint="convert it to UTF-8") from error
    if not text.strip():
        return Document()
    value, fixed = _parsed(path, text)
    found = _lists(path, value, wanted)
    found.fixed = fixed
    return found


def _parsed(path: Path, text: str) -> tuple[Any, str]:
    try:
        return json.loads(text, object_pairs_hook=once), ""
    except RecursionError as error:
        raise DataError(f"{path}: not readable as JSON: nested too deep") from error
    except json.JSONDecodeError as error:
        without = _STRING.sub(lambda match: "" if match[0] == "," else match[0], text)
        if without != text:
            try:
                return json.loads(without, object_pairs_hook=once), "trailing commas"
            except json.JSONDecodeError:
                pass
        if (several := _one_by_one(text)) is not None:
            return several, "several documents one after the other"
        around = text[max(0, error.pos - 40) : error.pos + 40].replace("\n", " ")
        raise DataError(
            f"{path}: not readable as JSON: {error.msg} at line {error.lineno}, column {error.colno}: … {around} …",
            hint="fix it there, or convert the file to JSONL, in which a damaged row is set aside and the rest is read",
        ) from error


def _one_by_one(text: str) -> list[Any] | None:
    """Read objects that follow each other without commas or brackets; None where one is damaged."""
    reader = json.JSONDecoder(object_pairs_hook=once)
    found: list[Any] = []
    at = 0
    while match := _FILLED.search(text, at):
        try:
            value, at = reader.raw_decode(text, match.start())
        except (json.JSONDecodeError, RecursionError):
            return None
        if not isinstance(value, dict | Doubled):
            return None
        found.append(value)
    return found


def _of_data_frame(value: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return the rows of what pandas' `to_json` writes: columns by row label, or names and lists of cells."""
    names, cells = value.get("columns"), value.get("data")
    if isinstance(names, list) and isinstance(cells, list) and set(value) <= {"columns", "index", "data"}:
        fits = all(isinstance(row, list) and len(row) == len(names) for row in cells)
        return [dict(zip(map(str, names), row, strict=True)) for row in cells] if fits else None
    labels = [tuple(child) if isinstance(child, dict) else () for child in value.values()]
    if not labels or not labels[0] or len(set(labels)) > 1 or not all(label.isdecimal() for label in labels[0]):
        return None
    return [{name: child[label] for name, child in value.items()} for label in labels[0]]


def _lists(path: Path, value: Any, wanted: tuple[str, ...]) -> Document:
    if isinstance(value, list):
        return Document({"": value})
    if isinstance(value, Doubled):
        return Document({"": [_Keyed(pair) for pair in value.pairs]})
    if isinstance(value, dict) and (rows := _of_data_frame(value)) is not None:
        return Document({"": rows})
    if not isinstance(value, dict):
        raise DataError(f"{path}: a JSON source is a list of rows, or an object of them")
    inner = [child for child in value.values() if isinstance(child, dict)]
    if len(value) == 1 and inner and any(isinstance(child, list) for child in inner[0].values()):
        return _lists(path, inner[0], wanted)
    named = {name: child for name, child in value.items() if _are_rows(child)}
    columns = {name: child for name, child in value.items() if isinstance(child, list) and child}
    if not named and len(columns) > 1 and len({len(child) for child in columns.values()}) == 1:
        return Document({"": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]})
    if not named:  # NL2CMD's shape: {"1": {"invocation": …, "cmd": …}, …}
        return Document({"": [_Keyed((key, child)) for key, child in value.items()]})
    if missing := [name for name in wanted if name not in named]:
        raise DataError(f"{path}: no list {missing[0]}", hint=f"it holds {', '.join(named)}")
    chosen = {name: rows for name, rows in named.items() if not wanted or name in wanted}
    return Document(
        chosen if wanted or len(chosen) > 1 else {"": next(iter(chosen.values()))},
        [name for name in value if name not in chosen and (not wanted or name not in named)],
    )


def _are_rows(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(row, Mapping | Doubled) for row in value)

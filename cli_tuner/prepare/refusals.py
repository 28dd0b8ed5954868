"""Why a source cannot be read at all, with the edit that fixes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cli_tuner.errors import DataError
from cli_tuner.ports import RowSource
from cli_tuner.prepare.readers import DELIMITED

_HINTS = {
    "not_utf8": "name its encoding in the recipe, such as `encoding: gbk` beside the source's `path:`",
    "broken_json": "every line has to be one JSON object, in double quotes; a list of them may take several lines",
    "not_an_object": "every row has to be an object with named columns",
}


def nothing_read(where: str, parts: Sequence[RowSource]) -> DataError:
    """Explain a source of which no row can be read, by its first fault."""
    first = next((row for part in parts for row in part.rows() if row.fault), None)
    shown = f"\n  {first.origin}: {first.fault}" if first else ""
    hint = _HINTS.get(first.fault.partition(":")[0]) if first else None
    return DataError(f"{where}: holds no rows that can be read{shown}", hint=hint or "is the file complete?")


def of_columns(refusal: DataError, part: RowSource) -> DataError:
    """Say what else may be wrong where the columns of a delimited file are not known: its first line decides them."""
    if Path(part.name).suffix.lower() not in DELIMITED:
        return refusal
    return DataError(
        refusal.message,
        hint=f"{refusal.hint}; the first line has to be the header (add one, or take off what stands before it), and "
        "another delimiter is named in the recipe: `delimiter: '^'` beside the source's `path:`",
    )

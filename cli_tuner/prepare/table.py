"""All rows that passed their filters: a few numbers of each in memory, the texts on disk.

About 80 bytes a row are held, so a million rows take 80 MB; texts are read in order, or by row number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cli_tuner.prepare.shingles import CHUNK_ROWS, Hashes, Numbers

Record = dict[str, Any]


class Table:
    """The kept rows of all shards, numbered in the order of loading.

    Attributes:
        exact_keys: Hash of instruction and command as they are.
        instruction_keys: Hash of the normalised instruction.
        entry_rows: Row that each command belongs to; a row owns its command first, then its references.
        entry_keys: Hashes of each command, one column a form of `COMMAND_FORMS`.
        utilities: Index into `utility_names`.
        sources: Index of the source.
    """

    def __init__(self, folder: Path, n_shards: int) -> None:
        self._files = [folder / f"{number:06d}.kept.jsonl" for number in range(n_shards)]
        self.utility_names: list[str] = []
        parts = [self._scan(file) for file in self._files]
        self._starts = np.concatenate([[0], np.cumsum([len(part["offset"]) for part in parts])]).astype(np.int64)
        self._offsets: Numbers = _join(parts, "offset", np.int64)
        self.exact_keys: Hashes = _join(parts, "exact", np.uint64)
        self.instruction_keys: Hashes = _join(parts, "instruction", np.uint64)
        self.utilities: NDArray[np.int32] = _join(parts, "utility", np.int32)
        self.sources: NDArray[np.int32] = _join(parts, "source", np.int32)
        per_row: Numbers = _join(parts, "commands", np.int64)
        self.entry_rows: Numbers = np.repeat(np.arange(len(per_row)), per_row)
        keys: Hashes = _join(parts, "keys", np.uint64)
        self.entry_keys: Hashes = keys.reshape(len(self.entry_rows), -1) if len(keys) else keys.reshape(0, 1)
        self.first_entry: Numbers = np.cumsum(per_row) - per_row

    def __len__(self) -> int:
        return len(self.exact_keys)

    def _scan(self, file: Path) -> dict[str, Any]:
        names = {name: number for number, name in enumerate(self.utility_names)}
        columns: dict[str, list[int]] = {c: [] for c in _COLUMNS}
        offset = 0
        with file.open("rb") as handle:
            for line in handle:
                row = json.loads(line)
                utility = names.setdefault(row["utility"], len(names))
                keys = [key for command in row["command_keys"] for key in command]
                values = (offset, row["exact_key"], row["instruction_key"], utility, row["source"])
                for column, value in zip(_COLUMNS, values, strict=False):
                    columns[column].append(value)
                columns["commands"].append(len(row["command_keys"]))
                columns["keys"] += keys
                offset += len(line)
        self.utility_names = list(names)
        return {name: np.array(values, dtype=_COLUMNS[name]) for name, values in columns.items()}

    def chunks(self, size: int = CHUNK_ROWS) -> Iterator[list[Record]]:
        """Stream the rows in order, `size` at a time."""
        rows = self.rows()
        while held := list(islice(rows, size)):
            yield held

    def rows(self) -> Iterator[Record]:
        """Stream the rows in order."""
        for file in self._files:
            with file.open("rb") as handle:
                yield from map(json.loads, handle)

    def read(self, numbers: Sequence[int]) -> list[Record]:
        """Read rows by number, in the given order; costs one seek each."""
        found: list[Record] = []
        shards = np.searchsorted(self._starts, np.asarray(numbers), side="right") - 1
        for number, shard in zip(numbers, shards.tolist(), strict=True):
            with self._files[shard].open("rb") as handle:
                handle.seek(int(self._offsets[number]))
                found.append(json.loads(handle.readline()))
        return found


_COLUMNS: dict[str, Any] = {
    "offset": np.int64,
    "exact": np.uint64,
    "instruction": np.uint64,
    "utility": np.int32,
    "source": np.int32,
    "commands": np.int64,
    "keys": np.uint64,
}


def _join(parts: Sequence[dict[str, Any]], name: str, kind: Any) -> Any:
    return np.concatenate([part[name] for part in parts]) if parts else np.zeros(0, dtype=kind)

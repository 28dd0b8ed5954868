"""All rows that passed their filters: a few numbers of each in memory, the texts on disk.

Of each row 16 bytes are held; texts are read in order, or by row number.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from cli_tuner.prepare.shingles import Numbers

Record = dict[str, Any]
INDEX = np.dtype([("offset", np.int64), ("utility", np.uint64), ("source", np.int32)])
"""What is known of a row besides its text: where its line begins, the hash of its utility, its source."""
_OPEN_FILES = 64


class Table:
    """The kept rows of all shards, numbered in the order of loading.

    Attributes:
        files: The rows, a file a shard.
        utilities: A number for the utility of each row.
        sources: Index of the source of each row.
    """

    def __init__(self, folder: Path, n_shards: int) -> None:
        self.files = [folder / f"{number:06d}.kept.jsonl" for number in range(n_shards)]
        parts = [np.load(folder / f"{number:06d}.index.npy") for number in range(n_shards)]
        index = np.concatenate(parts) if parts else np.zeros(0, dtype=INDEX)
        self.shard_rows: list[int] = [len(part) for part in parts]
        self._starts: Numbers = np.concatenate([[0], np.cumsum(self.shard_rows)]).astype(np.int64)
        self._offsets: Numbers = index["offset"].copy()
        self.sources: NDArray[np.int32] = index["source"].copy()
        self.utilities: NDArray[np.int32] = np.unique(index["utility"], return_inverse=True)[1].astype(np.int32)
        self._open: OrderedDict[int, IO[bytes]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._offsets)

    def rows(self) -> Iterator[Record]:
        """Stream the rows in order."""
        for file in self.files:
            with file.open("rb") as handle:
                yield from map(json.loads, handle)

    def read(self, numbers: Sequence[int]) -> list[Record]:
        """Read rows by number, in the given order; costs one seek each."""
        found: list[Record] = []
        shards = np.searchsorted(self._starts, np.asarray(numbers), side="right") - 1
        for number, shard in zip(numbers, shards.tolist(), strict=True):
            handle = self._handle(shard)
            handle.seek(int(self._offsets[number]))
            found.append(json.loads(handle.readline()))
        return found

    def _handle(self, shard: int) -> IO[bytes]:
        if shard not in self._open:
            if len(self._open) >= _OPEN_FILES:
                self._open.popitem(last=False)[1].close()
            self._open[shard] = self.files[shard].open("rb")
        self._open.move_to_end(shard)
        return self._open[shard]

    def close(self) -> None:
        """Close what `read` opened."""
        while self._open:
            self._open.popitem()[1].close()

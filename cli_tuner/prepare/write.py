"""The files that training reads, and those that say where every other row went.

All of it goes to a staging folder first and is moved into place at the end, `provenance.json` last. Every
column has one type in every row (no nulls, no empty lists), as Arrow needs it.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy as np

from cli_tuner.chat.messages import training_messages
from cli_tuner.chat.style import Style
from cli_tuner.files import atomic_write, read_jsonl, sha256_text
from cli_tuner.prepare.dedupe import KINDS, Duplicates
from cli_tuner.prepare.folders import shown
from cli_tuner.prepare.settings import SPLITS, Settings
from cli_tuner.prepare.shingles import Hashes, Numbers, hash64
from cli_tuner.prepare.table import Table

DATA_FILES = ("train.jsonl", "val.jsonl", "test.jsonl", "train_smoke.jsonl", "val_smoke.jsonl")


def row_id(instruction: str, command: str) -> str:
    """Name a row by its content: 16 hex digits, the same in every run."""
    return sha256_text(f"{instruction}\0{command}")[:16]


def output_row(
    row: Mapping[str, Any], references: Iterable[str], group: str, source: str, style: Style
) -> dict[str, Any]:
    """Build one line of `train.jsonl`; its messages are what the template of the recipe takes."""
    answers = list(dict.fromkeys([row["command"], *references]))
    if "segments" in row:
        rendered: dict[str, Any] = {"segments": row["segments"]}
    else:
        said = row.get("messages") or training_messages(row["instruction"], row["command"])
        rendered = {"messages": style.row(said)}
    return {
        "id": row_id(row["instruction"], row["command"]),
        **rendered,
        "instruction": row["instruction"],
        "command": row["command"],
        "references": answers,
        "group": group,
        "utility": row["utility"],
        "safety": row["safety"],
        "safety_rules": row["safety_rules"],
        "lint": row["lint"],
        "fixed": row["fixed"],
        "n_tokens": row["n_tokens"],
        "n_trained": row["n_trained"],
        "source": source,
        "origin": row["origin"],
    }


class _Smoke:
    """The `size` rows with the smallest hash: the same few whenever they are there."""

    def __init__(self, size: int, seed: int) -> None:
        self._size, self._seed = size, seed
        self._held: list[tuple[int, str]] = []

    def offer(self, row_id: str, line: str) -> None:
        entry = (-hash64(f"smoke\0{self._seed}\0{row_id}"), line)
        if len(self._held) < self._size:
            heapq.heappush(self._held, entry)
        else:
            heapq.heappushpop(self._held, entry)

    def lines(self) -> list[str]:
        return [line for _, line in sorted(self._held, reverse=True)]


def write_splits(
    folder: Path,
    table: Table,
    found: Duplicates,
    split_of_row: Numbers,
    groups: Hashes,
    settings: Settings,
    style: Style,
) -> dict[str, int]:
    """Write the splits and the smoke files.

    Args:
        folder: Staging folder.
        table: All checked rows.
        found: Which of them are kept, and which are references of which.
        split_of_row: Index into `SPLITS` of each row; -1 where it is not kept.
        groups: Key of the group of each kept row.
        settings: The recipe.
        style: How conversations are put to the template.

    Returns:
        Rows by file name.
    """
    counts = dict.fromkeys(DATA_FILES, 0)
    smoke = {
        0: _Smoke(settings.split.smoke_train, settings.seed),
        1: _Smoke(settings.split.smoke_val, settings.seed),
    }
    with ExitStack() as stack:
        handles = [stack.enter_context(atomic_write(folder / f"{name}.jsonl")) for name in SPLITS]
        for number, row in enumerate(_complete(table, found, settings, groups, style)):
            split = int(split_of_row[number])
            if row is None or split < 0:
                continue
            line = json.dumps(row, ensure_ascii=False) + "\n"
            counts[f"{SPLITS[split]}.jsonl"] += _repeat(
                handles[split], row, line, _times(settings, int(table.sources[number]), row, split)
            )
            if split in smoke:
                smoke[split].offer(row["id"], line)
    for split, name in ((0, "train_smoke.jsonl"), (1, "val_smoke.jsonl")):
        lines = smoke[split].lines()
        counts[name] = len(lines)
        with atomic_write(folder / name) as handle:
            handle.writelines(lines)
    return counts


def _complete(
    table: Table, found: Duplicates, settings: Settings, groups: Hashes, style: Style
) -> Iterator[dict[str, Any] | None]:
    """Yield each row as it is written, with its references; None for rows that are not kept."""
    merged = np.flatnonzero(found.kinds == KINDS.index("reference"))
    merged = merged[np.lexsort((merged, found.kept_by[merged]))]
    keepers = found.kept_by[merged]
    names = [shown(source.path) if source.path else str(source.hub) for source in settings.sources]
    for number, row in enumerate(table.rows()):
        if found.kinds[number] != 0:
            yield None
            continue
        span = slice(*np.searchsorted(keepers, [number, number + 1]))
        others = [
            text for other in table.read(merged[span].tolist()) for text in (other["command"], *other["references"])
        ]
        yield output_row(row, [*row["references"], *others], f"g{groups[number]:016x}", names[row["source"]], style)


def _times(settings: Settings, source: int, row: Mapping[str, Any], split: int) -> int:
    """How often a row is written: train rows of a source with weight 2.5 twice, every other one thrice."""
    weight = settings.sources[source].weight
    if split != 0 or weight <= 1.0:
        return 1
    lot = hash64(f"repeat\0{settings.seed}\0{row['id']}") / 2.0**64
    return int(weight) + (lot < weight - int(weight))


def _repeat(handle: IO[str], row: dict[str, Any], line: str, times: int) -> int:
    handle.write(line)
    for copy in range(2, times + 1):
        handle.write(json.dumps({**row, "id": f"{row['id']}-{copy}"}, ensure_ascii=False) + "\n")
    return times


def write_rejected(path: Path, shards: Path, n_shards: int, extra: Iterable[dict[str, Any]] = ()) -> int:
    """Gather the refused rows of all shards, in order, and those refused later; return their number."""
    count = 0
    with atomic_write(path) as handle:
        for number in range(n_shards):
            with (shards / f"{number:06d}.rejected.jsonl").open(encoding="utf-8") as part:
                for line in part:
                    handle.write(line)
                    count += 1
        for row in extra:
            handle.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def write_fixed(path: Path, shards: Path, n_shards: int) -> int:
    """Gather what was fixed in all shards, in order; return the number of rows."""
    with atomic_write(path) as handle:
        parts = [(shards / f"{number:06d}.fixed.jsonl").read_text(encoding="utf-8") for number in range(n_shards)]
        handle.writelines(parts)
    return sum(part.count("\n") for part in parts)


def write_duplicates(path: Path, table: Table, found: Duplicates) -> int:
    """Write each duplicate with its kind and the row that is kept for it; return their number."""
    count = 0
    with atomic_write(path) as handle:
        for number, row in enumerate(table.rows()):
            if found.kinds[number] <= 0:
                continue
            keeper = table.read([int(found.kept_by[number])])[0]
            count += 1
            entry = {
                "origin": row["origin"],
                "kind": KINDS[found.kinds[number]],
                "kept_id": row_id(keeper["instruction"], keeper["command"]),
                "kept_origin": keeper["origin"],
                "row": {"instruction": row["instruction"], "command": row["command"]},
            }
            handle.write(json.dumps(entry, ensure_ascii=False) + "\n")
    return count


def count_lines(path: Path) -> int:
    """Count the rows of a file that was written."""
    return sum(1 for _ in read_jsonl(path))

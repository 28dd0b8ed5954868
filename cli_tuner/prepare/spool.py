"""Shards for an engine that runs tasks on other processes or machines: rows on disk, one task a shard.

All that an engine has to share is the work folder: a task reads its rows and the tools from there and leaves what
`run_shard` leaves. So the outputs are those of the plain run, byte for byte, and a shard that was lost is done
again by the next run. Rows that earlier runs have judged are looked up there as here.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from cli_tuner.errors import LaunchError
from cli_tuner.prepare.judge import Tools
from cli_tuner.prepare.loaded import LoadedRow
from cli_tuner.prepare.stage import run_shard, shard_done
from cli_tuner.prepare.workers import Counts, Crew, Progress, ShardRunner, unfinished

Engine = Callable[[Callable[[int], None], Sequence[int], Path], None]
"""Runs `work(number)` for every number, anywhere that sees the folder named last (for its logs)."""


def shards_by(engine: Engine) -> ShardRunner:
    """Let `engine` run the shards.

    The result raises `LaunchError` where the engine ends before all shards are done, as one does that only submits.
    """

    def run(rows: Iterable[LoadedRow], folder: Path, tools: Tools, *, crew: Crew, progress: Progress) -> list[Counts]:
        folder.mkdir(parents=True, exist_ok=True)
        done: dict[int, Counts] = {}
        numbers = []
        spooled = 0
        _dump(folder / "tools.pickle", tools)
        for number, shard in unfinished(rows, folder, done):
            _dump(_spooled(folder, number), shard)
            numbers.append(number)
            spooled += len(shard)
            progress("spool rows", spooled)
        if numbers:
            engine(SpooledShard(folder), numbers, folder / "engine")
        found = {number: shard_done(folder, number) for number in numbers}
        if missing := [number for number, counts in found.items() if counts is None]:
            raise LaunchError(
                f"{len(missing)} of {len(numbers)} shards are not done: the first is {missing[0]}",
                hint=f"when the engine is through, run the same command again; its logs are in {folder / 'engine'}",
            )
        done.update({number: counts for number, counts in found.items() if counts is not None})
        return [done[number] for number in sorted(done)]

    return run


class SpooledShard:
    """The task: one shard of a folder. It pickles as the folder's path.

    Args:
        folder: The work folder, by a path that every machine knows.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, number: int) -> None:
        """Run one shard, unless it is done."""
        if shard_done(self.folder, number) is None:
            rows = _load(_spooled(self.folder, number))
            run_shard(self.folder, number, rows, _load(self.folder / "tools.pickle"))


def _spooled(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}.rows.pickle"


def _dump(path: Path, value: Any) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(pickle.dumps(value))
    temporary.replace(path)


def _load(path: Path) -> Any:
    return pickle.loads(path.read_bytes())  # noqa: S301 -- written by `_dump` into our own work folder

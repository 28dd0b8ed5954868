"""Worker processes: bounded in memory, resumable by shard, gone when the parent is gone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TypeVar

from cli_tuner.prepare.judge import Tools, memory_path
from cli_tuner.prepare.loaded import LoadedRow
from cli_tuner.prepare.stage import count_unknown, run_shard, shard_done
from cli_tuner.process import release_memory

SHARD_ROWS = 500
"""Rows of a shard: small enough to resume finely and to keep all workers busy, a batch of shellcheck."""
FEW_ROWS = 20
"""Rows that may have to be judged in a shard that is not worth sending to a worker."""

TASKS_OF_A_WORKER = 200
"""After so many the processes are replaced: `tokenizers` 0.23.1 never gives back 64 bytes of each text."""

T = TypeVar("T")
Counts = dict[str, int]
Shard = tuple[int, list[LoadedRow]]
Progress = Callable[[str, int], None]
"""Told what is done: a step and how many rows of it."""


class Crew:
    """Worker processes, started when first needed and kept from step to step; one worker is this process."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._tasks = 0

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._end()

    def _end(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool, self._tasks = None, 0

    def results(self, work: Callable[..., T], tasks: Iterable[tuple[Any, ...]], *, ahead: int = 2) -> Iterator[T]:
        """Yield what `work` returns for each task, as they finish.

        Args:
            work: A function of a module, as another process has to find it.
            tasks: Arguments, drawn when a worker is nearly free.
            ahead: How many tasks of each worker are drawn at most.
        """
        stream = iter(tasks)
        first = list(islice(stream, 1 if self._workers == 1 else 2))
        if len(first) < 2:
            yield from (work(*task) for task in chain(first, stream))
            return
        pending: set[Future[T]] = set()
        for task in chain(first, stream):
            if self._tasks >= TASKS_OF_A_WORKER * self._workers:
                yield from _finished(pending, 0)
                self._end()
            pending.add(self._started().submit(_tidily, work, *task))
            self._tasks += 1
            yield from _finished(pending, ahead * self._workers - 1)
        yield from _finished(pending, 0)

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(
                self._workers, mp_context=context, initializer=_start_worker, initargs=(os.getpid(),)
            )
        return self._pool


def _tidily(work: Callable[..., T], *task: Any) -> T:
    try:
        return work(*task)
    finally:
        release_memory()


def _finished(pending: set[Future[T]], most: int) -> Iterator[T]:
    """Yield results, and take them out of `pending`, until at most `most` are left."""
    while len(pending) > most:
        done, _ = wait(pending, return_when=FIRST_COMPLETED)
        pending -= done
        yield from (future.result() for future in done)


def _start_worker(parent: int) -> None:
    """Leave Ctrl-C to the parent, and end when it is killed: nobody would ever send more work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class ShardRunner(Protocol):
    """Runs all shards of a run, on this machine or on many; returns the counts of each shard, in order."""

    def __call__(
        self, rows: Iterable[LoadedRow], folder: Path, tools: Tools, *, crew: Crew, progress: Progress
    ) -> list[Counts]:
        """Cut `rows` into shards, run those that are not done yet, leave their files in `folder`."""
        ...


def run_shards(
    rows: Iterable[LoadedRow], folder: Path, tools: Tools, *, crew: Crew, progress: Progress
) -> list[Counts]:
    """Cut `rows` into shards and run those that are not done yet, on the workers of this machine.

    Shards that earlier runs have judged but for a few rows are done here: sooner than a worker starts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done: dict[int, Counts] = {}
    nothing_known = not memory_path(tools).is_file()

    def tasks() -> Iterator[tuple[Path, int, list[LoadedRow], Tools]]:
        for number, shard in unfinished(rows, folder, done):
            if nothing_known or count_unknown(shard, tools) > FEW_ROWS:
                yield folder, number, shard, tools
            else:
                tell(number, run_shard(folder, number, shard, tools))

    def tell(number: int, counts: Counts) -> None:
        done[number] = counts
        progress("check rows", sum(counts["loaded"] for counts in done.values()))

    for number, counts in crew.results(_numbered, tasks()):
        tell(number, counts)
    return [done[number] for number in sorted(done)]


def _numbered(folder: Path, number: int, shard: list[LoadedRow], tools: Tools) -> tuple[int, Counts]:
    return number, run_shard(folder, number, shard, tools)


def unfinished(rows: Iterable[LoadedRow], folder: Path, done: dict[int, Counts]) -> Iterator[Shard]:
    """Cut `rows` into numbered shards; yield those without counts in `folder`, note the others in `done`."""
    stream = iter(rows)
    number = 0
    while shard := list(islice(stream, SHARD_ROWS)):
        counts = shard_done(folder, number)
        if counts is None:
            yield number, shard
        else:
            done[number] = counts
        number += 1

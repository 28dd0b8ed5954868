"""Shards over worker processes: bounded in memory, resumable, gone when the parent is gone."""

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

from cli_tuner.prepare.sources import LoadedRow
from cli_tuner.prepare.stage import Tools, run_shard, shard_done

SHARD_ROWS = 1000
"""Rows of a shard: small enough to resume finely, large enough for two batches of shellcheck."""

Counts = dict[str, int]
Shard = tuple[int, list[LoadedRow]]
Progress = Callable[[str, int], None]
"""Told what is done: a step and how many rows of it."""


def run_shards(
    rows: Iterable[LoadedRow], folder: Path, tools: Tools, *, workers: int, progress: Progress
) -> list[Counts]:
    """Cut `rows` into shards and run those that are not done yet.

    Returns:
        The counts of every shard, in order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done: dict[int, Counts] = {}
    todo = _todo(rows, folder, done)
    first = list(islice(todo, 2))
    if workers > 1 and len(first) > 1:
        _in_parallel(chain(first, todo), folder, tools, workers, done, progress)
    else:
        for number, shard in chain(first, todo):
            done[number] = run_shard(folder, number, shard, tools)
            progress("check rows", sum(counts["loaded"] for counts in done.values()))
    return [done[number] for number in sorted(done)]


def _todo(rows: Iterable[LoadedRow], folder: Path, done: dict[int, Counts]) -> Iterator[Shard]:
    stream = iter(rows)
    number = 0
    while shard := list(islice(stream, SHARD_ROWS)):
        counts = shard_done(folder, number)
        if counts is None:
            yield number, shard
        else:
            done[number] = counts
        number += 1


def _in_parallel(
    todo: Iterator[Shard],
    folder: Path,
    tools: Tools,
    workers: int,
    done: dict[int, Counts],
    progress: Progress,
) -> None:
    context = multiprocessing.get_context("spawn")
    pending: dict[Future[Counts], int] = {}
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(os.getpid(),))
    try:
        for number, shard in todo:
            pending[pool.submit(run_shard, folder, number, shard, tools)] = number
            while len(pending) >= 2 * workers:
                _collect(pending, done, progress)
        while pending:
            _collect(pending, done, progress)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _collect(pending: dict[Future[Counts], int], done: dict[int, Counts], progress: Progress) -> None:
    finished, _ = wait(pending, return_when=FIRST_COMPLETED)
    for future in finished:
        done[pending.pop(future)] = future.result()
    progress("check rows", sum(counts["loaded"] for counts in done.values()))


def _start_worker(parent: int) -> None:
    """Leave Ctrl-C to the parent, and end when it is killed: nobody would ever send more work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()

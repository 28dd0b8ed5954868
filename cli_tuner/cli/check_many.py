"""Judges a stream of commands in input order, on all cores once there are many.

The first commands are judged here, one by one, so that a pipe answers at once; what follows goes in chunks to forked
workers, a bounded number at a time, so that memory does not grow with the input.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

Judge: TypeAlias = Callable[[str], tuple[str, str]]
"""From a command to its level and the line that is shown."""

_ALONE = 1500
_CHUNK = 250
_AT_ONCE = 64

_judge: Judge | None = None


def judged(commands: Iterable[str], judge: Judge) -> Iterator[tuple[str, str]]:
    """Yield `judge(command)` for each command, in order."""
    rest = iter(commands)
    yield from map(judge, islice(rest, _ALONE))
    first = list(islice(rest, _CHUNK))
    if not first or (os.cpu_count() or 1) < 2 or not hasattr(os, "fork"):
        yield from map(judge, first)
        yield from map(judge, rest)
        return
    with _pool(judge) as pool:
        chunks = [first, *_chunks(rest, _AT_ONCE - 1)]
        while chunks:
            for answers in pool.map(_judge_chunk, chunks):
                yield from answers
            chunks = list(_chunks(rest, _AT_ONCE))


def _pool(judge: Judge) -> ProcessPoolExecutor:
    global _judge
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    _judge = judge  # forked workers inherit it; a policy need not be picklable
    return ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("fork"))


def _chunks(rest: Iterator[str], most: int) -> Iterator[list[str]]:
    for _ in range(most):
        chunk = list(islice(rest, _CHUNK))
        if not chunk:
            return
        yield chunk


def _judge_chunk(commands: list[str]) -> list[tuple[str, str]]:
    assert _judge is not None
    return [_judge(command) for command in commands]

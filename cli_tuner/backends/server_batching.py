"""Many requests, one model: what waits while the model works is asked together next.

One worker thread talks to the model. A batch that fails is asked again one by one, so that a request fails only by
its own fault. A request whose client gave up before its turn is not asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


@dataclass(slots=True)
class _Waiting(Generic[Asked, Answered]):
    request: Asked
    answer: asyncio.Future[Answered]


class Batcher(Generic[Asked, Answered]):
    """Collects requests and answers them in batches.

    Args:
        work: Answers a batch, in order; called in one thread of its own.
        batch_size: Most requests that are answered together.
        wait_s: How long the first request of a batch waits for others.
        note: Told the size of each batch.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Asked]], Sequence[Answered]],
        *,
        batch_size: int,
        wait_s: float = 0.005,
        note: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._work = work
        self._batch_size = batch_size
        self._wait_s = wait_s
        self._note = note
        self._queue: asyncio.Queue[_Waiting[Asked, Answered]] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to answer; call it inside the event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop; requests that still wait are cancelled."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        while not self._queue.empty():
            self._queue.get_nowait().answer.cancel()
        self._thread.shutdown(wait=True)

    def depth(self) -> int:
        """Return how many requests wait."""
        return self._queue.qsize()

    async def submit(self, request: Asked) -> Answered:
        """Wait for the answer to `request`; whatever its work raised is raised here."""
        answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        await self._queue.put(_Waiting(request, answer))
        return await answer

    async def _run(self) -> None:
        while True:
            batch = [one for one in await self._gathered() if not one.answer.done()]
            if batch:
                self._note(len(batch))
                await self._answer(batch)

    async def _gathered(self) -> list[_Waiting[Asked, Answered]]:
        batch = [await self._queue.get()]
        until = asyncio.get_running_loop().time() + self._wait_s
        while len(batch) < self._batch_size:
            left = until - asyncio.get_running_loop().time()
            if self._queue.empty() and left <= 0:
                break
            try:
                batch.append(await asyncio.wait_for(self._queue.get(), max(left, 0.001)))
            except asyncio.TimeoutError:
                break
        return batch

    async def _answer(self, batch: list[_Waiting[Asked, Answered]]) -> None:
        loop = asyncio.get_running_loop()
        asked = loop.run_in_executor(self._thread, self._work, [one.request for one in batch])
        (outcome,) = await asyncio.gather(asked, return_exceptions=True)
        if isinstance(outcome, BaseException):
            if len(batch) > 1:
                for one in batch:
                    await self._answer([one])
            elif not batch[0].answer.done():
                batch[0].answer.set_exception(outcome)
            return
        for one, answer in zip(batch, outcome, strict=True):
            if not one.answer.done():
                one.answer.set_result(answer)

from __future__ import annotations

import os
import time

import pytest

from cli_tuner.prepare import workers
from cli_tuner.prepare.workers import Crew


def _process(number: int) -> tuple[int, int]:
    time.sleep(0.01)
    return number, os.getpid()


@pytest.mark.contract
def test_processes_are_replaced_and_no_result_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "TASKS_OF_A_WORKER", 5)
    with Crew(2) as crew:
        results = list(crew.results(_process, ((number,) for number in range(24))))
        (_, last), *_ = crew.results(_process, [(1,), (2,)])
    assert sorted(number for number, _ in results) == list(range(24))
    by_time = [process for _, process in results]
    groups = [set(by_time[start : start + 10]) for start in (0, 10, 20)]
    assert not groups[0] & groups[1] and not groups[1] & groups[2]
    assert last not in groups[0] | groups[1]


def test_one_worker_is_this_process() -> None:
    with Crew(1) as crew:
        assert {process for _, process in crew.results(_process, [(1,), (2,), (3,)])} == {os.getpid()}

"""The follower reads what the child writes: each line once, incomplete files, and a heartbeat that stops."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.config.sections import Supervision
from cli_tuner.runs.layout import RunDir
from cli_tuner.train import launch as module
from cli_tuner.train.launch import _Follower, read_status


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("models/runs/run-1").mkdir(parents=True)


def follower(seen: list[list[dict[str, Any]]], **settings: Any) -> _Follower:
    return _Follower(RunDir(Path("models/runs/run-1")), seen.append, Supervision(**settings))


def test_the_follower_hands_out_whole_lines_once_wherever_the_stream_is_cut() -> None:
    lines = [{"step": n, "text": "größer\u2028" * n} for n in range(4)]
    stream = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
    path = Path("models/runs/run-1/metrics.jsonl")
    for size in (1, 2, 3, 7, 1000):
        path.write_bytes(b"")
        seen: list[list[dict[str, Any]]] = []
        one = follower(seen)
        for start in range(0, len(stream), size):
            with path.open("ab") as handle:
                handle.write(stream[start : start + size])
            one.tick()
        assert [line for batch in seen for line in batch] == lines


def test_the_follower_ticks_without_news_so_that_a_clock_can_move() -> None:
    seen: list[list[dict[str, Any]]] = []
    follower(seen).tick()
    assert seen == [[]]


def test_lines_of_an_earlier_launch_of_the_run_are_not_shown_again() -> None:
    Path("models/runs/run-1/metrics.jsonl").write_text('{"step": 1}\n')
    seen: list[list[dict[str, Any]]] = []
    follower(seen).tick()
    assert seen == [[]]


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        raise AssertionError("the wall clock jumps: after sleep, by hand, by NTP")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def beating(state: str = "training") -> Path:
    run = Path("models/runs/run-1")
    (run / "status.json").write_text(json.dumps({"state": state, "pid": 1}))
    (run / "metrics.jsonl").write_text("".join(f'{{"step": {n}, "elapsed_s": {n}.0}}\n' for n in range(3)))
    (run / "heartbeat").touch()
    return run / "heartbeat"


def test_a_run_without_a_heartbeat_beyond_the_bound_is_stalled(clock: Clock) -> None:
    heartbeat = beating()
    Path("models/runs/run-1/metrics.jsonl").rename("later")
    one = follower([], stall_floor_s=10, stall_factor=20)
    Path("later").rename("models/runs/run-1/metrics.jsonl")
    one.tick()  # learns a pace of one second a step: the bound is 20 s
    assert not one.hung()
    clock.now += 19
    assert not one.hung()
    os.utime(heartbeat, (0, 0))  # it beats; what the wall clock says is nothing to us
    clock.now += 1
    assert not one.hung()
    clock.now += 19
    assert not one.hung()
    clock.now += 2
    assert one.hung()
    assert one.stalled


@pytest.mark.parametrize("state", ["loading_model", "starting", "trained"])
def test_only_a_process_that_takes_steps_can_stall(clock: Clock, state: str) -> None:
    one = follower([], stall_floor_s=1, stall_factor=2)
    beating(state)
    one._offset = 0
    one.tick()
    assert not one.hung()
    clock.now += 10_000
    assert not one.hung()


@pytest.mark.parametrize("pid", ["1", None, 1.5, [1]])
def test_a_process_id_that_is_no_number_is_nobody(pid: Any) -> None:
    run = RunDir(Path("models/runs/run-1"))
    run.status.write_text(json.dumps({"state": "training", "pid": pid}))
    assert module._saver_pid(run) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "7", "[" * 100_000])
def test_a_status_that_is_torn_says_nothing(content: str) -> None:
    run = RunDir(Path("models/runs/run-1"))
    run.status.write_text(content)
    assert read_status(run) == {}

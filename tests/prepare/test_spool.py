"""Shards run by an engine: the bytes of the plain run, and a run that goes on when the engine is through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from cli_tuner.errors import LaunchError
from cli_tuner.prepare import workers
from cli_tuner.prepare.run import Outcome
from cli_tuner.prepare.spool import shards_by
from tests.prepare.conftest import pairs

pytestmark = pytest.mark.integration

Run = Callable[..., Outcome]
FILES = ("train.jsonl", "val.jsonl", "test.jsonl", "provenance.json", "logs/rejected.jsonl", "logs/dedupe.jsonl")


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "SHARD_ROWS", 15)


def _rows() -> list[dict[str, str]]:
    rows = pairs(50)
    return [*rows, rows[0], {"instruction": "Quote", "command": "echo 'x"}]


def test_an_engine_writes_the_bytes_of_the_plain_run(run: Run, tmp_path: Path) -> None:
    def backwards(work: Callable[[int], None], numbers: Sequence[int], logs: Path) -> None:
        for number in reversed(numbers):
            work(number)

    run(_rows(), "plain")
    run(_rows(), "engine", shards=shards_by(backwards))
    for name in FILES:
        assert (tmp_path / "plain" / name).read_bytes() == (tmp_path / "engine" / name).read_bytes(), name
    assert not (tmp_path / "engine/.work").exists()


def test_a_run_goes_on_when_an_engine_that_only_submits_is_through(run: Run, tmp_path: Path) -> None:
    submitted: list[Callable[[], None]] = []

    def submits(work: Callable[[int], None], numbers: Sequence[int], logs: Path) -> None:
        submitted.extend(lambda n=number: work(n) for number in numbers)  # type: ignore[misc]

    with pytest.raises(LaunchError, match="4 of 4 shards are not done"):
        run(_rows(), shards=shards_by(submits))
    assert not (tmp_path / "out/train.jsonl").exists()
    for task in submitted:
        task()
    submitted.clear()
    assert run(_rows(), shards=shards_by(submits)).provenance["gates"]["loaded"] == 52
    assert not submitted


def test_a_shard_that_is_done_is_not_done_again(run: Run) -> None:
    done: list[int] = []

    def fails_late(work: Callable[[int], None], numbers: Sequence[int], logs: Path) -> None:
        done.extend(numbers)
        for number in numbers[:3]:
            work(number)
            work(number)

    with pytest.raises(LaunchError, match="1 of 4 shards are not done: the first is 3"):
        run(_rows(), shards=shards_by(fails_late))
    with pytest.raises(LaunchError, match="1 of 1 shards"):
        run(_rows(), shards=shards_by(lambda work, numbers, logs: done.extend(numbers)))
    assert done == [0, 1, 2, 3, 3]

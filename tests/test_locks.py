"""One holder at a time, whoever dies; the second is refused with the first's id."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli_tuner.errors import LaunchError
from cli_tuner.locks import Locks

HOLD = """
import subprocess, sys, time
from pathlib import Path
from cli_tuner.locks import Locks
locks = Locks()
locks.take(Path(sys.argv[1]), "output", {"run_id": "first"})
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"], pass_fds=locks.descriptors)
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "lock"


def test_the_second_is_refused_with_the_run_and_process_of_the_first(lock: Path) -> None:
    with Locks() as first, Locks() as second:
        first.take(lock, "output_dir mine", {"run_id": "run-1"})
        with pytest.raises(LaunchError, match=rf"output_dir mine: run-1 is using it \(process {os.getpid()}\)"):
            second.take(lock, "output_dir mine", {})


def test_what_is_given_back_can_be_taken_and_leaves_no_file(lock: Path) -> None:
    for _ in range(2):
        with Locks() as locks:
            locks.take(lock, "it", {})
            locks.take(lock, "it", {})
    assert not lock.exists()


def test_the_holder_is_named_once_it_is_known(lock: Path) -> None:
    with Locks() as locks:
        locks.take(lock, "it", {})
        locks.name({"run_id": "run-2"})
        assert json.loads(lock.read_text()) == {"run_id": "run-2", "pid": os.getpid()}


def test_a_child_that_outlives_the_holder_holds_it_and_its_death_frees_it(lock: Path) -> None:
    supervisor = subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True)
    assert supervisor.stdout is not None
    child = int(supervisor.stdout.readline())
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    try:
        with Locks() as locks, pytest.raises(LaunchError, match="a process of first still trains"):
            locks.take(lock, "output", {}, wait_s=0.5)
    finally:
        os.kill(child, signal.SIGKILL)
    with Locks() as locks:
        locks.take(lock, "output", {}, wait_s=10)


def test_waiting_ends_when_the_orphan_does_and_leaves_it_free(lock: Path) -> None:
    with Locks() as locks:
        locks.wait_for(lock, "it")
        assert not lock.exists()
        lock.parent.mkdir()
        lock.write_text("")
        locks.wait_for(lock, "it")
        started = time.monotonic()
        with Locks() as other:
            other.take(lock, "it", {}, wait_s=0, inherited=False)
        assert time.monotonic() - started < 5


def test_a_holder_that_removed_the_file_while_we_waited_is_not_taken_for_free(lock: Path) -> None:
    with Locks() as ours:
        with Locks() as first:
            first.take(lock, "it", {})
        ours.take(lock, "it", {})
        assert lock.exists()
        with Locks() as third, pytest.raises(LaunchError):
            third.take(lock, "it", {}, wait_s=0)


ALONE = HOLD.replace('{"run_id": "first"})', '{"run_id": "first"}, inherited=False)')


def test_a_lock_of_the_process_alone_is_not_held_by_helpers_that_outlive_it(lock: Path) -> None:
    trainer = subprocess.Popen([sys.executable, "-c", ALONE, str(lock)], stdout=subprocess.PIPE, text=True)
    assert trainer.stdout is not None
    helper = int(trainer.stdout.readline())
    try:
        with Locks() as locks, pytest.raises(LaunchError, match="first is using it"):
            locks.wait_for(lock, "run first", wait_s=0.2)
        trainer.send_signal(signal.SIGKILL)
        trainer.wait()
        with Locks() as locks:
            locks.wait_for(lock, "run first", wait_s=5)
    finally:
        os.kill(helper, signal.SIGKILL)

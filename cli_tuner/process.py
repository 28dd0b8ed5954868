"""Child processes: one that answers at once, and one that is supervised for hours.

The law of the supervised child: its output goes to a file, never through us; it runs in a session of its
own, so that the terminal's Ctrl-C reaches it once, through us, at the process that can save.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from cli_tuner.errors import LaunchError

_POLL_S = 0.2


def answer(argv: Sequence[str], *, timeout_s: float = 10.0, cwd: Path | None = None) -> str | None:
    """Run a short program and return its stdout, or None when it is missing, fails or takes too long."""
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout_s, cwd=cwd, check=False)
        if done.returncode == 0:
            return done.stdout
    return None


class Interrupts:
    """Counts SIGINT and SIGTERM while a child is supervised, instead of dying of them."""

    def __init__(self) -> None:
        self.count = 0
        self.last = 0

    def note(self, number: int, _: FrameType | None) -> None:
        """Signal handler: remember, do nothing else."""
        self.count += 1
        self.last = number


@contextmanager
def interrupts_held() -> Iterator[Interrupts]:
    """Hold SIGINT and SIGTERM back inside the block; the caller reads how many came."""
    held = Interrupts()
    earlier = {number: signal.signal(number, held.note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield held
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def supervise(
    argv: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str],
    tick: Callable[[], None],
    saver_pid: Callable[[], int | None],
    grace_s: float = 60.0,
) -> tuple[int, bool]:
    """Run a child to its end, its stdout and stderr appended to `log`.

    On the first SIGINT or SIGTERM the process that `saver_pid` names gets SIGINT, so that it can save; when
    it names none yet, or after a second signal or `grace_s` seconds, the whole group is killed.

    Args:
        argv: Program and arguments.
        log: File that receives everything the child prints.
        env: The child's whole environment.
        tick: Called about five times a second, for progress.
        saver_pid: The process id that saves on SIGINT, once known.
        grace_s: Seconds that saving may take.

    Returns:
        The exit status (negative: died of that signal) and whether we were interrupted.

    Raises:
        LaunchError: The program cannot be started or the log cannot be written.
    """
    with interrupts_held() as held:
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("ab") as sink:
                child = subprocess.Popen(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=sink,
                    stderr=subprocess.STDOUT,
                    env=dict(env),
                    start_new_session=True,
                )
        except OSError as error:
            raise LaunchError(f"{argv[0]}: cannot be started: {error}", hint="run `make setup`") from error
        try:
            return _watch(child, held, tick, saver_pid, grace_s), held.count > 0
        finally:
            _kill_group(child)


def _watch(
    child: subprocess.Popen[bytes],
    held: Interrupts,
    tick: Callable[[], None],
    saver_pid: Callable[[], int | None],
    grace_s: float,
) -> int:
    answered, deadline = 0, float("inf")
    while True:
        try:
            return child.wait(timeout=_POLL_S)
        except subprocess.TimeoutExpired:
            tick()
        if held.count > answered:
            answered = held.count
            saver = saver_pid()
            if answered == 1 and saver is not None and _signal(saver, signal.SIGINT):
                deadline = time.monotonic() + grace_s
            else:
                deadline = time.monotonic()
        if time.monotonic() >= deadline:
            _kill_group(child)


def _signal(pid: int, number: int) -> bool:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
        return True
    return False


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()

"""Child processes: one that answers at once, and one that is supervised for hours.

The law of the supervised child: its output goes to a file, never through us; it runs in a session of its
own, so that the terminal's Ctrl-C reaches it once, through us, at the process that can save; and it never
outlives us by accident, neither a closed terminal nor a progress display that fails leaves it behind.
"""

from __future__ import annotations

import ctypes
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
# `timeout` and job schedulers signal the process and then its whole group: one wish that arrives twice.
_ONE_WISH_S = 0.5


def answer(argv: Sequence[str], *, timeout_s: float = 10.0, cwd: Path | None = None) -> str | None:
    """Run a short program and return its stdout, or None when it is missing, fails or takes too long."""
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s, cwd=cwd, check=False
        )
        if done.returncode == 0:
            return done.stdout.decode("utf-8", "replace")
    return None


def feed(argv: Sequence[str], text: str, *, timeout_s: float) -> str:
    """Run a program to its end with `text` on stdin; return what went wrong, empty where nothing did."""
    try:
        done = subprocess.run(
            argv,
            input=text.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{argv[0]} took longer than {timeout_s:.0f} s"
    except (OSError, ValueError) as error:
        return f"{argv[0]} cannot be started: {error}"
    return f"{argv[0]} exited {done.returncode}" if done.returncode else ""


def release_memory() -> None:
    """Give memory that is free back to the system (glibc's `malloc_trim`; elsewhere the system takes it)."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


class Interrupts:
    """Counts the wishes to stop while a child is supervised, instead of dying of them.

    Signals within half a second of the first are one wish.
    """

    def __init__(self) -> None:
        self.count = 0
        self._last_s = float("-inf")

    def note(self, _: int, __: FrameType | None) -> None:
        """Signal handler: remember, do nothing else."""
        if time.monotonic() - self._last_s >= _ONE_WISH_S:
            self.count += 1
            self._last_s = time.monotonic()


@contextmanager
def interrupts_held() -> Iterator[Interrupts]:
    """Hold SIGINT, SIGTERM and SIGHUP back inside the block; the caller reads how many came.

    A SIGHUP that is ignored stays ignored: that is what `nohup` asks for.
    """
    held = Interrupts()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    earlier = {number: signal.signal(number, held.note) for number in numbers}
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
    hung: Callable[[], bool] = lambda: False,
    grace_s: float = 60.0,
    inherited: Sequence[int] = (),
) -> tuple[int, bool]:
    """Run a child to its end, its stdout and stderr appended to `log`.

    On the first SIGINT, SIGTERM or SIGHUP the process that `saver_pid` names gets SIGINT, so that it can save;
    when it names none that descends from the child, or after a second signal or `grace_s` seconds, the child and
    all that descends from it are killed.

    Args:
        argv: Program and arguments.
        log: File that receives everything the child prints.
        env: The child's whole environment.
        tick: Called about five times a second, for progress.
        saver_pid: The process id that saves on SIGINT, once known.
        hung: Says that nothing moves any more; everything is then killed.
        grace_s: Seconds that saving may take.
        inherited: Open files that the child keeps, such as locks.

    Returns:
        The exit status (negative: died of that signal) and whether we were interrupted.

    Raises:
        LaunchError: The program cannot be started or the log cannot be written.
    """
    with interrupts_held() as held:
        child = _start(argv, log, env, inherited)
        try:
            return _watch(child, held, tick, saver_pid, hung, grace_s), held.count > 0
        finally:
            _kill_all(child)


def _start(argv: Sequence[str], log: Path, env: Mapping[str, str], inherited: Sequence[int]) -> subprocess.Popen[bytes]:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        sink = log.open("ab")
    except OSError as error:
        raise LaunchError(f"{log}: cannot be written: {error.strerror or error}") from error
    with sink:
        try:
            return subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env=dict(env),
                start_new_session=True,
                pass_fds=inherited,
            )
        except OSError as error:
            raise LaunchError(f"{argv[0]}: cannot be started: {error}", hint="run `make setup`") from error


def _watch(
    child: subprocess.Popen[bytes],
    held: Interrupts,
    tick: Callable[[], None],
    saver_pid: Callable[[], int | None],
    hung: Callable[[], bool],
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
            if answered == 1 and saver is not None and _ask_to_save(saver, child):
                deadline = time.monotonic() + grace_s
            else:
                deadline = time.monotonic()
        if time.monotonic() >= deadline or hung():
            _kill_all(child)


def _ask_to_save(pid: int, child: subprocess.Popen[bytes]) -> bool:
    """Send SIGINT to `pid` if it belongs to the child: a number from a file may be anyone's by now."""
    with suppress(ProcessLookupError, PermissionError):
        if _is_below(pid, child.pid):
            os.kill(pid, signal.SIGINT)
            return True
    return False


def _kill_all(child: subprocess.Popen[bytes]) -> None:
    """Kill the child's group, and what descends from it elsewhere: torchrun gives each worker its own session."""
    below = _below(child.pid) if child.poll() is None else []
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    for pid in below:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    child.wait()


def _below(ancestor: int) -> list[int]:
    pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if pid != ancestor and _is_below(pid, ancestor)]


def _is_below(pid: int, ancestor: int) -> bool:
    if not Path("/proc/self/stat").exists():  # not Linux
        return pid > 0 and os.getsid(pid) == ancestor
    while pid > 1 and pid != ancestor:
        pid = _parent(pid)
    return pid == ancestor


def _parent(pid: int) -> int:
    """Return the parent's process id, 0 when the process has gone (`man 5 proc_pid_stat`)."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0

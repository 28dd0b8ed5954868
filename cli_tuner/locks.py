"""Locks on a run and on an output, that die with the last process which holds them.

A lock is the kernel's (`flock`) on a file that also says who holds it. A child that inherits its descriptor holds it
too, so that a supervisor which was killed leaves no output free under a training that still lives; nothing is ever
broken by age or by guess. Sources: https://man7.org/linux/man-pages/man2/flock.2.html and, for a lock that only the
process itself holds, https://man7.org/linux/man-pages/man2/fcntl_locking.2.html
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from cli_tuner.errors import CliTunerError, LaunchError

_POLL_S = 0.2


class Locks:
    """The locks that this process holds; a context manager that gives them back."""

    def __init__(self) -> None:
        self._held: dict[Path, IO[str]] = {}

    def __enter__(self) -> Locks:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for path, handle in self._held.items():
            with suppress(OSError):
                path.unlink()  # while it is ours: whoever waits for it sees that it is no longer the file of that name
            handle.close()
        self._held = {}

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The open files that a child must inherit to hold the locks too."""
        return tuple(handle.fileno() for handle in self._held.values())

    def take(
        self, path: Path, what: str, facts: Mapping[str, Any], *, wait_s: float = 60.0, inherited: bool = True
    ) -> None:
        """Take the lock `path`.

        Args:
            path: The lock's file; made where it is missing, removed by its last holder.
            what: What is locked, for the error.
            facts: Who holds it: `run_id`, if known. Our process id is added.
            wait_s: How long to wait for a training whose supervisor is gone, as it ends by itself.
            inherited: Whether children that inherit the open file hold it too; else it is this process's alone, and
                helpers that outlive it do not matter.

        Raises:
            LaunchError: Someone else holds it.
            CliTunerError: The file cannot be written.
        """
        if path in self._held:
            return
        deadline = time.monotonic() + wait_s
        while (handle := _locked(path, fcntl.flock if inherited else fcntl.lockf)) is None:
            holder = _holder(path)
            if time.monotonic() >= deadline or _alive(holder.get("pid")):
                raise _taken(what, holder)
            time.sleep(_POLL_S)
        self._held[path] = handle
        _say(handle, facts)

    def wait_for(self, path: Path, what: str, *, wait_s: float = 60.0) -> None:
        """Wait until no process holds the lock `path`, which was taken with `inherited=False`, and leave it free.

        Raises:
            LaunchError: Someone still holds it.
        """
        if path.exists():
            self.take(path, what, {}, wait_s=wait_s, inherited=False)
            self._held.pop(path).close()

    def name(self, facts: Mapping[str, Any]) -> None:
        """Say in every lock who holds it, once that is known."""
        for handle in self._held.values():
            _say(handle, facts)


def _opened(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+", encoding="utf-8")
    except OSError as error:
        raise CliTunerError(
            f"{path}: cannot be written: {error.strerror or error}", hint="choose a folder that you may write to"
        ) from error


def _locked(path: Path, lock: Callable[[IO[str], int], None]) -> IO[str] | None:
    """Return the open lock, or None while someone else holds it."""
    handle = _opened(path)
    try:
        lock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_named(handle, path):
            return handle
    except (BlockingIOError, PermissionError):  # POSIX allows either for a lock that is held
        pass
    except OSError as error:
        handle.close()
        raise CliTunerError(
            f"{path}: this file system keeps no locks: {error.strerror or error}",
            hint="keep runs and outputs on a file system that has flock",
        ) from error
    handle.close()
    return None


def _is_named(handle: IO[str], path: Path) -> bool:
    """Tell whether the open file still is the one of that name, not one that its holder removed."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    return False


def _say(handle: IO[str], facts: Mapping[str, Any]) -> None:
    handle.truncate(0)
    handle.write(json.dumps({**facts, "pid": os.getpid()}))
    handle.flush()


def _holder(path: Path) -> dict[str, object]:
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    return {}


def _alive(pid: Any) -> bool:
    if not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _taken(what: str, holder: Mapping[str, Any]) -> LaunchError:
    run, pid = holder.get("run_id") or "another run", holder.get("pid")
    if _alive(pid):
        return LaunchError(
            f"{what}: {run} is using it (process {pid})", hint=f"wait until it ends, or stop it: kill {pid}"
        )
    return LaunchError(
        f"{what}: a process of {run} still trains, though its supervisor {pid} is gone",
        hint="it ends after its step; look for `axolotl.cli.train` in the process list if it does not",
    )

"""What an environment is: where it was made, by which Python, from which lock; and whether that still holds.

The stamp is written last. An environment without one, or one that lacks a locked distribution, is incomplete: the
next installation goes on from there. One that was moved, or whose Python is another by now, is refused, because its
programs would start the wrong interpreter or none.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from cli_tuner.errors import PrerequisiteError
from cli_tuner.files import write_text

NAME = ".installed"


@dataclass(frozen=True)
class Stamp:
    """One finished installation.

    Attributes:
        path: The environment's folder when it was made, absolute.
        python: `major.minor` of its interpreter.
        locks: SHA-256 over everything that decided what was installed.
        full: Whether all that Axolotl declares was asked for.
    """

    path: str
    python: str
    locks: str
    full: bool

    def write(self, folder: Path) -> None:
        """Write it into the environment; the last step of an installation."""
        write_text(folder / NAME, json.dumps(asdict(self)) + "\n")


def read(folder: Path) -> Stamp | None:
    """Return the stamp of an environment; None where there is none that can be read."""
    try:
        return Stamp(**json.loads((folder / NAME).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def digest(files: Iterable[Path]) -> str:
    """Return one SHA-256 over the bytes of several files, in order."""
    total = hashlib.sha256()
    for path in files:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def check_same_place(stamp: Stamp, folder: Path) -> None:
    """Refuse an environment that was moved or whose interpreter is another one.

    Raises:
        PrerequisiteError: It was made elsewhere, its interpreter does not start, or has another version.
    """
    again = f"rm -r {folder.name} && make setup"
    if stamp.path != str(folder.resolve()):
        raise PrerequisiteError(f"{folder} was made as {stamp.path} and moved here", hint=again)
    here = interpreter_version(folder)
    if here != stamp.python:
        what = f"is now Python {here}" if here else "no longer starts"
        raise PrerequisiteError(f"{folder} was made by Python {stamp.python}, which {what}", hint=again)


def interpreter_version(folder: Path) -> str | None:
    """Return `major.minor` of the environment's interpreter; None where it does not start."""
    argv = [str(folder / "bin" / "python"), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def installed(folder: Path) -> dict[str, str]:
    """Return the version of each distribution in an environment, by normalised name; nothing is imported."""
    found = {}
    for path in folder.glob("lib/python3.*/site-packages/*.dist-info"):
        name, _, version = path.name.removesuffix(".dist-info").rpartition("-")
        found[normalised(name)] = version
    return found


def pinned(lock: Path) -> dict[str, str]:
    """Return the versions that a lock pins for this machine's kind, by normalised name."""
    return {
        normalised(name): version
        for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock.read_text("utf-8"), re.MULTILINE)
    }


def normalised(name: str) -> str:
    """Return a distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()

"""An environment made anew with the very distributions that a training recorded, and nothing else.

Where their wheels come from is for pip and uv to know, by their own settings: an index, or a folder of wheels. This
package itself is copied from the running one; whether that is the recorded code is told by the verdict.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import cli_tuner
from cli_tuner.errors import LaunchError, PrerequisiteError, ProvenanceError
from cli_tuner.files import write_text
from cli_tuner.records.training import TrainingRecord

LOCK, FOLDER = "environment.txt", ".venv"
_OURS = "cli-tuner"
Say = Callable[[str], None]


def make_environment(record: TrainingRecord, into: Path, say: Say) -> Path:
    """Make an environment in a folder; return its Python.

    Args:
        record: Of the training.
        into: The folder; lock and log lie there too.
        say: Tells a person what goes on.

    Raises:
        ProvenanceError: The record does not name every distribution.
        PrerequisiteError: The recorded line of Python is not here.
        LaunchError: A distribution cannot be installed.
    """
    wanted = lock_of(record)
    lock, log, folder = into / LOCK, into / "environment.log", into / FOLDER
    write_text(lock, "".join(f"{name}=={version}\n" for name, version in wanted.items()))
    say(f"installing {len(wanted)} distributions as recorded into {folder} …")
    python, uv = folder / "bin" / "python", shutil.which("uv")
    line = ".".join(str(record.machine.get("python") or "").split(".")[:2])
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if uv:
        _run([uv, "venv", "--quiet", "--python", sys.executable if line == here else line, str(folder)], log)
        _run([uv, "pip", "install", "--python", str(python), "--no-deps", "-r", str(lock)], log)
    elif line == here:
        _run([sys.executable, "-m", "venv", str(folder)], log)
        _run([str(python), "-m", "pip", "install", "--no-deps", "-r", str(lock)], log)
    else:
        raise PrerequisiteError(
            f"it was trained with Python {line}, and this is {here}", hint="install uv, or run this by that Python"
        )
    _copy_ourselves(folder)
    return python


def lock_of(record: TrainingRecord) -> Mapping[str, str]:
    """Return every distribution of the training's environment and its version, less this package.

    Raises:
        ProvenanceError: They were not recorded.
    """
    if not record.distributions:
        raise ProvenanceError(
            "the record does not name every distribution that was installed: an earlier version wrote it",
            hint="leave --fresh out, or name an environment by --python",
        )
    return {name: version for name, version in sorted(record.distributions.items()) if name != _OURS}


def _copy_ourselves(folder: Path) -> None:
    (place,) = folder.glob("lib/python*/site-packages")
    source = Path(cli_tuner.__file__).parent
    shutil.copytree(source, place / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    try:
        known = Path(str(distribution(_OURS).locate_file("")), f"cli_tuner-{distribution(_OURS).version}.dist-info")
    except PackageNotFoundError:
        return
    if known.is_dir():  # how others find our version and Axolotl's plugin
        shutil.copytree(known, place / known.name)


def _run(argv: list[str], log: Path) -> None:
    with log.open("a", encoding="utf-8") as handle:
        done = subprocess.run(argv, stdout=handle, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
        raise LaunchError(
            f"the recorded environment cannot be made: {lines[-1] if lines else 'no reason given'}",
            hint=f"all of it is in {log}; where wheels come from is set as for pip and uv: UV_INDEX, UV_FIND_LINKS, "
            "PIP_FIND_LINKS",
        )

"""Where a run keeps what it makes: `models/runs/<run_id>/`.

    config.yaml       the complete Axolotl config that was trained, frozen
    run.json          what was asked: the plan, and how it ended
    status.json       what the training process itself says of its state (written by the plugin)
    metrics.jsonl     one line a logged step
    train.log         everything the child printed
    validation.json   the last `cli-tuner validate` of its checkpoint
    wandb/            the offline run, when there was no key

`models/runs/latest` is a link to the newest.
"""

from __future__ import annotations

import fcntl
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from cli_tuner.errors import CliTunerError, DataError
from cli_tuner.files import read_json

RUNS = Path("models/runs")


@dataclass(frozen=True, slots=True)
class RunDir:
    """The paths of one run."""

    path: Path

    @property
    def run_id(self) -> str:
        """Name of the run, unique in `models/runs`."""
        return self.path.name

    @property
    def config(self) -> Path:
        """The frozen Axolotl config."""
        return self.path / "config.yaml"

    @property
    def record(self) -> Path:
        """The plan and the outcome."""
        return self.path / "run.json"

    @property
    def status(self) -> Path:
        """What the training process says of itself."""
        return self.path / "status.json"

    @property
    def metrics(self) -> Path:
        """One JSON line a logged step."""
        return self.path / "metrics.jsonl"

    @property
    def log(self) -> Path:
        """Everything that the child printed."""
        return self.path / "train.log"

    @property
    def lock(self) -> Path:
        """Held by whoever trains this run."""
        return self.path / "lock"

    @property
    def trainer_lock(self) -> Path:
        """Held by the training process itself, which may outlive whoever started it."""
        return self.path / "trainer.lock"

    @property
    def validation(self) -> Path:
        """The last validation of this run's checkpoint."""
        return self.path / "validation.json"


def now() -> str:
    """Return the time in UTC, ISO 8601 to the second."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_run(phase: str, runs: Path = RUNS) -> RunDir:
    """Make the folder of a new run, named by time, phase and four random digits, and point `latest` at it.

    Raises:
        CliTunerError: The file system refused.
    """
    stamp = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S")
    run = RunDir(runs / f"{stamp}-{phase}-{secrets.token_hex(2)}")
    try:
        run.path.mkdir(parents=True)
    except OSError as error:
        raise CliTunerError(
            f"{run.path}: the run's folder cannot be made: {error.strerror or error}", hint="free some space"
        ) from error
    point_latest_at(run)
    return run


def point_latest_at(run: RunDir) -> None:
    """Make `latest` the link to a run.

    Raises:
        CliTunerError: The file system refused, or `latest` is no link.
    """
    runs = run.path.parent
    link = runs / f".latest-{secrets.token_hex(4)}"
    try:
        link.symlink_to(run.path.name, target_is_directory=True)
        link.replace(runs / "latest")
    except OSError as error:
        with suppress(OSError):
            link.unlink()
        raise CliTunerError(
            f"{run.path}: the run's folder cannot be made: {error.strerror or error}",
            hint=f"free some space, or look at what {runs / 'latest'} is: it should be a link",
        ) from error


def next_number(runs: Path = RUNS) -> int:
    """Count one training that starts, and return its number from 1: what is newest is never asked of a clock.

    Raises:
        CliTunerError: The file system refused.
    """
    try:
        with (runs / ".counter").open("a+", encoding="utf-8") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            handle.seek(0)
            text = handle.read()
            number = int(text) + 1 if text.strip().isdigit() else 1
            handle.truncate(0)
            handle.write(str(number))
            return number
    except OSError as error:
        raise CliTunerError(f"{runs / '.counter'}: cannot be written: {error.strerror or error}") from error


def output_lock(output_dir: Path) -> Path:
    """Return the lock of an output folder; it lies beside it, as a training replaces the folder itself."""
    return output_dir.with_name(f".{output_dir.name}.lock")


def run_of(checkpoint: Path) -> str:
    """Return the id of the run that made a checkpoint, by the checkpoint's own record.

    Raises:
        DataError: The checkpoint has no record, or it names no run.
    """
    record = read_json(checkpoint / "provenance.json") if (checkpoint / "provenance.json").is_file() else None
    run_id = record.get("run_id") if isinstance(record, dict) else None
    if not isinstance(run_id, str) or not run_id:
        raise DataError(
            f"{checkpoint}: no record says which run made it", hint="`cli-tuner runs list`, then --run RUN_ID"
        )
    return run_id


def find_run(name: str = "latest", runs: Path = RUNS) -> RunDir:
    """Return an existing run by id, or the newest for `latest`.

    Raises:
        DataError: There is no such run.
    """
    path = runs / name
    if name in ("", "..") or Path(name).name != name or not path.is_dir():
        raise DataError(f"{path}: no such run", hint="`cli-tuner runs list` shows the runs; `make smoke` makes one")
    return RunDir(path.resolve().relative_to(Path.cwd()) if path.resolve().is_relative_to(Path.cwd()) else path)

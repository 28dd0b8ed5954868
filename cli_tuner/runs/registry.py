"""Reads what earlier runs left behind, for people and for later phases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cli_tuner.errors import DataError
from cli_tuner.files import read_json
from cli_tuner.runs.layout import RUNS, RunDir


def runs(folder: Path = RUNS) -> list[RunDir]:
    """Return all runs, in the order in which they were last started; those without a number come first, by name."""
    found = [RunDir(path) for path in folder.glob("*") if path.is_dir() and not path.is_symlink()]
    return sorted(found, key=lambda run: (_number(run), run.run_id))


def _number(run: RunDir) -> int:
    number = (_read(run.record) or {}).get("number")
    return number if isinstance(number, int) else 0


def summary(run: RunDir) -> dict[str, Any]:
    """Gather what is known of a run: outcome, training record, validation and where everything lies.

    A file that is missing or torn is None, so that a broken run can still be looked at.
    """
    record = _read(run.record)
    named = (record or {}).get("output_dir")
    output = Path(named) if isinstance(named, str) else None
    trained = _read(output / "provenance.json") if output else None
    current = trained if trained and trained.get("run_id") == run.run_id else None
    offline = sorted(str(path) for path in run.path.glob("wandb/offline-run-*"))
    return {
        "run_id": run.run_id,
        "run_dir": str(run.path),
        "state": _state(record or {}),
        "checkpoint_dir": str(output) if current else (record or {}).get("staging"),
        "provenance": current,
        "validation": _read(run.validation),
        "wandb_offline": offline,
    }


def _state(record: dict[str, Any]) -> Any:
    """Return the recorded state; a run whose supervisor has gone without a word has crashed."""
    pid = record.get("supervisor_pid")
    if record.get("state") == "running" and isinstance(pid, int) and not Path(f"/proc/{pid}").exists():
        return "crashed" if Path("/proc/self").exists() else "running"
    return record.get("state")


def _read(path: Path) -> dict[str, Any] | None:
    try:
        loaded = read_json(path)
    except DataError:
        return None
    return loaded if isinstance(loaded, dict) else None

"""Reads what earlier runs left behind, for people and for later phases."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from cli_tuner.errors import DataError
from cli_tuner.files import read_json
from cli_tuner.runs.layout import RUNS, RunDir


def runs(folder: Path = RUNS) -> list[RunDir]:
    """Return all runs, in the order in which they were last started; those without a number come first, by name."""
    found = [
        RunDir(path) for path in folder.glob("*") if path.is_dir() and not path.is_symlink() and path.name[0] != "."
    ]
    return sorted(found, key=lambda run: (_number(run), run.run_id))


def _number(run: RunDir) -> int:
    number = (_read(run.record) or {}).get("number")
    return number if isinstance(number, int) else 0


class Summary(TypedDict):
    """What is known of a run; its records as they were read, None where there is none or it is damaged."""

    run_id: str
    run_dir: str
    state: str | None
    fault: str | None
    checkpoint_dir: str | None
    provenance: dict[str, object] | None
    validation: dict[str, object] | None
    wandb_offline: list[str]


def summary(run: RunDir) -> Summary:
    """Gather what is known of a run: outcome, training record, validation and where everything lies.

    A file that is missing or incomplete is None, so that a broken run can still be looked at.
    """
    record = _read(run.record) or {}
    trained = _read(run.path / "provenance.json")
    where = weights_of(run, record, {})
    if where is not None and trained is None:
        trained = _own(run, where)
    superseded = record.get("state") == "succeeded" and where != record.get("output_dir")
    offline = sorted(str(path) for path in run.path.glob("wandb/offline-run-*"))
    return {
        "run_id": run.run_id,
        "run_dir": str(run.path),
        "state": "superseded" if superseded else state_of(record),
        "fault": str(record["fault"]) if record.get("fault") else None,
        "checkpoint_dir": where,
        "provenance": trained,
        "validation": _read(run.validation),
        "wandb_offline": offline,
    }


def weights_of(run: RunDir, record: Mapping[str, Any], owners: dict[str, object]) -> str | None:
    """Return where this run's weights are: its output, the `.previous` of it, or what it saved before it ended.

    Args:
        run: The run.
        record: Its `run.json`.
        owners: Whose each output folder is, as far as it was read; filled here.
    """
    output, staging = record.get("output_dir"), record.get("staging")
    if isinstance(output, str):
        for folder in (output, f"{output}.previous"):
            if folder not in owners:
                owners[folder] = (_read(Path(folder) / "provenance.json") or {}).get("run_id")
            if owners[folder] == run.run_id:
                return folder
    return staging if isinstance(staging, str) and Path(staging).is_dir() else None


def _own(run: RunDir, folder: str) -> dict[str, object] | None:
    found = _read(Path(folder) / "provenance.json")
    return found if found and found.get("run_id") == run.run_id else None


def current_state(run: RunDir) -> str | None:
    """Return how a run is or ended; None where nothing is recorded of it yet."""
    state = state_of(_read(run.record) or {})
    return None if state is None else str(state)


def state_of(record: Mapping[str, Any]) -> Any:
    """Return the recorded state; a run whose supervisor has gone silently has crashed."""
    pid = record.get("supervisor_pid")
    if record.get("state") == "running" and isinstance(pid, int) and not Path(f"/proc/{pid}").exists():
        return "crashed" if Path("/proc/self").exists() else "running"
    return record.get("state")


def _read(path: Path) -> dict[str, object] | None:
    try:
        loaded = read_json(path)
    except DataError:
        return None
    return loaded if isinstance(loaded, dict) else None

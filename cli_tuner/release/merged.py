"""A merged model's folder: how it is told from an adapter, and whether it is still what its record says."""

from __future__ import annotations

from pathlib import Path

from cli_tuner.errors import CheckpointError, DataError
from cli_tuner.provenance.manifest import RECORD_NAME, changed
from cli_tuner.records.merge import MergeRecord


def is_model(folder: Path) -> bool:
    """Tell whether `folder` holds a whole model rather than an adapter."""
    return (folder / "config.json").is_file() and not (folder / "adapter_config.json").is_file()


def merge_record(folder: Path) -> MergeRecord | None:
    """Return the record that `cli-tuner merge` wrote into `folder`; None where there is none.

    Raises:
        CheckpointError: The record is damaged.
    """
    if not (folder / RECORD_NAME).is_file():
        return None
    try:
        return MergeRecord.read(folder / RECORD_NAME)
    except DataError as error:
        raise CheckpointError(error.message, hint="merge again") from error


def require_recorded(folder: Path) -> MergeRecord | None:
    """Return the record of a merged model after comparing every file with it; None without a record.

    Raises:
        CheckpointError: A file is missing or is not what was recorded, or one was added that decides the answers.
    """
    record = merge_record(folder)
    if record is None:
        return None
    wrong = changed(folder, record.subjects)
    weights = {path.name for path in folder.glob("*.safetensors")}
    added = sorted(weights - record.subjects.keys())
    if wrong or added:
        raise CheckpointError(
            f"{folder}: not the bytes that the merge recorded: {', '.join([*wrong, *added])}",
            hint="something changed them after the merge; merge again",
        )
    return record

"""What is to be reproduced: the record of a training, wherever it lies, and what else of it is at hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cli_tuner.errors import DataError, ProvenanceError
from cli_tuner.files import sha256_file
from cli_tuner.provenance.manifest import RECORD_NAME
from cli_tuner.records.data import DataRecord
from cli_tuner.records.training import TrainingRecord
from cli_tuner.runs.layout import RUNS, RunDir, find_run
from cli_tuner.runs.registry import summary

WEIGHTS = "adapter_model.safetensors"


@dataclass(frozen=True, slots=True)
class Original:
    """A training that was recorded.

    Attributes:
        record: Its record.
        data: The record of its rows, by the digest that the training names; None where it is not at hand.
        data_place: Where the training found that record, relative to its working folder.
        metrics: Its metrics stream; None where it is not at hand.
        weights: Its adapter; None where it is not at hand.
    """

    record: TrainingRecord
    data: DataRecord | None
    data_place: Path | None
    metrics: Path | None
    weights: Path | None


def open_original(what: str) -> Original:
    """Find a training by run id, or by the folder of its run, adapter or release.

    Raises:
        DataError: There is no such run or folder.
        ProvenanceError: It has no record of a training, or one too old to go by.
    """
    folder = Path(what) if Path(what).is_dir() else find_run(what, RUNS).path
    path = folder / RECORD_NAME
    try:
        record = TrainingRecord.read(path)
    except DataError as error:
        raise ProvenanceError(error.message, hint="name a run, an adapter or its release") from error
    if not record.config.text:
        raise ProvenanceError(f"{path}: does not hold the config that was trained", hint="train again to record it")
    named = next(iter((record.materials.data_provenance or {}).items()), None)
    found = _data_record(folder, *named) if named else None
    weights = _first(folder / WEIGHTS, *_outputs(folder), digest=record.subjects.get(WEIGHTS))
    metrics = folder / "metrics.jsonl"
    return Original(
        record,
        DataRecord.read(found) if found else None,
        Path(named[0]) if named else None,
        metrics if metrics.is_file() else None,
        weights,
    )


def _data_record(folder: Path, name: str, digest: str) -> Path | None:
    root = folder.resolve().parents[2] if len(folder.resolve().parents) > 2 else folder
    return _first(folder / "data_provenance.json", root / name, Path(name), digest=digest)


def _outputs(folder: Path) -> Iterator[Path]:
    """Yield where the weights of a run may lie: its output, seen from the checkout that the run is of."""
    if not (folder / "run.json").is_file() or len(folder.resolve().parents) < 3:
        return
    where = summary(RunDir(folder))["checkpoint_dir"]
    root = folder.resolve().parents[2]
    if where:
        yield Path(where) / WEIGHTS
    yield from sorted((root / "models/checkpoints").glob(f"*/{WEIGHTS}"))


def _first(*places: Path, digest: str | None) -> Path | None:
    """Return the first file that has the recorded bytes."""
    return next((path for path in places if digest and path.is_file() and sha256_file(path) == digest), None)

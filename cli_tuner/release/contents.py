"""What of a checkpoint or merged model is released, under which names, and what stays behind.

Released is what is listed here, nothing else: a file that nobody thought of is left behind and named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli_tuner.errors import CheckpointError
from cli_tuner.files import read_json, sha256_file
from cli_tuner.provenance.manifest import RECORD_NAME
from cli_tuner.runs.layout import RUNS

ADAPTER_FILES = (
    "adapter_model.safetensors", "adapter_config.json", "tokenizer.json", "tokenizer_config.json",
    "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "tokenizer.model",
    "chat_template.jinja", "generation_config.json", "config.json",
)  # fmt: skip
DATA_CARD, DATA_RECORD = "DATASET_CARD.md", "data_provenance.json"
_RUN_FILES = {
    "config.yaml": "training_config.yaml",
    "validation.json": "validation.json",
    "evaluation.json": "evaluation.json",
}


@dataclass(slots=True)
class Contents:
    """A release before it is written.

    Attributes:
        folder: The checkpoint or merged model.
        files: Name in the release to file on this machine.
        record: The training's or the merge's record.
        is_merged: Whether it is a whole model.
        run: The run's folder; None where it is not on this machine.
        left_behind: Names in `folder` that are not released.
        remarks: What a reader of the release will miss.
        card: The run's model card, rendered from its records; empty where the run is not on this machine.
    """

    folder: Path
    files: dict[str, Path]
    record: Mapping[str, Any]
    is_merged: bool
    run: Path | None
    left_behind: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    card: str = ""

    @property
    def run_id(self) -> str | None:
        """The training run that it came from."""
        return self.record.get("run_id")


def gather(folder: Path, record: Mapping[str, Any], *, is_merged: bool, training: Mapping[str, Any] | None) -> Contents:
    """List what is released.

    Args:
        folder: A checkpoint or merged model whose weights were checked against `record`.
        record: Its own record.
        is_merged: Whether it is a whole model.
        training: The training's record; for an adapter the same as `record`.

    Raises:
        CheckpointError: A recorded file is not what was recorded, or the data record is gone.
    """
    names = record["subjects"] if is_merged else [name for name in ADAPTER_FILES if (folder / name).is_file()]
    files = {name: folder / name for name in (*names, RECORD_NAME)}
    files.pop("README.md", None)  # the card takes its place
    found = Contents(folder, files, record, is_merged, _run(record.get("run_id")))
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    found.left_behind = sorted(present - files.keys())
    _require_recorded(found)
    if found.run:
        files |= {to: found.run / name for name, to in _RUN_FILES.items() if (found.run / name).is_file()}
    _add_data(found, training or {})
    return found


def _run(run_id: Any) -> Path | None:
    path = RUNS / run_id if isinstance(run_id, str) and run_id else None
    return path if path and path.is_dir() else None


def _require_recorded(found: Contents) -> None:
    """Compare every released file of the folder with its record, not only the weights."""
    subjects: Mapping[str, str] = found.record["subjects"]
    wrong = [
        name
        for name, path in found.files.items()
        if name != RECORD_NAME and (not path.is_file() or subjects.get(name) != sha256_file(path))
    ]
    if wrong:
        raise CheckpointError(
            f"{found.folder}: the record does not verify: {', '.join(sorted(wrong))}",
            hint="someone or something changed them; restore the original files, or train again",
        )


def _add_data(found: Contents, training: Mapping[str, Any]) -> None:
    """Add the record and the card of the data, if the training named them."""
    named = (training.get("materials") or {}).get("data_provenance") or {}
    if not named:
        found.remarks.append("the training names no data record: the release says nothing of its data")
    for name, digest in named.items():
        path = Path(name)
        if not path.is_file() or sha256_file(path) != digest:
            raise CheckpointError(
                f"{name}: is not the data record that the training names",
                hint="the data were prepared again; put the record of that time back, or train on the new data",
            )
        found.files[DATA_RECORD] = path
        card = path.with_name(DATA_CARD)
        recorded = (read_json(path).get("outputs") or {}).get(DATA_CARD)
        if not card.is_file() or (recorded and sha256_file(card) != recorded):
            raise CheckpointError(f"{card}: is missing or was changed", hint="`cli-tuner prepare` writes it")
        found.files[DATA_CARD] = card

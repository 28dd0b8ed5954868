"""JSON Schemas of all records, for readers that are not this program: `python -m cli_tuner.records.schemas FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from cli_tuner.files import dump_json, write_text
from cli_tuner.records.base import Record
from cli_tuner.records.checks import ShipRecord, ValidationRecord
from cli_tuner.records.data import DataRecord
from cli_tuner.records.evaluation import EvaluationRecord
from cli_tuner.records.merge import ExportRecord, MergeRecord
from cli_tuner.records.notes import NotesRecord
from cli_tuner.records.run import RunRecord, StatusRecord
from cli_tuner.records.training import TrainingRecord

ALL: tuple[type[Record], ...] = (
    RunRecord, StatusRecord, TrainingRecord, DataRecord, ValidationRecord, EvaluationRecord, MergeRecord,
    ExportRecord,
    NotesRecord,
    ShipRecord,
)  # fmt: skip


def schemas() -> dict[str, str]:
    """Return the JSON Schema (draft 2020-12) of each record, by file name."""
    return {
        f"{record.KIND}-{record.VERSION}.json": dump_json(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **record.model_json_schema(by_alias=True)}
        )
        for record in ALL
    }


if __name__ == "__main__":
    for name, text in schemas().items():
        write_text(Path(sys.argv[1]) / name, text)

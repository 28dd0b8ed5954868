"""What people say of a run (`notes.json`)."""

from __future__ import annotations

from cli_tuner.records.base import Record


class NotesRecord(Record):
    """Tags and a note."""

    KIND = "notes"
    VERSION = 1
    TITLE = "a record of notes"

    tags: list[str] = []
    note: str = ""

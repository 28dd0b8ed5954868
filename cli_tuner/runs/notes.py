"""What people say of a run: tags and a note, in `notes.json` of its folder."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cli_tuner.errors import DataError
from cli_tuner.records.notes import NotesRecord
from cli_tuner.runs.layout import RunDir

NOTES = "notes.json"
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")


def notes_of(run: RunDir) -> NotesRecord:
    """Return tags and note; empty where there are none or they cannot be read."""
    return NotesRecord.find(run.path / NOTES) or NotesRecord()


def tag(run: RunDir, add: Iterable[str], remove: Iterable[str]) -> NotesRecord:
    """Add and remove tags; return what is there now.

    Raises:
        DataError: A tag is not a plain word.
    """
    added = list(add)
    wrong = next((one for one in added if not _TAG.fullmatch(one)), None)
    if wrong is not None:
        raise DataError(
            f"{wrong!r}: is no tag", hint="letters, digits and . _ / -, at most 64, such as release/2026-01"
        )
    known = notes_of(run)
    tags = sorted({*known.tags, *added} - set(remove))
    return _written(run, NotesRecord(tags=tags, note=known.note))


def note(run: RunDir, text: str) -> NotesRecord:
    """Replace the note of a run; an empty text removes it."""
    return _written(run, NotesRecord(tags=notes_of(run).tags, note=text.strip()))


def _written(run: RunDir, record: NotesRecord) -> NotesRecord:
    record.write(run.path / NOTES)
    return record

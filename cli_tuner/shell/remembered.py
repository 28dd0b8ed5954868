"""Answers of earlier runs on disk, by text: what was dear to find out once is looked up the next time.

Safe for several processes at a time; a file that is damaged is forgotten, not trusted. Nothing here expires:
the salt names everything that an answer depends on besides the text, so an old answer is never asked for.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path

_ASKED_AT_ONCE = 500


class Remembered:
    """Text to answer, for one salt.

    Args:
        path: SQLite file; made where missing.
        salt: What answers depend on besides the text: versions, options.
    """

    def __init__(self, path: Path, salt: str) -> None:
        self._salt = salt
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._open(path)
        except sqlite3.DatabaseError:
            path.unlink(missing_ok=True)
            self._open(path)

    def _open(self, path: Path) -> None:
        self._db = sqlite3.connect(path, timeout=60.0)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("CREATE TABLE IF NOT EXISTS answer (key BLOB PRIMARY KEY, text TEXT) WITHOUT ROWID")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def get(self, texts: Iterable[str]) -> dict[str, str]:
        """Return the known answers among `texts`."""
        keys = {self._key(text): text for text in texts}
        found: dict[str, str] = {}
        wanted = list(keys)
        for start in range(0, len(wanted), _ASKED_AT_ONCE):
            part = wanted[start : start + _ASKED_AT_ONCE]
            marks = ",".join("?" * len(part))
            query = f"SELECT key, text FROM answer WHERE key IN ({marks})"  # noqa: S608 -- only question marks
            found.update((keys[key], answer) for key, answer in self._db.execute(query, part))
        return found

    def put(self, answers: Iterable[tuple[str, str]]) -> None:
        """Remember answers."""
        rows = [(self._key(text), answer) for text, answer in answers]
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO answer VALUES (?, ?)", rows)

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._salt}\0{text}".encode("utf-8", "surrogatepass")).digest()[:16]

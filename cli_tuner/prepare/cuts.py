"""Rows cut into what is compared: keys of what must be equal, sets of 5-grams of what may be near.

One pass over JSONL files in pieces, each a task for a worker; keys and sets lie on disk, and a view at a time is put
together in one file. Used for the rows that passed their filters, for benchmarks, and for the proof.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from cli_tuner.errors import DataError
from cli_tuner.files import write_jsonl
from cli_tuner.prepare.keys import COMMAND_FORMS, INSTRUCTION_FORMS, VIEWS, Texts, texts_of
from cli_tuner.prepare.shingles import CHUNK_ROWS, Hashes, Numbers, StoredSets, gram_sets, hash64

Range = tuple[Path, int, int]
"""Part of a JSONL file: path, first byte, number of rows."""
Piece = tuple[Range, ...]
"""What is cut in one go: at most `CHUNK_ROWS` rows."""


class Keys:
    """Hashes of rows and commands, on disk; a column at a time is read into memory.

    A command column holds the commands of all rows, in the order of the rows: a row's own comes before its
    references.

    Args:
        folder: Where `cut_piece` left the keys.
        n_pieces: How many pieces there are.
    """

    def __init__(self, folder: Path, n_pieces: int) -> None:
        self._files = [folder / f"{number:05d}.keys.npz" for number in range(n_pieces)]
        self._counts = self._column("counts").astype(np.uint32)

    def __len__(self) -> int:
        return len(self._counts)

    def exact(self) -> Hashes:
        """Of instruction and own command as they are, one a row."""
        return self._column("exact")

    def instruction(self, form: str) -> Hashes:
        """Of one of `INSTRUCTION_FORMS`, one a row."""
        return self._column(f"instruction.{form}")

    def command(self, form: str) -> Hashes:
        """Of one of `COMMAND_FORMS`, one a command."""
        return self._column(f"command.{form}")

    def own_command(self, form: str) -> Hashes:
        """Of one of `COMMAND_FORMS`, one a row."""
        ends = np.cumsum(self._counts, dtype=np.int64)
        keys: Hashes = self.command(form)[ends - self._counts]
        return keys

    def owners(self) -> Numbers:
        """Row of each command."""
        return np.repeat(np.arange(len(self)), self._counts)

    def _column(self, name: str) -> Hashes:
        parts = []
        for file in self._files:
            with np.load(file) as columns:
                parts.append(columns[name])
        column: Hashes = np.concatenate(parts)
        return column


def pieces_of_files(files: Iterable[tuple[Path, int]]) -> Iterator[Piece]:
    """Gather small files, each with its number of rows, into pieces."""
    held: list[Range] = []
    for path, rows in files:
        if held and sum(part[2] for part in held) + rows > CHUNK_ROWS:
            yield tuple(held)
            held = []
        held.append((path, 0, rows))
    if held:
        yield tuple(held)


def pieces_of_lines(path: Path) -> Iterator[Piece]:
    """Cut one file into pieces at line ends."""
    start = 0
    with path.open("rb") as handle:
        while sizes := [len(line) for line in islice(handle, CHUNK_ROWS)]:
            yield ((path, start, len(sizes)),)
            start += sum(sizes)


def cut_piece(folder: Path, number: int, piece: Piece) -> int:
    """Cut the rows of a piece into keys and sets of grams; write both; return the number of rows."""
    rows = list(_rows(piece))
    texts = [texts_of(row) for row in rows]
    np.savez(folder / f"{number:05d}.keys.npz", **_keys(rows, texts))
    for name, (kind, text) in VIEWS.items():
        sets = gram_sets([text(row) for row in texts], kind)
        np.save(folder / f"{number:05d}.{name}.sizes.npy", sets.sizes.astype(np.uint32))
        sets.grams.tofile(folder / f"{number:05d}.{name}.grams")
    return len(rows)


def _rows(piece: Piece) -> Iterator[Mapping[str, Any]]:
    for path, start, count in piece:
        with path.open("rb") as handle:
            handle.seek(start)
            for line in islice(handle, count):
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise DataError(f"{path}: not readable as JSONL: {error}", hint="make it again") from error


def _keys(rows: Sequence[Mapping[str, Any]], texts: Sequence[Texts]) -> dict[str, Any]:
    others = [[text for text in row["references"] if text != row["command"]] for row in rows]
    columns = {
        "exact": [hash64(f"{row['instruction']}\0{row['command']}") for row in rows],
        **{f"instruction.{form}": [hash64(own.instruction[form]) for own in texts] for form in INSTRUCTION_FORMS},
    }
    for name, form in COMMAND_FORMS.items():
        columns[f"command.{name}"] = [
            hash64(text)
            for own, further in zip(texts, others, strict=True)
            for text in (own.command[name], *map(form, further))
        ]
    keys = {name: np.array(hashes, dtype=np.uint64) for name, hashes in columns.items()}
    return {**keys, "counts": np.array([1 + len(further) for further in others], dtype=np.uint64)}


class Cuts:
    """The pieces that were cut into `folder`, as one."""

    def __init__(self, folder: Path, n_pieces: int) -> None:
        self.folder, self._n_pieces = folder, n_pieces

    def with_rows(self, rows: Sequence[Mapping[str, Any]]) -> Cuts:
        """Return these rows followed by others, which are cut here and now."""
        file = self.folder / "further.jsonl"
        write_jsonl(file, map(dict, rows))
        n_pieces = self._n_pieces
        for piece in pieces_of_lines(file):
            cut_piece(self.folder, n_pieces, piece)
            n_pieces += 1
        return Cuts(self.folder, n_pieces)

    def keys(self) -> Keys:
        """Open the keys of all rows."""
        return Keys(self.folder, self._n_pieces)

    @contextmanager
    def sets(self, view: str) -> Iterator[StoredSets]:
        """Put the sets of one view together, for as long as they are compared."""
        names = [f"{number:05d}.{view}" for number in range(self._n_pieces)]
        sizes = [np.load(self.folder / f"{name}.sizes.npy") for name in names]
        starts = np.concatenate([[0], np.cumsum(np.concatenate(sizes), dtype=np.int64)])
        with tempfile.TemporaryFile(dir=self.folder) as whole:
            for name in names:
                with (self.folder / f"{name}.grams").open("rb") as part:
                    shutil.copyfileobj(part, whole, 1 << 20)
            whole.flush()
            yield StoredSets(starts, whole)

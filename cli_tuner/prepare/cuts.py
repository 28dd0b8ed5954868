"""Rows cut into what is compared: keys of what must be equal, sets of 5-grams of what may be near.

One pass over JSONL files in pieces, each a task for a worker; the sets lie on disk, a view at a time is put
together and mapped into memory. Used for the rows that passed their filters, for benchmarks, and for the proof.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from cli_tuner.errors import DataError
from cli_tuner.files import write_jsonl
from cli_tuner.prepare.keys import CANONICAL, COMMAND_FORMS, VIEWS, Texts, texts_of
from cli_tuner.prepare.shingles import CHUNK_ROWS, GramSets, Hashes, Numbers, gram_sets, hash64, map_grams

Range = tuple[Path, int, int]
"""Part of a JSONL file: path, first byte, number of rows."""
Piece = tuple[Range, ...]
"""What is cut in one go: at most `CHUNK_ROWS` rows."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Hashes of rows and commands.

    Attributes:
        exact: Of instruction and command as they are, one a row.
        instructions: Of the forms of the instruction, shape (rows, forms).
        commands: Of the forms of every command, shape (commands, forms); a row's own comes before its references.
        owners: Row of each command.
        firsts: Place in `commands` of each row's own command.
    """

    exact: Hashes
    instructions: Hashes
    commands: Hashes
    owners: Numbers
    firsts: Numbers

    def __len__(self) -> int:
        return len(self.exact)

    @property
    def canonical(self) -> Hashes:
        """Of the canonical form of each row's own command."""
        keys: Hashes = self.commands[self.firsts, CANONICAL]
        return keys


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
    instructions = [[hash64(text) for text in row.instruction.values()] for row in texts]
    commands: list[list[int]] = []
    counts: list[int] = []
    for row, own in zip(rows, texts, strict=True):
        others = [text for text in row["references"] if text != row["command"]]
        commands.append([hash64(text) for text in own.command.values()])
        commands += [[hash64(form(text)) for form in COMMAND_FORMS.values()] for text in others]
        counts.append(1 + len(others))
    exact = [hash64(f"{row['instruction']}\0{row['command']}") for row in rows]
    return {
        "exact": np.array(exact, dtype=np.uint64),
        "instructions": np.array(instructions, dtype=np.uint64),
        "commands": np.array(commands, dtype=np.uint64),
        "counts": np.array(counts, dtype=np.int64),
    }


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
        """Load the keys of all rows."""
        parts = [dict(np.load(self.folder / f"{number:05d}.keys.npz")) for number in range(self._n_pieces)]
        joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        counts = joined.pop("counts")
        owners = np.repeat(np.arange(len(counts)), counts)
        return Keys(**joined, owners=owners, firsts=np.cumsum(counts) - counts)

    @contextmanager
    def sets(self, view: str) -> Iterator[GramSets]:
        """Put the sets of one view together, for as long as they are compared."""
        names = [f"{number:05d}.{view}" for number in range(self._n_pieces)]
        sizes = [np.load(self.folder / f"{name}.sizes.npy") for name in names]
        starts = np.concatenate([[0], np.cumsum(np.concatenate(sizes), dtype=np.int64)])
        handle, name = tempfile.mkstemp(dir=self.folder, suffix=".all")
        whole = Path(name)
        try:
            with open(handle, "wb") as target:  # noqa: PTH123 -- mkstemp gives a descriptor
                for part_name in names:
                    with (self.folder / f"{part_name}.grams").open("rb") as part:
                        shutil.copyfileobj(part, target, 1 << 20)
            yield GramSets(starts, map_grams(whole))
        finally:
            whole.unlink(missing_ok=True)

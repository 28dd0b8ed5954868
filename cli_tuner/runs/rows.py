"""The loss of every row at every step: `models/runs/<run_id>/rows-<rank>.bin`, 20 bytes a row.

A row is named by what it holds: the first 8 bytes of the BLAKE2b digest of its tokens and of which of them are trained.
So it keeps its name in packed, resumed and multi-process runs, and rows that are equal share one. A record is
little-endian: step (uint32), trained tokens (uint32, the highest bit set where a kernel hid the row's own loss and the
micro batch's mean stands in), row (uint64), mean loss over its trained tokens in nats (float32).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from cli_tuner.errors import CliTunerError

_RECORD = struct.Struct("<IIQf")
_SHARED = 1 << 31
RECORD_BYTES = _RECORD.size


@dataclass(frozen=True, slots=True)
class RowLoss:
    """What one row cost at one step.

    Attributes:
        step: The optimiser step, from 1.
        row: Name of the row.
        n_tokens: Its trained tokens.
        loss: Mean loss over them, in nats.
        shared: Whether `loss` is the micro batch's mean, as a fused kernel kept the row's own.
    """

    step: int
    row: int
    n_tokens: int
    loss: float
    shared: bool = False


def row_name(tokens: bytes, trained: bytes) -> int:
    """Name a row by its tokens and by which are trained, both as little-endian int32 arrays."""
    return int.from_bytes(blake2b(tokens + trained, digest_size=8).digest(), "little")


def file_of(folder: Path, rank: int) -> Path:
    """Return where one training process keeps its rows."""
    return folder / f"rows-{rank}.bin"


def append(path: Path, rows: Iterable[RowLoss]) -> None:
    """Append records; an incomplete one at the end, of a process that was killed, is cut off first.

    Raises:
        CliTunerError: The disk refused.
    """
    data = b"".join(
        _RECORD.pack(one.step, one.n_tokens | (_SHARED if one.shared else 0), one.row, one.loss) for one in rows
    )
    try:
        with path.open("ab") as handle:
            handle.truncate(handle.tell() // RECORD_BYTES * RECORD_BYTES)
            handle.write(data)
    except OSError as error:
        raise CliTunerError(f"{path}: cannot be written: {error.strerror or error}") from error


def read(folder: Path, steps: Sequence[int] | None = None) -> Iterator[RowLoss]:
    """Yield the records of a run, process by process, in the order of the steps.

    Args:
        folder: The run folder.
        steps: Only these steps; None for all.
    """
    wanted = set(steps) if steps is not None else None
    for path in sorted(folder.glob("rows-*.bin")):
        with suppress(OSError), path.open("rb") as handle:
            while block := handle.read(RECORD_BYTES * 4096):
                for step, n_tokens, row, loss in _RECORD.iter_unpack(
                    block[: len(block) // RECORD_BYTES * RECORD_BYTES]
                ):
                    if wanted is None or step in wanted:
                        yield RowLoss(step, row, n_tokens & ~_SHARED, loss, bool(n_tokens & _SHARED))


def cut(folder: Path, step: int) -> None:
    """Drop all records after a step, before a run goes on from its checkpoint of that step."""
    for path in folder.glob("rows-*.bin"):
        size = path.stat().st_size // RECORD_BYTES
        with path.open("rb+") as handle:
            while size:
                handle.seek((size - 1) * RECORD_BYTES)
                if _RECORD.unpack(handle.read(RECORD_BYTES))[0] <= step:
                    break
                size -= 1
            handle.truncate(size * RECORD_BYTES)

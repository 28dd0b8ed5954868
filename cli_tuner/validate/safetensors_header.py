"""Reads and checks the header of a safetensors file without loading a tensor.

Format: 8 bytes little-endian header length, a JSON header, then the tensors without gaps
(https://github.com/huggingface/safetensors#format). An incomplete file has a header that promises more bytes than
there are; both are found here, in a millisecond, whatever the size.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path

from cli_tuner.errors import CheckpointError

_MAX_HEADER_BYTES = 100_000_000
_BITS = {
    "F64": 64, "I64": 64, "U64": 64, "C64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16, "BF16": 16, "I16": 16,
    "U16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "I8": 8, "U8": 8, "BOOL": 8, "F6_E2M3": 6, "F6_E3M2": 6,
    "F4": 4,
}  # fmt: skip
_HINT = "it was cut off or damaged; take an earlier checkpoint or train again"


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor of the header: dtype in safetensors' spelling (`F32`), shape, byte range in the data."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def read_header(path: Path) -> dict[str, TensorInfo]:
    """Return name -> tensor of a whole, well-formed file.

    Raises:
        CheckpointError: Too short, malformed, or its tensors do not fill the file exactly.
    """
    try:
        size_bytes = path.stat().st_size
        with path.open("rb") as handle:
            prefix = handle.read(8)
            length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else None
            if length is None or length > min(size_bytes - 8, _MAX_HEADER_BYTES):
                raise CheckpointError(f"{path}: not a whole safetensors file ({size_bytes} bytes)", hint=_HINT)
            raw = json.loads(handle.read(length).decode("utf-8"))
        tensors = {name: _tensor(value) for name, value in raw.items() if name != "__metadata__"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{path}: its safetensors header is not readable: {error}", hint=_HINT) from error
    _check_layout(path, tensors, size_bytes - 8 - length)
    return tensors


def _tensor(value: Mapping[str, object]) -> TensorInfo:
    shape, offsets = _counts(value["shape"]), _counts(value["data_offsets"])
    begin, end = offsets
    return TensorInfo(str(value["dtype"]), shape, begin, end)


def _counts(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(type(number) is int and number >= 0 for number in value):
        raise ValueError("a shape or an offset is not a row of counts")
    return tuple(value)


def _check_layout(path: Path, tensors: dict[str, TensorInfo], data_bytes: int) -> None:
    if not tensors:
        raise CheckpointError(f"{path}: holds no tensors", hint=_HINT)
    ordered = sorted(tensors.values(), key=lambda tensor: (tensor.begin, tensor.end))
    gapless = ordered[0].begin == 0 and all(left.end == right.begin for left, right in pairwise(ordered))
    if not gapless or ordered[-1].end != data_bytes:
        raise CheckpointError(f"{path}: promises {ordered[-1].end} bytes of tensors, holds {data_bytes}", hint=_HINT)
    for name, tensor in tensors.items():
        bits = _BITS.get(tensor.dtype)
        if bits is not None and prod(tensor.shape) * bits != (tensor.end - tensor.begin) * 8:
            raise CheckpointError(f"{path}: {name} has not the size that its shape says", hint=_HINT)

"""Two trainings of one recipe compared: the same bytes, near in numbers, or different, and from which step on.

`near` means that every logged number agrees to one part in a thousand and no weight differs by more than a thousandth
of the largest of its tensor. The first step with another number is found in the metrics streams, exactly: a training
that is repeated with the same versions, threads and kind of processor gives the same numbers to the last digit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from cli_tuner.errors import DataError
from cli_tuner.files import read_jsonl, sha256_file
from cli_tuner.records.training import TrainingRecord

_NEAR = 1e-3
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
# Logged numbers that a training computes; times, memory and throughput are other ones each time.
_COMPUTED = ("loss", "eval_loss", "grad_norm", "learning_rate")


class Word(str, Enum):
    """How near a reproduction came."""

    IDENTICAL = "identical"
    NEAR = "near"
    DIFFERENT = "different"


@dataclass(slots=True)
class Verdict:
    """What a comparison found.

    Attributes:
        word: How near it came.
        first: The first step whose numbers differ; None where none does, or where nothing could be compared.
        what: The name of that number, and both values.
        largest: The largest difference of a weight, relative to the largest of its tensor; None where unknown.
        causes: What differs between the two environments, likeliest first.
        unknown: What could not be compared.
    """

    word: Word
    first: int | None = None
    what: str = ""
    largest: float | None = None
    causes: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "verdict": self.word.value, "first_differing_step": self.first, "what": self.what,
            "largest_relative_difference": self.largest, "likely_causes": self.causes, "not_compared": self.unknown,
        }  # fmt: skip


def verdict(
    before: TrainingRecord, after: TrainingRecord, weights: tuple[Path | None, Path], metrics: tuple[Path | None, Path]
) -> Verdict:
    """Compare two trainings.

    Args:
        before: Record of the original.
        after: Record of the reproduction.
        weights: Adapter of each; None where the original's is not at hand.
        metrics: Metrics stream of each; None likewise.
    """
    found = Verdict(Word.DIFFERENT, causes=list(causes(before, after)))
    if metrics[0] is None:
        found.unknown.append("the metrics of the original are not at hand: the first step that differs is not known")
    else:
        found.first, found.what, steps_near = first_difference(metrics[0], metrics[1])
    if before.subjects.get(weights[1].name) == sha256_file(weights[1]):
        found.word, found.largest = Word.IDENTICAL, 0.0
        return found
    if weights[0] is None:
        found.unknown.append("the weights of the original are not at hand: how far they are apart is not known")
        return found
    found.largest = largest_difference(*map(_tensors, (weights[0], weights[1])))
    if found.largest is not None and found.largest <= _NEAR and metrics[0] is not None and steps_near:
        found.word = Word.NEAR
    return found


def first_difference(before: Path, after: Path) -> tuple[int | None, str, bool]:
    """Return the first step whose numbers differ, what differs there, and whether all steps are near."""
    left, right = _by_step(before), _by_step(after)
    first, what, near = None, "", True
    for step in sorted({*left, *right}):
        one, other = left.get(step), right.get(step)
        if one is None or other is None:
            first, what, near = (step, "logged by one of them only", False) if first is None else (first, what, False)
            continue
        for name in (name for name in _COMPUTED if name in one or name in other):
            a, b = one.get(name), other.get(name)
            if a != b:
                first, what = (step, f"{name}: {a} -> {b}") if first is None else (first, what)
                near = (
                    near and isinstance(a, float) and isinstance(b, float) and abs(a - b) <= _NEAR * max(abs(a), abs(b))
                )
    return first, what, near


def _close(one: object, other: object) -> bool:
    if not (isinstance(one, int | float) and isinstance(other, int | float)):
        return False
    return abs(one - other) <= _NEAR * max(abs(one), abs(other))


def _by_step(path: Path) -> dict[int, dict[str, object]]:
    """Return the last line of each step: a resumed run repeats those after its checkpoint."""
    found: dict[int, dict[str, object]] = {}
    try:
        for line in read_jsonl(path):
            if isinstance(step := line.get("step"), int):
                found.setdefault(step, {}).update(line)
    except DataError:
        return found
    return found


def largest_difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> float | None:
    """Return the largest difference relative to the largest number of its tensor; None where shapes differ."""
    largest = 0.0
    for name in {*before, *after}:
        one, other = before.get(name), after.get(name)
        if one is None or other is None or one.shape != other.shape:
            return None
        scale = float(np.abs(one).max(initial=0.0)) or 1.0
        largest = max(largest, float(np.abs(one - other).max(initial=0.0)) / scale)
    return largest


def _tensors(path: Path) -> dict[str, object]:
    """Read a safetensors file without torch; bfloat16 is the upper half of a float32.

    Raises:
        DataError: It is no safetensors file, or holds a type that is not read here.
    """
    content = path.read_bytes()
    try:
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        header.pop("__metadata__", None)
        return {name: _tensor(one, memoryview(content)[8 + length :]) for name, one in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: cannot be read: {error}", hint="is it a safetensors file of floats?") from error


def _tensor(one: Mapping[str, Any], data: memoryview) -> Any:
    start, end = one["data_offsets"]
    if one["dtype"] == "BF16":
        halves = np.frombuffer(data[start:end], "<u2").astype("<u4") << 16
        return halves.view("<f4").astype("f8").reshape(one["shape"])
    return np.frombuffer(data[start:end], _TYPES[one["dtype"]]).astype("f8").reshape(one["shape"])


def causes(before: TrainingRecord, after: TrainingRecord) -> Iterator[str]:
    """Yield what differs between two environments: versions, code, threads, processor, device, in this order."""
    for name in sorted({*before.packages, *after.packages}):
        one, other = before.packages.get(name), after.packages.get(name)
        if one != other:
            yield f"{name} {one} -> {other}"
    if before.code.sources_sha256 != after.code.sources_sha256:
        yield f"code of cli-tuner: commit {before.code.git_commit} -> {after.code.git_commit}"
    for place in ("threads", "machine", "device", "precision"):
        old, new = _part(before, place), _part(after, place)
        for key in sorted({*old, *new}):
            if old.get(key) != new.get(key) and key != "os":
                yield f"{place}, {key}: {old.get(key)} -> {new.get(key)}"


def _part(record: TrainingRecord, name: str) -> dict[str, object]:
    found = record.document().get(name)
    return found if isinstance(found, dict) else {}

"""The header parser: whole files pass, everything else is a CheckpointError and nothing but."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cli_tuner.errors import CheckpointError
from cli_tuner.validate.safetensors_header import TensorInfo, read_header
from tests.validate.checkpoints import ADAPTER, safetensors_bytes, with_header

WHOLE = safetensors_bytes(ADAPTER)
ONE = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=4,
)


def read(folder: pytest.TempPathFactory, content: bytes) -> dict[str, TensorInfo] | None:
    """Return the tensors, or None when refused; any other error escapes and fails the test."""
    path = folder.getbasetemp() / "one.safetensors"
    path.write_bytes(content)
    with suppress(CheckpointError):
        return read_header(path)
    return None


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "whole.safetensors"
    path.write_bytes(WHOLE)
    first, second = ADAPTER
    assert read_header(path) == {
        first: TensorInfo("F32", (2, 4), 0, 32),
        second: TensorInfo("F32", (6, 2), 32, 80),
    }


def test_it_agrees_with_the_base_models_of_the_package_that_wrote_the_format(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    save_file = pytest.importorskip("safetensors.numpy").save_file
    tensors = {
        "a": numpy.zeros((3, 5), numpy.float16), "b": numpy.zeros((), numpy.int64), "c": numpy.zeros((0, 7)),
        "d": numpy.zeros(3, bool),
    }  # fmt: skip
    save_file(tensors, tmp_path / "x.safetensors", metadata={"by": "us"})
    found = read_header(tmp_path / "x.safetensors")
    assert {name: one.shape for name, one in found.items()} == {name: one.shape for name, one in tensors.items()}


def test_a_file_that_was_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    for length in (*range(0, len(WHOLE), 5), len(WHOLE) - 1):
        path.write_bytes(WHOLE[:length])
        with pytest.raises(CheckpointError, match=r"cut\.safetensors") as caught:
            read_header(path)
        assert caught.value.hint


def test_a_file_with_more_bytes_than_its_header_promises_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    assert read(tmp_path_factory, WHOLE + b"\0") is None


@given(content=st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_but_a_checkpoint_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    read(tmp_path_factory, content)


@given(at=st.integers(0, len(WHOLE) - 1), value=st.integers(0, 255))
def test_a_damaged_byte_raises_nothing_but_a_checkpoint_error(
    tmp_path_factory: pytest.TempPathFactory, at: int, value: int
) -> None:
    read(tmp_path_factory, WHOLE[:at] + bytes([value]) + WHOLE[at + 1 :])


@given(header=anything, data=st.binary(max_size=16))
@example(header={"x": {**ONE, "shape": [1e400]}}, data=b"\0" * 4)
@example(header={"x": {**ONE, "shape": [float("nan")]}}, data=b"\0" * 4)
def test_an_arbitrary_header_raises_nothing_but_a_checkpoint_error(
    tmp_path_factory: pytest.TempPathFactory, header: Any, data: bytes
) -> None:
    read(tmp_path_factory, with_header(header, data))
    read(tmp_path_factory, with_header({"x": header}, data))


@given(change=st.dictionaries(st.sampled_from(["dtype", "shape", "data_offsets"]), anything, min_size=1))
def test_an_arbitrary_field_raises_nothing_but_a_checkpoint_error(
    tmp_path_factory: pytest.TempPathFactory, change: dict[str, Any]
) -> None:
    read(tmp_path_factory, with_header({"x": {**ONE, **change}}, b"\0" * 4))


REFUSED = {
    "no tensors": ({}, b""),
    "only metadata": ({"__metadata__": {}}, b""),
    "no object": ([ONE], b"\0" * 4),
    "a field is missing": ({"x": {"dtype": "F32", "shape": [1]}}, b"\0" * 4),
    "a hole": ({"x": ONE, "y": {**ONE, "data_offsets": [5, 9]}}, b"\0" * 9),
    "an overlap": ({"x": ONE, "y": {**ONE, "data_offsets": [2, 6]}}, b"\0" * 6),
    "a late start": ({"x": {**ONE, "data_offsets": [1, 5]}}, b"\0" * 5),
    "a shape that is too large": ({"x": {**ONE, "shape": [2]}}, b"\0" * 4),
    "a shape that is negative": ({"x": {**ONE, "shape": [-1, -1]}}, b"\0" * 4),
    "a shape that is text": ({"x": {**ONE, "shape": "1"}}, b"\0" * 4),
    "a shape of fractions": ({"x": {**ONE, "shape": [1.5]}}, b"\0" * 4),
    "a shape of truths": ({"x": {**ONE, "shape": [True]}}, b"\0" * 4),
    "an endless shape": ({"x": {**ONE, "shape": [1e400]}}, b"\0" * 4),
    "offsets that are text": ({"x": {**ONE, "data_offsets": ["0", "4"]}}, b"\0" * 4),
    "three offsets": ({"x": {**ONE, "data_offsets": [0, 2, 4]}}, b"\0" * 4),
    "a header in UTF-16": (json.dumps({"x": ONE}).encode("utf-16"), b"\0" * 4),
    "a header that is not UTF-8": (b'{"\xff": 1}', b""),
    "nesting without end": (b"[" * 100_000, b""),
}


@pytest.mark.parametrize(("header", "data"), REFUSED.values(), ids=REFUSED.keys())
def test_a_header_is_refused_with(tmp_path_factory: pytest.TempPathFactory, header: Any, data: bytes) -> None:
    assert read(tmp_path_factory, with_header({"x": ONE}, b"\0" * 4)) is not None
    assert read(tmp_path_factory, with_header(header, data)) is None


@pytest.mark.parametrize("length", [2**63, 2**64 - 1, 100_000_001])
def test_a_header_that_claims_to_be_huge_is_not_read(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    assert read(tmp_path_factory, length.to_bytes(8, "little") + WHOLE[8:]) is None


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(CheckpointError):
            read_header(path)

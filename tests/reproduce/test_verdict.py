"""Identical, near or different: by bytes and by every logged number, with the first step and what differs around it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.errors import DataError
from cli_tuner.files import sha256_file, write_jsonl
from cli_tuner.records.training import TrainingRecord
from cli_tuner.reproduce.verdict import Word, _tensors, causes, first_difference, largest_difference, verdict
from tests.validate.checkpoints import safetensors_bytes, with_header

SHAPES = {"a.lora_A.weight": (2, 4), "a.lora_B.weight": (4, 2)}


def stream(path: Path, losses: list[float]) -> Path:
    write_jsonl(
        path, ({"step": step, "loss": loss, "elapsed_s": step * len(losses)} for step, loss in enumerate(losses, 1))
    )
    return path


def training(weights: Path | None, **more: Any) -> TrainingRecord:
    subjects = {"adapter_model.safetensors": sha256_file(weights)} if weights else {}
    return TrainingRecord.parse({"subjects": subjects, "packages": {"torch": "2.13.0"}, **more})


def judged(tmp_path: Path, after: float, losses: list[float], *, at_hand: bool = True, **more: Any) -> Any:
    folders = [tmp_path / name for name in ("before", "after")]
    for folder, value in zip(folders, (0.5, after), strict=True):
        folder.mkdir()
        (folder / "adapter_model.safetensors").write_bytes(safetensors_bytes(SHAPES, value))
    weights = [folder / "adapter_model.safetensors" for folder in folders]
    metrics = [stream(tmp_path / "1.jsonl", [3.0, 2.0, 1.0]), stream(tmp_path / "2.jsonl", losses)]
    before = training(weights[0]), training(weights[1], **more)
    here = (weights[0] if at_hand else None, weights[1])
    return verdict(*before, here, (metrics[0] if at_hand else None, metrics[1]))


def test_the_same_bytes_are_identical_also_without_the_original_at_hand(tmp_path: Path) -> None:
    found = judged(tmp_path, 0.5, [3.0, 2.0, 1.0])
    assert (found.word, found.first, found.largest, found.unknown) == (Word.IDENTICAL, None, 0.0, [])
    (tmp_path / "x").mkdir()
    found = judged(tmp_path / "x", 0.5, [3.0, 2.0, 1.0], at_hand=False)
    assert found.word is Word.IDENTICAL and len(found.unknown) == 1


def test_numbers_that_are_near_are_near_and_the_first_other_one_is_named(tmp_path: Path) -> None:
    found = judged(tmp_path, 0.5002, [3.0, 2.0001, 1.0])
    assert (found.word, found.first, found.what) == (Word.NEAR, 2, "loss: 2.0 -> 2.0001")
    assert found.largest == pytest.approx(0.0004, rel=1e-3)


@pytest.mark.parametrize(
    ("after", "losses", "first"),
    [
        (0.9, [3.0, 2.0, 1.0], None),
        (0.5001, [3.0, 2.5, 1.0], 2),
        (0.5001, [3.0, 2.0], 3),
        (0.5001, [3.0, 2.0, 1.0, 0.5], 4),
    ],
)
def test_what_is_far_or_of_another_length_is_different(
    after: float, losses: list[float], first: int | None, tmp_path: Path
) -> None:
    found = judged(tmp_path, after, losses)
    assert (found.word, found.first) == (Word.DIFFERENT, first)


def test_what_cannot_be_compared_is_said_and_never_near(tmp_path: Path) -> None:
    found = judged(tmp_path, 0.50001, [3.0, 2.0, 1.0], at_hand=False)
    assert (found.word, found.largest, len(found.unknown)) == (Word.DIFFERENT, None, 2)


def test_the_likely_cause_is_what_differs_around_the_training(tmp_path: Path) -> None:
    more = {
        "packages": {"torch": "2.14.0", "peft": "1"}, "threads": {"torch": 4}, "machine": {"cpu": "another", "os": "x"},
        "code": {"sources_sha256": "1" * 64},
    }  # fmt: skip
    before = TrainingRecord.parse(
        {"subjects": {}, "packages": {"torch": "2.13.0"}, "threads": {"torch": 1}, "machine": {"cpu": "one", "os": "y"}}
    )
    assert list(causes(before, TrainingRecord.parse({"subjects": {}, **more}))) == [
        "peft None -> 1", "torch 2.13.0 -> 2.14.0", "code of cli-tuner: commit None -> None", "threads, torch: 1 -> 4",
        "machine, cpu: one -> another",
    ]  # fmt: skip
    assert list(causes(before, before)) == []


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=12), st.data())
def test_the_first_difference_is_found_wherever_it_is(losses: list[float], data: st.DataObject) -> None:
    import tempfile

    place = data.draw(st.integers(0, len(losses) - 1))
    others = [
        *losses[:place],
        losses[place] * 2,
        *(loss * data.draw(st.sampled_from([1, 3])) for loss in losses[place + 1 :]),
    ]
    with tempfile.TemporaryDirectory() as folder:
        one, other = stream(Path(folder, "a"), losses), stream(Path(folder, "b"), others)
        assert first_difference(one, other)[::2] == (place + 1, False)
        assert first_difference(one, one) == (None, "", True)


def test_half_precision_weights_are_read_without_torch(tmp_path: Path) -> None:
    values = np.array([1.5, -2.0, 0.0], "<f4")
    data = (values.view("<u4") >> 16).astype("<u2").tobytes()
    path = tmp_path / "w.safetensors"
    path.write_bytes(with_header({"x": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]}}, data))
    assert _tensors(path)["x"].tolist() == [1.5, -2.0, 0.0]
    path.write_bytes(with_header({"x": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}}, b"\0" * 8))
    with pytest.raises(DataError, match="cannot be read"):
        _tensors(path)
    assert largest_difference({"x": np.zeros(2)}, {"y": np.zeros(2)}) is None
    assert json.dumps(largest_difference({"x": np.zeros(2)}, {"x": np.zeros(2)})) == "0.0"

"""A checkpoint is believed only when its files are whole, safe to load, unchanged, and fit the base model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.errors import CheckpointError, CliTunerError, DataError, ProvenanceError
from cli_tuner.validate.integrity import inspect
from tests.validate.checkpoints import ADAPTER, MODULE, make_base, make_checkpoint, safetensors_bytes, write_record


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return make_base(tmp_path / "base")


@pytest.fixture
def checkpoint(tmp_path: Path, base: Path) -> Path:
    return make_checkpoint(tmp_path / "checkpoint", base)


def test_a_sound_checkpoint_says_what_it_is(checkpoint: Path, base: Path) -> None:
    found = inspect(checkpoint)
    assert (found.path, found.base_model, found.base_checked) == (checkpoint, str(base), True)
    assert set(found.tensors) == set(ADAPTER)
    assert found.record is not None
    assert found.adapter_config["r"] == 2


def test_a_checkpoint_without_record_or_without_its_base_here_says_so(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "other", "Qwen/Qwen2.5-Coder-7B-Instruct")
    (folder / "provenance.json").unlink()
    found = inspect(folder)
    assert (found.record, found.base_checked) == (None, False)


def damage(name: str, content: bytes | str | None) -> Callable[[Path, Path], None]:
    def change(checkpoint: Path, _: Path) -> None:
        (checkpoint / name).unlink(missing_ok=True)
        if content is not None:
            (checkpoint / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return change


def pickle_only(checkpoint: Path, _: Path) -> None:
    (checkpoint / "adapter_model.safetensors").rename(checkpoint / "adapter_model.bin")


def full_model(checkpoint: Path, _: Path) -> None:
    (checkpoint / "adapter_model.safetensors").rename(checkpoint / "model.safetensors")


def truncated(checkpoint: Path, _: Path) -> None:
    path = checkpoint / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def flipped(name: str) -> Callable[[Path, Path], None]:
    def change(checkpoint: Path, _: Path) -> None:
        content = bytearray((checkpoint / name).read_bytes())
        content[-1] ^= 1
        (checkpoint / name).write_bytes(content)

    return change


def other_base(_: Path, base: Path) -> None:
    (base / "model.safetensors").write_bytes(safetensors_bytes({f"{MODULE[17:]}.weight": (6, 4)}, 0.25))


def record(**changes: Any) -> Callable[[Path, Path], None]:
    return lambda checkpoint, base: write_record(checkpoint, base, **changes)


FAULTS: dict[str, tuple[Callable[[Path, Path], None], str]] = {
    "no weights": (damage("adapter_model.safetensors", None), "no adapter_model.safetensors"),
    "a pickle": (pickle_only, "its weights are a pickle, which can run code"),
    "a full model": (full_model, "is a full model, not an adapter"),
    "no adapter config": (damage("adapter_config.json", None), "no adapter_config.json"),
    "an adapter config that is no JSON": (damage("adapter_config.json", "{"), "not readable as JSON"),
    "an adapter config without end": (damage("adapter_config.json", "[" * 100_000), "not readable as JSON"),
    "an adapter config that is no text": (damage("adapter_config.json", b"\xff"), "not readable as JSON"),
    "an adapter config of a list": (damage("adapter_config.json", "[]"), "names no base model"),
    "an adapter without a base": (damage("adapter_config.json", "{}"), "names no base model"),
    "weights cut off": (truncated, "promises 80 bytes of tensors, holds 79"),
    "weights of nothing": (damage("adapter_model.safetensors", b""), "not a whole safetensors file"),
    "changed weights": (flipped("adapter_model.safetensors"), "not the bytes that the training recorded: adapter_m"),
    "a changed tokenizer": (flipped("tokenizer.json"), "not the bytes that the training recorded: tokenizer.json"),
    "a lost tokenizer": (damage("tokenizer.json", None), "not the bytes that the training recorded: tokenizer.json"),
    "a changed base model": (other_base, "was trained on another"),
    "a record that is no JSON": (damage("provenance.json", "{"), "not readable as JSON"),
    "a record of a list": (damage("provenance.json", "[]"), "is not a training record"),
    "a record of nothing": (damage("provenance.json", "{}"), "is not a training record"),
    "a record without the weights": (record(subjects={}), "is not a training record"),
    "a run id that is a path": (record(run_id="../../x"), "is not a training record"),
    "a run id that is absolute": (record(run_id="/tmp/x"), "is not a training record"),
    "a run id that is a list": (record(run_id=["x"]), "is not a training record"),
    "a base model that is text": (record(base_model="x"), "is not a training record"),
    "digests that are a list": (record(base_model={"digests": []}), ""),
    "a config that is text": (record(config="x"), "is not a training record"),
    "a model that is a list": (record(model=[1]), "is not a training record"),
}


@pytest.mark.parametrize(("change", "why"), FAULTS.values(), ids=FAULTS.keys())
def test_a_checkpoint_is_refused_with(
    checkpoint: Path, base: Path, change: Callable[[Path, Path], None], why: str
) -> None:
    inspect(checkpoint)
    change(checkpoint, base)
    with pytest.raises(CheckpointError) as caught:
        inspect(checkpoint)
    assert why in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == 1


def test_what_people_edit_after_training_is_no_damage(checkpoint: Path, base: Path) -> None:
    (checkpoint / "README.md").write_text("before")
    write_record(checkpoint, base)
    (checkpoint / "README.md").write_text("after")
    inspect(checkpoint)


def test_a_folder_that_is_not_there_is_a_data_error_with_the_next_command(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such checkpoint folder") as caught:
        inspect(tmp_path / "nowhere")
    assert "runs list" in caught.value.hint


@pytest.mark.parametrize("name", ["../secret.safetensors", "/etc/config.json"])
def test_a_record_cannot_make_us_read_outside_the_base_model(checkpoint: Path, base: Path, name: str) -> None:
    write_record(checkpoint, base, base_model={"digests": {name: "0" * 64}})
    with pytest.raises(ProvenanceError, match="outside the folder"):
        inspect(checkpoint)


SHAPES: dict[str, tuple[dict[str, tuple[int, ...]], bool]] = {
    "the same layers": (dict(ADAPTER), True),
    "another rank": ({f"{MODULE}.lora_A.weight": (8, 4), f"{MODULE}.lora_B.weight": (6, 8)}, True),
    "magnitudes of DoRA": ({**ADAPTER, f"{MODULE}.lora_magnitude_vector": (6,)}, True),
    "a layer saved whole": ({**ADAPTER, "base_model.model.lm_head.weight": (9, 9)}, True),
    "another width": ({f"{MODULE}.lora_A.weight": (2, 5), f"{MODULE}.lora_B.weight": (6, 2)}, False),
    "another height": ({f"{MODULE}.lora_A.weight": (2, 4), f"{MODULE}.lora_B.weight": (7, 2)}, False),
    "magnitudes of another height": ({**ADAPTER, f"{MODULE}.lora_magnitude_vector": (7,)}, False),
    "a layer that the base has not": ({f"{MODULE.replace('0', '9')}.lora_A.weight": (2, 4)}, False),
    "a layer that is no matrix": ({"base_model.model.model.norm.lora_A.weight": (2, 4)}, False),
    "a tensor of three sides": ({f"{MODULE}.lora_A.weight": (2, 4, 1)}, False),
}


@pytest.mark.parametrize(("shapes", "fits"), SHAPES.values(), ids=SHAPES.keys())
def test_an_adapter_fits_its_base_by_name_and_shape(
    tmp_path: Path, base: Path, shapes: dict[str, tuple[int, ...]], fits: bool
) -> None:
    folder = make_checkpoint(tmp_path / "one", base, shapes)
    if fits:
        assert inspect(folder).base_checked
    else:
        with pytest.raises(CheckpointError, match="does not fit"):
            inspect(folder)


def test_a_base_model_in_shards_is_read_whole(tmp_path: Path) -> None:
    folder = make_base(tmp_path / "shards", {"model.norm.weight": (4,)})
    (folder / "model-2.safetensors").write_bytes(safetensors_bytes({f"{MODULE[17:]}.weight": (6, 4)}))
    assert inspect(make_checkpoint(tmp_path / "one", folder)).base_checked


def test_a_torn_base_model_is_named(checkpoint: Path, base: Path) -> None:
    write_record(checkpoint, base, base_model={"digests": None})
    path = base / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(CliTunerError, match=r"model\.safetensors"):
        inspect(checkpoint)


def test_the_record_is_returned_as_it_was_written(checkpoint: Path) -> None:
    found = inspect(checkpoint).record
    assert found is not None and found.plain() == json.loads((checkpoint / "provenance.json").read_text())

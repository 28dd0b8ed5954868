"""Merging into a 16-bit base: rounded once, or not at all in float32, and the types never mixed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_tuner.backends.hf_weights import HfWeights
from cli_tuner.cli.main import main
from cli_tuner.config.sections import Release
from cli_tuner.files import read_json, write_json
from cli_tuner.release import merge as merging
from tests.release.adapters import make_base, trained

pytestmark = pytest.mark.contract

QUICK = Release(n_prompts=6, max_new_tokens=6)


def source_of(adapter: Path, base: Path) -> merging.Source:
    return merging.Source(adapter, base, str(base), False, None)


def merged(adapter: Path, base: Path, out: Path, *, float32: bool = False) -> merging.Merged:
    return merging.merge(source_of(adapter, base), out, HfWeights(), QUICK, lambda _: None, float32=float32)


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base in 16 bits, as most of the hub is."""
    import torch
    from safetensors.torch import load_file, save_file

    folder = make_base(tmp_path_factory.mktemp("half") / "base")
    tensors = load_file(folder / "model.safetensors")
    save_file({name: one.to(torch.bfloat16) for name, one in tensors.items()}, folder / "model.safetensors")
    write_json(folder / "config.json", {**read_json(folder / "config.json"), "dtype": "bfloat16"})
    return folder


def test_a_16_bit_base_can_be_merged_in_float32_and_nothing_is_rounded(half: Path, tmp_path: Path) -> None:
    adapter = trained(tmp_path / "adapter", half)
    rounded = merged(adapter, half, tmp_path / "rounded")
    found = merged(adapter, half, tmp_path / "wide", float32=True)
    assert rounded.record.document()["weights"]["dtypes"] == ["BF16"]
    assert found.record.document()["weights"]["dtypes"] == ["F32"]
    assert found.passed, found.checks
    assert found.record.document()["proof"]["kl_mean"] < 1e-9 < rounded.record.document()["proof"]["kl_mean"]
    assert found.record.document()["proof"]["weights"]["n_untouched"] > 0
    assert read_json(found.folder / "config.json")["dtype"] == "float32"
    assert merging.verify(source_of(adapter, half), found.folder, HfWeights(), QUICK, lambda _: None).passed


def test_answers_that_16_bits_change_are_refused_with_the_way_out(
    half: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    strict = Release(n_prompts=6, max_new_tokens=6, half_precision={"max_kl": 1e-12})
    monkeypatch.setattr("cli_tuner.validate.recipe.recipe_of", lambda *_: type("S", (), {"release": strict}))
    adapter = trained(tmp_path / "adapter", half)
    argv = ["merge", "--checkpoint-dir", str(adapter), "--out", str(tmp_path / "out")]
    assert main(argv) == 1
    assert "merge again with --float32" in capsys.readouterr().err
    assert main([*argv, "--float32"]) == 0


def test_one_tensor_in_another_type_than_the_rest_is_refused(half: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    adapter = trained(tmp_path / "adapter", half)
    out = merged(adapter, half, tmp_path / "out").folder
    tensors = load_file(out / "model.safetensors")
    tensors["model.norm.weight"] = tensors["model.norm.weight"].float()
    save_file(tensors, out / "model.safetensors")
    found = merging.verify(source_of(adapter, half), out, HfWeights(), QUICK, lambda _: None)
    failed = {one.name for one in found.checks if not one.passed}
    assert "untouched_tensors" in failed

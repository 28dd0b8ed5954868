"""Merging real adapters by PEFT into real small models: the same model comes out, or the merge is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.backends.hf_weights import HfWeights
from cli_tuner.cli.main import main
from cli_tuner.config.sections import Release
from cli_tuner.errors import CheckpointError, CliTunerError
from cli_tuner.files import read_json, sha256_file, write_json
from cli_tuner.release import merge as merging
from cli_tuner.release.merged import require_recorded
from tests.release.adapters import ATTENTION, COPIED, make_adapter, make_base, trained

pytestmark = pytest.mark.contract

QUICK = Release(n_prompts=6, max_new_tokens=6)
MLP = ("gate_proj", "up_proj", "down_proj")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("merge") / "base")


def source_of(adapter: Path, base: Path, *, four_bit: bool = False) -> merging.Source:
    return merging.Source(adapter, base, str(base), four_bit, None)


def merged(adapter: Path, base: Path, out: Path, release: Release = QUICK, *, four_bit: bool = False) -> merging.Merged:
    return merging.merge(source_of(adapter, base, four_bit=four_bit), out, HfWeights(), release, lambda _: None)


KINDS: dict[str, dict[str, Any]] = {
    "plain, all linear layers": {"target_modules": [*ATTENTION, *MLP]},
    "rank-stabilised": {"use_rslora": True},
    "ranks and alphas by pattern": {
        "rank_pattern": {"q_proj": 2, r"layers.1.self_attn.k_proj": 6},
        "alpha_pattern": {"o_proj": 32, r".*\.0\.self_attn.q_proj": 3},
    },
    "DoRA": {"use_dora": True},
    "DoRA, rank-stabilised": {"use_dora": True, "use_rslora": True, "target_modules": ["q_proj", "down_proj"]},
    "output layer saved whole": {"modules_to_save": ["lm_head"]},
    "embeddings": {"target_modules": ["embed_tokens", "q_proj"]},
    "biases of the adapted layers": {"bias": "lora_only"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_merged_model_is_the_adapter_on_its_base_for(kind: str, base: Path, tmp_path: Path) -> None:
    found = merged(trained(tmp_path / "adapter", base, **KINDS[kind]), base, tmp_path / "out")
    assert [check.name for check in found.checks if not check.passed] == []
    assert found.folder == tmp_path / "out"
    assert found.record.document()["proof"]["kl_mean"] < 1e-9
    assert found.record.document()["proof"]["weights"]["n_changed"] > 0


def test_the_folder_is_complete_recorded_and_loads_as_a_model(base: Path, tmp_path: Path) -> None:
    from cli_tuner.backends.hf_model import Decoding, HfGenerator

    adapter = make_adapter(tmp_path / "adapter", base)
    found = merged(adapter, base, tmp_path / "out", four_bit=True)
    out = found.folder
    assert {*COPIED, "config.json", "generation_config.json", "model.safetensors"} <= {
        file.name for file in out.iterdir()
    }
    known = require_recorded(out)
    assert known is not None
    record = known.document()
    assert record["passed"] is True
    assert record["adapter"]["digests"]["adapter_model.safetensors"] == sha256_file(
        adapter / "adapter_model.safetensors"
    )
    assert record["base_model"]["digests"]["model.safetensors"] == sha256_file(base / "model.safetensors")
    assert record["subjects"]["model.safetensors"] == sha256_file(out / "model.safetensors")
    drift = record["proof"]["drift_4bit"]
    assert drift["n_linear4bit"] == 28 and drift["kl_mean"] > 1e-7
    assert not list(tmp_path.glob(".out*"))
    generator = HfGenerator(str(out), None, load_in_4bit=False, decoding=Decoding(4))
    assert len(generator.generate([[{"role": "user", "content": "list files"}]])) == 1


@pytest.mark.slow
def test_two_hundred_prompts_are_completed_in_the_same_words(base: Path, tmp_path: Path) -> None:
    found = merged(make_adapter(tmp_path / "adapter", base), base, tmp_path / "out", Release(max_new_tokens=8))
    proof = found.record.document()["proof"]
    assert (proof["n_prompts"], proof["equal_completions"], proof["top1_agreement"]) == (200, 1.0, 1.0)
    assert proof["kl_mean"] < 1e-6
    assert found.passed


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_a_sharded_base_of_16_bits_keeps_its_files_types_and_untouched_bytes(
    dtype: str, base: Path, tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    half = tmp_path / "half"
    model = AutoModelForCausalLM.from_pretrained(base, dtype=getattr(torch, dtype))
    model.save_pretrained(half, max_shard_size="400KB")
    for file in COPIED:
        shutil.copy(base / file, half / file)
    found = merged(make_adapter(tmp_path / "adapter", base), half, tmp_path / "out")
    assert [check.name for check in found.checks if not check.passed] == []
    names = {file.name for file in half.glob("*.safetensors*")}
    assert len(names) > 3 and names == {file.name for file in found.folder.glob("*.safetensors*")}
    for name in (name for name in names if name.endswith(".safetensors")):
        before, after = load_file(half / name), load_file(found.folder / name)
        assert {key: one.dtype for key, one in before.items()} == {key: one.dtype for key, one in after.items()}
        touched = [key for key in before if not torch.equal(before[key], after[key])]
        assert all(key.split(".")[-2] in ATTENTION for key in touched)


def test_a_transposed_base_is_merged_the_right_way_round(base: Path, tmp_path: Path) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    gpt = tmp_path / "gpt"
    config = GPT2Config(
        vocab_size=1024, n_positions=256, n_embd=32, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=2
    )
    GPT2LMHeadModel(config).save_pretrained(gpt)
    for file in COPIED:
        shutil.copy(base / file, gpt / file)
    adapter = trained(tmp_path / "adapter", gpt, target_modules=["c_attn", "c_proj"], fan_in_fan_out=True)
    found = merged(adapter, gpt, tmp_path / "out")
    assert [check.name for check in found.checks if not check.passed] == []


def test_a_tied_base_stays_tied(base: Path, tmp_path: Path) -> None:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    tied = tmp_path / "tied"
    shape = {"vocab_size": 1024, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "tie_word_embeddings": True, "eos_token_id": 2}
    Qwen2ForCausalLM(Qwen2Config(**shape, **heads)).save_pretrained(tied)
    for file in COPIED:
        shutil.copy(base / file, tied / file)
    found = merged(make_adapter(tmp_path / "adapter", tied), tied, tmp_path / "out")
    assert found.passed
    assert "lm_head.weight" not in HfWeights().shapes(found.folder)
    with pytest.raises(CheckpointError, match="ties its input and output"):
        merged(trained(tmp_path / "embedded", tied, target_modules=["embed_tokens"]), tied, tmp_path / "no")


def perturbed(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    """Alter one tensor of a merged model and sign the new bytes, so that only the proof can find it."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    tensors[name] = change(tensors[name])
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    record = read_json(folder / "provenance.json")
    record["subjects"]["model.safetensors"] = sha256_file(folder / "model.safetensors")
    write_json(folder / "provenance.json", record)


def one_value(tensor: Any) -> Any:
    tensor.view(-1)[5] += 1e-3
    return tensor


FAULTS: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "one value of an adapted matrix": ("model.layers.2.self_attn.v_proj.weight", one_value, "weight_difference"),
    "an adapted matrix that shrank": (
        "model.layers.0.self_attn.q_proj.weight",
        lambda t: t * 0.99,
        "weight_difference",
    ),
    "an output layer that shrank": ("lm_head.weight", lambda t: t * 0.5, "kl_mean"),
    "one value of a norm": ("model.norm.weight", one_value, "untouched_tensors"),
    "rounded embeddings": ("model.embed_tokens.weight", lambda t: t.bfloat16().float(), "untouched_tensors"),
    "NaN": ("model.layers.1.self_attn.o_proj.weight", lambda t: t * float("nan"), "kl_mean"),
}


@pytest.fixture(scope="module")
def released(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("released")
    adapter = make_adapter(folder / "adapter", base)
    return adapter, merged(adapter, base, folder / "out").folder


def test_a_merge_is_proved_again(base: Path, released: tuple[Path, Path]) -> None:
    adapter, out = released
    found = merging.verify(source_of(adapter, base), out, HfWeights(), QUICK, lambda _: None)
    assert found.passed
    assert found.checks[0].name == "bytes"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_corrupted_merge_is_refused_for(fault: str, base: Path, released: tuple[Path, Path], tmp_path: Path) -> None:
    name, change, check = FAULTS[fault]
    out = shutil.copytree(released[1], tmp_path / "out")
    perturbed(out, name, change)
    found = merging.verify(source_of(released[0], base), out, HfWeights(), QUICK, lambda _: None)
    assert not found.passed
    assert check in {one.name for one in found.checks if not one.passed}


def test_what_fails_its_proof_is_kept_aside(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Careless(HfWeights):
        def write(self, base: Path, adapter: Path, changes: Any, out: Path, *, float32: bool) -> dict[str, Any]:
            return super().write(base, adapter, dict(list(changes.items())[1:]), out, float32=float32)

    adapter = make_adapter(tmp_path / "adapter", base)
    for number in ("", "-1"):
        found = merging.merge(source_of(adapter, base), tmp_path / "out", Careless(), QUICK, lambda _: None)
        assert not found.passed
        assert found.folder.name == f"out.refused{number}"
        assert read_json(found.folder / "provenance.json")["passed"] is False
    assert not (tmp_path / "out").exists()


def test_the_command_merges_proves_and_refuses(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    adapter = make_adapter(tmp_path / "adapter", base)
    argv = ["merge", "--checkpoint-dir", str(adapter), "--out", str(tmp_path / "out"), "--json"]
    monkeypatch.setattr("cli_tuner.validate.recipe.recipe_of", lambda *_: type("S", (), {"release": QUICK}))
    assert main(argv) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["passed"] is True
    assert main(argv) == 2
    assert "is there already" in capsys.readouterr().err
    perturbed(tmp_path / "out", "model.norm.weight", one_value)
    assert main([*argv[:-1], "--verify-only"]) == 1
    out, err = capsys.readouterr()
    assert "untouched_tensors" in out and "not the adapter: untouched_tensors" in err
    (tmp_path / "out/config.json").write_text("{}")
    with pytest.raises(CheckpointError, match="not the bytes"):
        require_recorded(tmp_path / "out")


def test_nothing_is_left_behind_when_the_disk_is_full(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(CliTunerError, match="No space left"):
        merged(make_adapter(tmp_path / "adapter", base), base, tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"adapter"}

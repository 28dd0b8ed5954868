"""What a plan says: memory by part, parameters, tokens, timetable, disk, price, and what to change."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.config.load import load
from cli_tuner.config.realise import realise
from cli_tuner.config.targets import find_target, targets
from cli_tuner.errors import DataError
from cli_tuner.train.adapter import count_trainable
from cli_tuner.train.estimate import Estimate, estimate
from cli_tuner.train.memory import Memory, estimate_memory
from cli_tuner.train.shapes import Shape, find_shape, from_config
from cli_tuner.train.timetable import make_timetable, realised_warmup
from cli_tuner.train.tiny import tiny
from cli_tuner.train.tokens import Tokens, count_tokens, pack
from tests.fakes import ByteTokenizer

FULL, SMOKE, LOW, STYLE = (Path(f"configs/{name}.yaml") for name in ("full", "smoke", "low_vram", "style_transfer"))
QWEN_7B = "Qwen/Qwen2.5-Coder-7B-Instruct"


def shape_of(name: str) -> Shape:
    shape = find_shape(name)
    assert shape is not None
    return shape


def memory(path: Path, target: str, *overrides: str) -> Memory:
    values = realise(load(path, overrides), find_target(target)).axolotl
    shape = shape_of(values["base_model"])
    return estimate_memory(values, shape, count_trainable(values, shape))


def planned(path: Path, target: str, *overrides: str) -> Estimate:
    return estimate(load(path, overrides), find_target(target), targets(), None)


def test_the_full_recipe_on_24_gb_agrees_with_the_published_peak_of_9_gb_within_20_percent() -> None:
    peak = memory(FULL, "rtx-4090").peak_bytes
    assert abs(peak / 1e9 - 9) / 9 < 0.2
    assert abs(peak / 2**30 - 9) / 9 < 0.2


def test_each_part_of_the_memory_has_a_size_a_formula_and_a_source() -> None:
    for path, target in ((FULL, "rtx-4090"), (LOW, "gtx-1650"), (STYLE, "a100-40g")):
        for part in memory(path, target).parts:
            assert part.size_bytes > 0 and part.formula and part.source


def test_nf4_weights_take_4_127_bits_each() -> None:
    part = memory(FULL, "rtx-4090").parts[0]
    assert part.size_bytes * 8 / shape_of(QWEN_7B).n_linear == pytest.approx(4.127, abs=0.001)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        (QWEN_7B, 7_615_616_512), ("Qwen/Qwen2.5-Coder-1.5B-Instruct", 1_543_714_304),
        ("Qwen/Qwen2.5-Coder-0.5B-Instruct", 494_032_768), ("meta-llama/Llama-3.1-8B-Instruct", 8_030_261_248),
        ("meta-llama/Llama-3.1-70B-Instruct", 70_553_706_496), ("Qwen/Qwen2.5-72B-Instruct", 72_706_203_648),
        ("mistralai/Mistral-7B-v0.1", 7_241_732_096), ("mistralai/Mistral-7B-Instruct-v0.3", 7_248_023_552),
    ],
)  # fmt: skip
def test_a_known_base_model_has_as_many_parameters_as_the_hub_says(name: str, parameters: int) -> None:
    assert shape_of(name).n_parameters == parameters


def test_a_local_config_json_beats_the_table(tmp_path: Path) -> None:
    config = {"model_type": "llama", "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2,
              "num_attention_heads": 2, "vocab_size": 10}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    shape = shape_of(str(tmp_path))
    assert (shape.kv_heads, shape.head_dim, shape.source) == (2, 4, str(tmp_path / "config.json"))


@pytest.mark.parametrize("text", ["{", "[]", '{"model_type": "mamba"}', '{"model_type": "llama"}'])
def test_a_base_model_that_is_not_understood_is_not_guessed(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    assert find_shape(str(tmp_path)) is None
    assert find_shape("someone/unknown") is None


def test_a_4_gb_card_is_refused_with_changes_that_lead_to_one_that_fits() -> None:
    result = planned(FULL, "gtx-1650")
    assert result.fits is False
    assert result.advice[-1].fits and result.advice[-1].change == {"base_model": "Qwen/Qwen2.5-Coder-1.5B-Instruct"}
    assert {"bf16-on-old-gpu"} <= {remark.id for remark in result.remarks}
    assert planned(LOW, "gtx-1650").fits is True


def test_advice_of_a_wasteful_recipe_goes_step_by_step_until_it_fits() -> None:
    wasteful = ["adapter=lora", "load_in_4bit=false", "gradient_checkpointing=false", "optimizer=adamw_torch",
                "micro_batch_size=8", "gradient_accumulation_steps=1"]  # fmt: skip
    result = planned(FULL, "rtx-3060", *wasteful)
    peaks = [one.peak_bytes for one in result.advice]
    assert result.fits is False and peaks == sorted(peaks, reverse=True)
    assert [one.fits for one in result.advice] == [False] * (len(peaks) - 1) + [True]


def test_less_work_never_needs_more_memory() -> None:
    base = memory(FULL, "rtx-4090").step_bytes
    for worse in ("micro_batch_size=4", "sequence_len=2048", "gradient_checkpointing=false", "optimizer=adamw_torch",
                  "lora_r=64", "lora_modules_to_save=[lm_head]"):  # fmt: skip
        assert memory(FULL, "rtx-4090", worse).step_bytes > base, worse
    fused = "plugins=[axolotl.integrations.liger.LigerPlugin]", "liger_fused_linear_cross_entropy=true"
    assert memory(FULL, "rtx-4090", *fused).step_bytes < base


def test_the_style_recipe_counts_its_saved_modules_and_fits_24_gb() -> None:
    shape = shape_of("meta-llama/Llama-3.1-8B-Instruct")
    adapter = count_trainable(load(STYLE).axolotl, shape)
    assert (adapter.n_lora, adapter.n_saved) == (167_772_160, 2 * 128256 * 4096)
    assert planned(STYLE, "rtx-4090").fits is True
    assert planned(STYLE, "t4").fits is False


def test_without_rows_and_without_a_shape_the_plan_says_what_it_does_not_know() -> None:
    result = planned(FULL, "rtx-4090", "datasets[0].path=no.jsonl", "base_model=someone/unknown")
    assert result.memory is None and result.costs == []
    assert any("someone/unknown" in line for line in result.unknown)
    assert any("prepare" in line for line in result.unknown)


def rows(tmp_path: Path, lengths: list[int]) -> dict[str, Any]:
    path = tmp_path / "rows.jsonl"
    lines = [
        {"messages": [{"role": "user", "content": "u" * length}, {"role": "assistant", "content": "ls"}]}
        for length in lengths
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return {"datasets": [{"path": str(path)}], "sequence_len": 256}


def test_tokens_are_counted_with_the_models_tokenizer_and_padding_as_axolotl_pads(tmp_path: Path) -> None:
    values = rows(tmp_path, [10, 10, 10, 100])
    tokenizer = ByteTokenizer()
    counted = count_tokens({**values, "micro_batch_size": 1}, "datasets", tokenizer)
    assert counted is not None
    assert counted.trained == 4 * (len(tokenizer.encode("ls")) + 1)
    assert counted.total % 64 == 0 and counted.rows == counted.sequences == 4
    padded = count_tokens({**values, "micro_batch_size": 1, "pad_to_sequence_len": True}, "datasets", tokenizer)
    assert padded is not None and padded.total == 4 * 256
    packed = count_tokens({**values, "sample_packing": True}, "datasets", tokenizer)
    assert packed is not None and packed.total == packed.sequences * 256 < padded.total


def test_without_a_tokenizer_the_count_is_called_a_guess(tmp_path: Path) -> None:
    counted = count_tokens(rows(tmp_path, [33]), "datasets", None)
    assert counted is not None and "guessed" in counted.source and counted.trained > 0


def test_many_rows_are_counted_from_evenly_spaced_ones(tmp_path: Path) -> None:
    counted = count_tokens(rows(tmp_path, [20] * 4000), "datasets", None)
    assert counted is not None and counted.rows == 4000 and "1500 rows of 4000" in counted.source
    assert counted.trained == 4000 * 2


@given(st.lists(st.integers(1, 100), min_size=1, max_size=60))
def test_packing_loses_no_row_and_needs_no_more_than_one_sequence_a_row(lengths: list[int]) -> None:
    assert math.ceil(sum(lengths) / 100) <= pack(lengths, 100) <= len(lengths)


def counted(sequences: int) -> Tokens:
    return Tokens(sequences, 1, 1, 0, sequences, 2, "")


def test_the_timetable_of_the_full_recipe() -> None:
    table = make_timetable(load(FULL).axolotl, counted(1000), has_evaluation=True)
    assert (table.steps, table.steps_per_epoch, table.epochs, table.warmup) == (500, 250, 2.0, 50)
    assert table.saves == (100, 200, 300, 400, 500) and table.kept == 3
    assert table.evaluations == (0, *range(50, 501, 50))


def test_without_max_steps_the_epochs_decide_and_the_last_step_is_saved() -> None:
    values = {"num_epochs": 3, "micro_batch_size": 2, "gradient_accumulation_steps": 2, "save_steps": 4}
    table = make_timetable(values, counted(9), has_evaluation=False)
    assert (table.steps, table.steps_per_epoch, table.saves, table.evaluations) == (9, 3, (4, 8, 9), ())


@pytest.mark.parametrize(
    ("values", "steps", "warmup"),
    [
        ({"warmup_steps": 1}, 10, 2),
        ({"warmup_steps": 7}, 10, 7),
        ({"warmup_ratio": 0.1}, 50, 5),
        ({}, 500, 15),
        ({}, 9000, 100),
    ],
)
def test_the_warm_up_is_what_axolotl_makes_of_it(values: dict[str, Any], steps: int, warmup: int) -> None:
    assert realised_warmup(values, steps) == warmup


def test_a_faster_gpu_takes_less_time_and_every_gpu_has_a_price() -> None:
    result = planned(STYLE, "rtx-4090")
    hours = {cost.target.id: cost.hours for cost in result.costs}
    assert hours["h100"] < hours["a100-40g"] < hours["t4"] < hours["gtx-1650"]
    assert all(cost.usd == pytest.approx(cost.hours * cost.target.usd_per_hour) for cost in result.costs)
    assert "cpu" not in hours


def test_what_is_used_otherwise_than_written_is_listed() -> None:
    overrides = [
        "warmup_steps=1",
        "num_epochs=3",
        "save_total_limit=null",
        "sample_packing=true",
        "lora_qkv_kernel=null",
    ]
    used = {one.key: one.used for one in planned(FULL, "h100", *overrides).realised}
    assert (used["warmup_steps"], used["num_epochs"], used["save_total_limit"]) == (2, "ignored", 4)
    assert (used["pad_to_sequence_len"], used["eval_sample_packing"]) == (True, True)
    assert used["eval_steps"] == "50, and at step 0"
    style = {one.key: one.used for one in planned(STYLE, "t4").realised}
    assert (style["bf16"], style["fp16"], style["tf32"]) == (False, True, False)


@pytest.mark.parametrize("path", [FULL, SMOKE, LOW, STYLE], ids=lambda path: path.stem)
def test_a_tiny_recipe_keeps_what_it_proves_and_drops_what_a_cpu_cannot(path: Path) -> None:
    original = load(path)
    small = tiny(original)
    same = ("adapter", "load_in_4bit", "lora_r", "lora_alpha", "lora_target_modules", "lora_modules_to_save", "plugins")
    assert [small.axolotl.get(key) for key in same] == [original.axolotl.get(key) for key in same]
    assert (small.axolotl["max_steps"], small.axolotl["bf16"], small.axolotl["fp16"]) == (2, False, False)
    assert "paged" not in small.axolotl["optimizer"]
    assert small.axolotl["output_dir"].endswith("-tiny") and small.section.phase.endswith("-tiny")
    assert original.axolotl["output_dir"] == load(path).axolotl["output_dir"]


def test_a_mixture_of_experts_is_not_taken_for_a_dense_model() -> None:
    shape = shape_of("Qwen/Qwen3-30B-A3B")
    assert shape.n_parameters == pytest.approx(30.5e9, rel=0.02)
    assert shape.n_computed == pytest.approx(3.0e9, rel=0.1)
    assert set(shape.linear()) == {"q_proj", "k_proj", "v_proj", "o_proj"}


def sized() -> list[tuple[str, float]]:
    """Models whose published size is their own count, in billions."""
    return [
        ("Qwen/Qwen3-8B", 8.19), ("Qwen/Qwen3-0.6B", 0.596), ("Qwen/Qwen2.5-7B-Instruct", 7.62),
        ("unsloth/Meta-Llama-3.1-8B-bnb-4bit", 8.03), ("NousResearch/Llama-2-7b-hf", 6.74), ("google/gemma-2-9b", 9.24),
        ("google/gemma-2b", 2.51), ("google/gemma-3-1b-it", 1.0), ("microsoft/Phi-3-mini-4k-instruct", 3.82),
        ("microsoft/phi-4", 14.66), ("microsoft/phi-2", 2.78), ("HuggingFaceTB/SmolLM2-135M-Instruct", 0.1345),
        ("mistralai/Mistral-7B-v0.1", 7.24), ("mistralai/Mistral-Nemo-Base-2407", 12.25),
        ("mistralai/Mistral-Small-24B-Instruct-2501", 23.57), ("mistralai/Mixtral-8x7B-v0.1", 46.7),
        ("mistralai/Mixtral-8x22B-v0.1", 140.6), ("tiiuae/falcon-7b", 6.92), ("EleutherAI/pythia-1.4b", 1.41),
        ("TinyLlama/TinyLlama-1.1B-Chat-v1.0", 1.10), ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", 7.62),
        ("codellama/CodeLlama-34b-hf", 33.7), ("01-ai/Yi-34B-Chat", 34.4), ("Qwen/Qwen3-235B-A22B", 235.1),
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "billions"), sized(), ids=lambda one: str(one))
def test_a_well_known_model_has_as_many_weights_as_it_is_published_with(name: str, billions: float) -> None:
    shape = shape_of(name)
    assert not shape.stated
    assert shape.n_parameters / 1e9 == pytest.approx(billions, rel=0.01)


def test_every_row_of_the_table_is_of_the_size_that_a_name_of_it_states() -> None:
    from cli_tuner.config.models import ROWS

    checked = 0
    for pattern, row in ROWS:
        shape = from_config(row, "table")
        assert shape is not None, row
        names = pattern.pattern.replace("\\.", ".").replace("1_6b", "1.6b")
        stated = [float(n) * {"b": 1e9, "m": 1e6}[unit] for n, unit in re.findall(r"(\d+(?:\.\d+)?)([bm])", names)]
        if stated and "x7b" not in names and "x22b" not in names:
            checked += 1
            assert any(0.7 < shape.n_parameters / size < 1.35 for size in stated), (names, shape.n_parameters)
    assert checked > 0.8 * len(ROWS)


@pytest.mark.parametrize(
    ("name", "billions"),
    [("someone/new-model-13B-chat", 13), ("x/Other-30B-A3B", 30), ("x/tiny_0.5b_v2", 0.5), ("x/M-450M", 0.45)],
)
def test_a_name_that_states_a_size_is_planned_with_and_said_to_be_a_guess(name: str, billions: float) -> None:
    shape = shape_of(name)
    assert shape.n_parameters / 1e9 == pytest.approx(billions, rel=0.05)
    assert "guessed" in shape.source


def test_a_config_that_is_there_and_not_covered_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli_tuner.train.shapes.architecture", lambda _: {"error": "nobody can build it"})
    (tmp_path / "config.json").write_text('{"model_type": "mamba2"}')
    told = " ".join(planned(FULL, "rtx-4090", f"base_model={tmp_path}").unknown)
    assert "'mamba2', which is not covered: nobody can build it" in told and "no config.json" not in told


def test_a_kind_that_no_table_covers_is_counted_as_it_was_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = {
        "kind": "mamba2", "parameters": 2_140_128, "vocabulary": 512_000,
        "modules": {"layers.N.mixer.in_proj": [256, 1064, 4], "layers.N.mixer.out_proj": [512, 256, 4]},
        "sizes": {"hidden_size": 256, "num_hidden_layers": 4, "vocab_size": 1000, "tie_word_embeddings": False},
    }  # fmt: skip
    monkeypatch.setattr("cli_tuner.train.shapes.architecture", lambda _: built)
    (tmp_path / "config.json").write_text('{"model_type": "mamba2"}')
    result = planned(FULL, "rtx-4090", f"base_model={tmp_path}", "lora_target_modules=[in_proj]", "lora_r=8")
    assert result.shape is not None and result.shape.n_parameters == 2_140_128
    assert result.adapter is not None and result.adapter.n_lora == 8 * 4 * (256 + 1064)


def test_what_is_not_counted_is_said() -> None:
    assert planned(FULL, "rtx-4090").uncounted == []
    assert "FSDP" in planned(FULL, "rtx-4090", "fsdp_config={offload_params: true}").uncounted[0]


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("swiss-ai/Apertus-8B-Instruct-2509", 8.05), ("tiiuae/Falcon-H1-7B-Base", 7.59), ("LiquidAI/LFM2-8B-A1B", 8.34),
        ("deepseek-ai/DeepSeek-V2-Lite-Chat", 15.7), ("ai21labs/Jamba-v0.1", 51.6), ("google/gemma-4-31B-it", 30.7),
        ("unsloth/Qwen3.5-9B", 8.95), ("mistralai/Mamba-Codestral-7B-v0.1", 7.29), ("deepseek-ai/DeepSeek-R1", 671.0),
        ("me/my_lfm2_350m_tuned", 0.354),
    ],
)  # fmt: skip
def test_a_model_of_an_uncommon_kind_has_the_weights_that_its_owner_states(name: str, billions: float) -> None:
    shape = find_shape(name)
    assert shape is not None and not shape.stated
    assert shape.n_parameters == pytest.approx(billions * 1e9, rel=0.01)
    parts = shape.n_linear + shape.n_experts + shape.n_vocabulary + shape.n_small
    assert parts == pytest.approx(shape.n_parameters, rel=0.001)
    assert shape.n_computed <= shape.n_parameters * 1.05


def test_a_distilled_model_is_not_the_one_that_taught_it() -> None:
    shape = find_shape("someone/DeepSeek-R1-Distill-Whatever-9B")
    assert shape is not None and shape.stated == 9e9


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe{}\n", "not UTF-8"),
        (b"nope\n", ":1: not JSON"),
        (b"[" * 100_000 + b"\n", ":1: not JSON"),
        (b"", "holds no row"),
        (b'{"messages": 3}\n', "holds no row"),
        (b'{"messages": [{"role": "user", "content": null}, 3]}\n', "holds no row"),
    ],
)
def test_rows_that_are_no_conversations_are_told_not_planned(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_bytes(content)
    with pytest.raises(DataError, match=said):
        count_tokens({"datasets": [{"path": str(tmp_path / "r.jsonl"), "type": "chat_template"}]}, "datasets", None)


def test_rows_of_another_kind_are_not_counted(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text('{"instruction": "a", "output": "b"}\n', encoding="utf-8")
    values = {"datasets": [{"path": str(tmp_path / "r.jsonl"), "type": "alpaca"}]}
    assert count_tokens(values, "datasets", None) is None


def test_all_weights_trained_are_not_counted_twice() -> None:
    full = memory(FULL, "h200", "adapter=null", "load_in_4bit=false")
    shape = shape_of(QWEN_7B)
    by_hand = shape.n_parameters * (2 + 2 + 2 * (1 + 4 / 256))  # bf16 weights and gradients, two 8-bit states
    assert by_hand < full.step_bytes < by_hand * 1.15


@pytest.mark.parametrize(
    ("pattern", "per_layer"),
    [
        (r".*self_attn.*", ("q_proj", "k_proj", "v_proj", "o_proj")),
        (r"model\.layers\.\d+\.mlp\.(up|down)_proj", ("up_proj", "down_proj")),
        ("q_proj", ()),  # PEFT matches the whole path
    ],
)
def test_a_pattern_covers_what_peft_finds_by_it(pattern: str, per_layer: tuple[str, ...]) -> None:
    shape = shape_of(QWEN_7B)
    adapter = count_trainable({"adapter": "qlora", "lora_r": 8, "lora_target_modules": pattern}, shape)
    assert adapter.targets == per_layer


def test_a_misspelled_base_model_gets_the_name_that_is_near() -> None:
    result = planned(FULL, "rtx-4090", "base_model=Qwen/Qwen2.5-Codr-7B-Instruct")
    assert "did you mean Qwen2.5-Coder-7B-Instruct?" in result.unknown[0]
    assert "hf download" in planned(FULL, "rtx-4090", "base_model=me/other").unknown[0]

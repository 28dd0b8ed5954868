"""What the plan says without torch is what PEFT, transformers and Axolotl say with it."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.backends.architecture_rows import ROWS
from cli_tuner.backends.architecture_tables import paths_of, shape_of
from cli_tuner.backends.axolotl_check import ask
from cli_tuner.config.built import built_model, module_paths
from cli_tuner.config.deep import Question
from cli_tuner.config.load import Config, load
from cli_tuner.config.realise import realise
from cli_tuner.config.targets import Target, find_target
from cli_tuner.train.adapter import count_trainable
from cli_tuner.train.estimate import estimate
from cli_tuner.train.shapes import Shape, find_shape

pytestmark = pytest.mark.contract

QWEN_7B, LLAMA_8B = "Qwen/Qwen2.5-Coder-7B-Instruct", "meta-llama/Llama-3.1-8B-Instruct"
SMALL, SAVED = "Qwen/Qwen2.5-Coder-1.5B-Instruct", ["embed_tokens", "lm_head"]


def meta_model(shape: Shape) -> Any:
    """Build the model with shapes and no memory."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config

    kind = {"qwen2": Qwen2Config, "llama": LlamaConfig}[shape.kind]
    config = kind(
        hidden_size=shape.hidden, intermediate_size=shape.inner, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, num_key_value_heads=shape.kv_heads, vocab_size=shape.vocab,
        tie_word_embeddings=shape.tied, max_position_embeddings=shape.max_positions,
    )  # fmt: skip
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)


@pytest.mark.parametrize(
    ("base_model", "settings", "expected"),
    [
        (QWEN_7B, {"lora_r": 8, "lora_target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"]}, 5_046_272),
        (SMALL, {"lora_r": 8, "lora_target_modules": ["q_proj", "o_proj"]}, None),
        (LLAMA_8B, {"lora_r": 64, "lora_target_linear": True, "lora_modules_to_save": SAVED}, 1_218_445_312),
    ],
)
def test_trainable_parameters_are_pefts_own_count(
    base_model: str, settings: dict[str, Any], expected: int | None
) -> None:
    from peft import LoraConfig, get_peft_model

    shape = find_shape(base_model)
    assert shape is not None
    model = meta_model(shape)
    assert sum(parameter.numel() for parameter in model.parameters()) == shape.n_parameters
    targets = "all-linear" if settings.get("lora_target_linear") else settings["lora_target_modules"]
    saved = settings.get("lora_modules_to_save")
    lora = LoraConfig(r=settings["lora_r"], target_modules=targets, modules_to_save=saved, task_type="CAUSAL_LM")
    adapted = get_peft_model(model, lora)
    trainable, _ = adapted.get_nb_trainable_parameters()
    counted = count_trainable({"adapter": "qlora", **settings}, shape).n_trainable
    assert counted == trainable
    assert expected in (None, counted)
    for name, parameter in adapted.named_parameters():
        if parameter.requires_grad:  # the widths that the memory estimate counts with
            assert parameter.element_size() == (4 if "lora_" in name else 2)


BUILT: dict[str, dict[str, Any]] = {
    "qwen3": {}, "gemma2": {"head_dim": 32}, "phi3": {"pad_token_id": 0}, "mistral": {}, "smollm3": {"pad_token_id": 0},
    "mixtral": {"num_local_experts": 4}, "qwen3_moe": {"num_experts": 4, "moe_intermediate_size": 64},
    "phi": {}, "gpt_neox": {},
}  # fmt: skip


@pytest.mark.parametrize("kind", BUILT)
def test_a_shape_from_a_config_counts_what_transformers_builds(kind: str, tmp_path: Path) -> None:
    from transformers import AutoConfig

    from cli_tuner.backends.architecture import modules_of

    sizes = {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 3, "num_attention_heads": 4,
             "num_key_value_heads": 4, "vocab_size": 1000, "tie_word_embeddings": False}  # fmt: skip
    AutoConfig.for_model(kind, **{**sizes, **BUILT[kind]}).save_pretrained(tmp_path)
    built, shape = modules_of(tmp_path), find_shape(str(tmp_path))
    assert shape is not None
    linear = {path.rpartition(".")[2]: tuple(one[:2]) for path, one in built["modules"].items()}
    linear.pop("gate", None)  # the router of experts
    assert shape.linear() == linear
    assert shape.n_parameters == pytest.approx(built["parameters"], rel=0.02)


def asked(config: Config, target: Target) -> dict[str, Any]:
    """Ask in this process: the import of Axolotl is paid once."""
    return ask({**config.complete(), "output_dir": tempfile.mkdtemp()}, target.capabilities())


RECIPES = [Path("configs") / name for name in ("full.yaml", "smoke.yaml", "low_vram.yaml", "style_transfer.yaml")]
TARGETS = {"full": "rtx-4090", "smoke": "cpu", "low_vram": "gtx-1650", "style_transfer": "a100-40g"}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_axolotl_takes_the_recipe_on_its_target_and_uses_what_the_plan_says(path: Path) -> None:
    config, target = load(path), find_target(TARGETS[path.stem])
    meant = realise(config, target)
    answer = asked(meant, target)
    assert answer["faults"] == []
    used = answer["realised"]
    for key, value in meant.axolotl.items():
        if isinstance(value, (bool, int, float, str)) and key not in ("output_dir", "lora_r", "fp16"):
            assert used.get(key) in (value, None) or key in ("bf16", "tf32"), key
    assert [bool(used.get(key)) for key in ("bf16", "tf32")] == [
        bool(meant.axolotl.get(key)) for key in ("bf16", "tf32")
    ]


def test_the_plans_corrections_are_axolotls() -> None:
    config = load(Path("configs/full.yaml"), ["sample_packing=true", "tf32=auto", "bf16=auto"])
    target = find_target("h100")
    ours = {one.key: one.used for one in estimate(config, target, {}).realised}
    theirs = asked(config, target)["realised"]
    for key in ("pad_to_sequence_len", "eval_sample_packing", "tf32"):
        assert (key, ours[key]) == (key, theirs[key])


def test_axolotl_itself_refuses_what_the_deep_check_asks_it() -> None:
    config = load(Path("configs/smoke.yaml"), ["val_set_size=0.1"])
    answer = Question(config, config.axolotl, find_target("cpu"), deep=True).answer()  # the real child
    assert any("test_datasets" in fault for fault in answer.faults)


def test_a_secret_is_expanded_in_the_training_process_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from axolotl.cli.config import prepare_plugins
    from axolotl.utils.dict import DictDefault

    monkeypatch.setenv("COMET_API_KEY", "hush")
    config = load(Path("configs/smoke.yaml"), ["comet_api_key=${COMET_API_KEY}"])
    raw = DictDefault({**config.complete(), "output_dir": str(tmp_path)})
    prepare_plugins(raw)
    assert raw["comet_api_key"] == "hush"
    assert "hush" not in str(config.complete())


@pytest.mark.parametrize("kind", ["llama", "gemma3", "glm4", "jamba", "qwen3_moe"])
def test_the_table_of_modules_is_what_transformers_builds(kind: str) -> None:
    assert list(module_paths(kind)) == paths_of(kind)


@pytest.mark.parametrize("name", ["falcon-h1-0.5b", "lfm2-1.2b", "apertus-8b", "granite-4.0-h-tiny", "gemma-4-e2b"])
def test_the_table_of_weights_is_what_transformers_builds(name: str) -> None:
    row = next(one for one in ROWS if re.fullmatch(one.pattern, name))
    assert built_model(f"owner/{name}") == shape_of(row)


def test_a_table_of_modules_agrees_with_peft_on_what_is_found() -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig

    from cli_tuner.backends.architecture import build

    before = r"language_model.model.layers.[\d]+.self_attn.q_proj"
    for kind, target in (
        ("gemma3", before),
        ("gemma3", before.replace("language_model.model", "model.language_model")),
    ):
        paths = [path.replace(".N", ".0") for path in module_paths(kind)]
        with torch.device("meta"):
            model = build(AutoConfig.for_model(kind))
        config = LoraConfig(r=2, target_modules=target, task_type="CAUSAL_LM")
        if any(re.fullmatch(target, path) for path in paths):
            get_peft_model(model, config, low_cpu_mem_usage=True)
        else:
            with pytest.raises(ValueError, match="not found"):
                get_peft_model(model, config, low_cpu_mem_usage=True)

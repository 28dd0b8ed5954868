"""Every contradiction has a config that has it and one that nearly has it."""

from __future__ import annotations

from typing import Any

import pytest

from cli_tuner.config.contradictions import RULES, contradictions
from cli_tuner.config.load import load
from cli_tuner.config.models import known_config
from cli_tuner.config.predicates import PLUGIN, Case
from cli_tuner.config.sections import Section
from cli_tuner.config.targets import find_target
from cli_tuner.config.versions import releases

GOOD: dict[str, Any] = {
    "base_model": "m", "adapter": "qlora", "load_in_4bit": True, "seed": 42, "plugins": [PLUGIN],
    "datasets": [{"path": "a.jsonl", "type": "chat_template"}], "lora_r": 8, "lora_alpha": 16,
    "lora_target_modules": ["q_proj", "v_proj"],
    "lora_qkv_kernel": False, "lora_o_kernel": False, "lora_mlp_kernel": False,
}  # fmt: skip
EVALUATED = {"test_datasets": [{"path": "b.jsonl"}]}
RECORD = {"phase": "train", "base_model": {"name": "m"}, "method": {"r": 8}, "training": {"seed": 42}}
POSITIONS = {"max_position_embeddings": 512}
GEMMA_3 = r"model.language_model.layers.[\d]+.(mlp|self_attn).(up|down|gate|q|k|v|o)_proj"
BEFORE_5 = r"language_model.model.layers.[\d]+.(mlp|self_attn).(up|down|gate|q|k|v|o)_proj"  # of transformers 4
LLAMA = {"_base": {"model_type": "llama"}}
BEST = {"load_best_model_at_end": True, **EVALUATED}
CHAT, AUTO = {"task": "chat"}, {"precision": "auto"}
COMPLETION = {"datasets": [{"path": "a.jsonl", "type": "completion"}]}
ALL_ROLES = {"datasets": [{"path": "a.jsonl", "type": "chat_template", "roles_to_train": ["user", "assistant"]}]}

# rule -> (a hit, a near miss); what begins with `_` is not Axolotl's
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "4bit-without-qlora": ({"adapter": "lora"}, {"adapter": "lora", "load_in_4bit": False}),
    "qlora-without-4bit": ({"load_in_4bit": False}, {"load_in_4bit": "true"}),
    "unknown-adapter": ({"adapter": "ia3", "load_in_4bit": False}, {"adapter": None, "load_in_4bit": False}),
    "completion-trains-the-prompt": (COMPLETION, {**COMPLETION, "_section": CHAT}),
    "prompt-trained": (ALL_ROLES, {**ALL_ROLES, "_section": CHAT}),
    "plugin-missing": ({"plugins": ["other.Plugin"]}, {"plugins": ["other.Plugin", PLUGIN]}),
    "remote-code": ({"trust_remote_code": True}, {"trust_remote_code": False}),
    "no-training-rows": ({"datasets": []}, {"datasets": [], "pretraining_dataset": "x"}),
    "seed-missing": ({"seed": None}, {"seed": 0}),
    "rank-without-adapter": (
        {"adapter": None, "load_in_4bit": False, "lora_r": 8}, {"adapter": None, "load_in_4bit": False, "lora_r": None},
    ),
    "sharded-8bit-optimizer": (
        {"fsdp_config": {"offload_params": True}, "optimizer": "adamw_bnb_8bit"},
        {"fsdp_config": {"offload_params": True}, "optimizer": "adamw_torch_8bit"},
    ),
    "few-rows-for-packing": (
        {"sample_packing": True, "val_set_size": 4},
        {"sample_packing": True, "val_set_size": 4, "eval_sample_packing": False},
    ),
    "tied-embeddings": (
        {"lora_modules_to_save": ["lm_head"], "_base": {"model_type": "qwen2", "tie_word_embeddings": True}},
        {"lora_modules_to_save": ["lm_head"], "_base": {"model_type": "qwen2", "tie_word_embeddings": False}},
    ),
    "new-tokens-untrained": ({"tokens": ["<x>"]}, {"tokens": ["<x>"], "lora_modules_to_save": ["embed_tokens"]}),
    "end-token-untrained": (
        {"datasets": [{"path": "a.jsonl", "type": "chat_template", "train_on_eos": "none"}]},
        {"datasets": [{"path": "a.jsonl", "type": "chat_template", "train_on_eos": "turn"}]},
    ),
    "turns-never-trained": (
        {"base_model": "Qwen/Qwen2.5-7B", "chat_template": "tokenizer_default"},
        {"base_model": "Qwen/Qwen2.5-7B-Instruct", "chat_template": "tokenizer_default"},
    ),
    "two-target-lists": (
        {"lora_target_linear": True, "lora_target_modules": ["q_proj"]},
        {"lora_target_linear": True, "lora_target_modules": None},
    ),
    "max-steps-beat-epochs": ({"max_steps": 10, "num_epochs": 1}, {"max_steps": 10}),
    "warmup-longer-than-run": ({"max_steps": 10, "warmup_steps": 10}, {"max_steps": 10, "warmup_steps": 9}),
    "warmup-of-one": ({"warmup_steps": 1}, {"warmup_steps": 2}),
    "best-model-misaligned": (
        {"load_best_model_at_end": True, "save_steps": 75, "eval_steps": 50, **EVALUATED},
        {"load_best_model_at_end": True, "save_steps": 100, "eval_steps": 50, **EVALUATED},
    ),
    "best-model-without-evaluation": (
        {"load_best_model_at_end": True, "eval_steps": 5},
        {"load_best_model_at_end": True, "eval_steps": 5, **EVALUATED},
    ),
    "evaluation-without-rows": ({"eval_steps": 5}, {"eval_steps": 5, **EVALUATED}),
    "two-validation-sets": ({"val_set_size": 0.1, **EVALUATED}, {"val_set_size": 0, **EVALUATED}),
    "never-evaluated-in-time": (
        {"eval_steps": 11, "max_steps": 10, **EVALUATED}, {"eval_steps": 10, "max_steps": 10, **EVALUATED},
    ),
    "save-total-limit-hidden": ({"save_steps": 5}, {"save_steps": 5, "save_total_limit": 1}),
    "weights-cannot-resume": (
        {"save_only_model": True, "auto_resume_from_checkpoints": True}, {"auto_resume_from_checkpoints": True},
    ),
    "weights-only": ({"save_only_model": True}, {"save_only_model": False}),
    "auto-resume": ({"auto_resume_from_checkpoints": True}, {"auto_resume_from_checkpoints": False}),
    "output-of-another-config": ({"_record": {**RECORD, "method": {"r": 4}}}, {"_record": RECORD}),
    "padding-without-packing": (
        {"pad_to_sequence_len": True}, {"pad_to_sequence_len": True, "sample_packing": True},
    ),
    "two-precisions": ({"bf16": True, "fp16": True}, {"bf16": True, "fp16": True, "_section": AUTO}),
    "bf16-on-old-gpu": ({"bf16": True, "_target": "t4"}, {"bf16": True, "_target": "a100-40g"}),
    "fp16-on-cpu": ({"fp16": True, "_target": "cpu"}, {"fp16": True, "_target": "gtx-1650"}),
    "saved-modules-in-fp16": (
        {"fp16": True, "lora_modules_to_save": ["lm_head"]},
        {"fp16": True, "bf16": True, "lora_modules_to_save": ["lm_head"], "_section": AUTO},
    ),
    "tf32-unsupported": ({"tf32": True, "_target": "t4"}, {"tf32": "auto", "_target": "t4"}),
    "fp8-unsupported": ({"fp8": True, "_target": "rtx-3090"}, {"fp8": True, "_target": "rtx-4090"}),
    "kernels-on-cpu": (
        {"lora_qkv_kernel": None, "lora_o_kernel": None, "lora_mlp_kernel": None, "_target": "cpu"},
        {"lora_mlp_kernel": None, "_target": "cpu"},
    ),
    "flash-attention-unsupported": (
        {"attn_implementation": "flash_attention_2", "_target": "t4"},
        {"attn_implementation": "flash_attention_2", "_target": "l4"},
    ),
    "packing-mixes-rows": (
        {"sample_packing": True, "attn_implementation": "s2"},
        {"sample_packing": True, "attn_implementation": "flash_attention_2"},
    ),
    "sequence-beyond-model": ({"sequence_len": 513, "_base": POSITIONS}, {"sequence_len": 512, "_base": POSITIONS}),
    "hub-push-at-every-save": ({"hub_model_id": "a/b"}, {"hub_model_id": ""}),
    "wandb-uploads-checkpoints": ({"wandb_log_model": "checkpoint"}, {"wandb_log_model": "false"}),
    "wandb-online-without-key": (
        {"wandb_mode": "online", "_key": False}, {"wandb_mode": "online", "_key": True},
    ),
    "base-model-missing": ({"base_model": ""}, {}),
    "base-model-name": ({"base_model": "https://hub/a/b"}, {"base_model": "a/b"}),
    "base-model-not-here": (
        {"base_model": "./mine", "_paths": {"base_model": "nothing"}},
        {"base_model": "./mine", "_paths": {"base_model": "folder"}},
    ),
    "base-model-already-quantised": (
        {"base_model": "Qwen/Qwen2.5-7B-Instruct-AWQ"}, {"base_model": "me/Qwen2.5-7B-hawq"},
    ),
    "quantised-twice": ({"load_in_8bit": True}, {"load_in_8bit": True, "load_in_4bit": False, "adapter": "lora"}),
    "quantised-without-adapter": (
        {"load_in_8bit": True, "load_in_4bit": False, "adapter": None},
        {"load_in_8bit": True, "load_in_4bit": False, "adapter": "lora"},
    ),
    "qlora-of-gptq": ({"gptq": True}, {"gptq": True, "adapter": "lora", "load_in_4bit": False}),
    "adapter-without-rank": ({"lora_r": None}, {"lora_r": None, "lora_model_dir": "a/b"}),
    "adapter-without-alpha": ({"lora_alpha": None}, {"lora_alpha": None, "adapter": None}),
    "adapter-without-targets": (
        {"lora_target_modules": []}, {"lora_target_modules": [], "lora_target_linear": True},
    ),
    "unknown-targets": ({"lora_target_modules": ["q_porj"]}, {"lora_target_modules": ["c_attn"]}),
    "targets-in-part": (
        {"lora_target_modules": ["q_proj", "gate_proj"], "_base": {"model_type": "glm4"}},
        {"lora_target_modules": ["q_proj", "gate_up_proj"], "_base": {"model_type": "glm4"}},
    ),
    "unknown-saved-modules": ({"lora_modules_to_save": ["lm_heads"]}, {"lora_modules_to_save": ["score"]}),
    "unknown-plugin": (
        {"plugins": [PLUGIN, "axolotl.integrations.ligr.LigerPlugin"]}, {"plugins": [PLUGIN, "mine.Plugin"]},
    ),
    "pickled-weights": ({"save_safetensors": False}, {"save_safetensors": None}),
    "rows-without-type": ({"datasets": [{"path": "a.jsonl"}]}, {}),
    "evaluated-on-training-rows": (
        {"test_datasets": [{"path": "a.jsonl", "split": "train"}]},
        {"datasets": [{"path": "a/b", "type": "chat_template", "split": "train"}],
         "test_datasets": [{"path": "a/b", "split": "test"}]},
    ),
    "template-without-text": (
        {"chat_template": "jinja"}, {"chat_template": "jinja", "chat_template_jinja": "{{ x }}"},
    ),
    "warmup-twice": ({"warmup_steps": 5, "warmup_ratio": 0.1}, {"warmup_steps": 0, "warmup_ratio": 0.1}),
    "saves-twice": ({"save_steps": 5, "saves_per_epoch": 1}, {"save_steps": 5, "save_strategy": "steps"}),
    "evaluates-twice": (
        {"evals_per_epoch": 2, "eval_strategy": "epoch"}, {"evals_per_epoch": 2, "eval_strategy": "steps"},
    ),
    "early-stop-without-evaluation": (
        {"early_stopping_patience": 2}, {"early_stopping_patience": 2, "eval_steps": 5, **EVALUATED},
    ),
    "early-stop-misaligned": (
        {"early_stopping_patience": 2, "eval_steps": 50, "save_steps": 75},
        {"early_stopping_patience": 2, "eval_steps": 50, "save_steps": 150},
    ),
    "never-saved-in-time": ({"save_steps": 11, "max_steps": 10}, {"save_steps": 10, "max_steps": 10}),
    "resume-from-nothing": (
        {"resume_from_checkpoint": "x", "_paths": {"resume_from_checkpoint": "nothing"}},
        {"resume_from_checkpoint": "x", "_paths": {"resume_from_checkpoint": "folder"}},
    ),
    "adapter-from-nothing": (
        {"lora_model_dir": "./x", "_paths": {"lora_model_dir": "nothing"}},
        {"lora_model_dir": "me/x", "_paths": {"lora_model_dir": "nothing"}},
    ),
    "output-among-others": ({"output_dir": "./"}, {"output_dir": "./out"}),
    "output-is-a-file": (
        {"output_dir": "a", "_paths": {"output_dir": "file"}}, {"output_dir": "a", "_paths": {"output_dir": "folder"}},
    ),
    "two-attentions": (
        {"attn_implementation": "sdpa", "flash_attention": True},
        {"attn_implementation": "sdpa", "flash_attention": False},
    ),
    "two-launchers": ({"deepspeed": "d.json", "fsdp_config": {"fsdp_version": 2}}, {"deepspeed": "d.json"}),
    "deepspeed-from-nothing": (
        {"deepspeed": "d.json", "_paths": {"deepspeed": "nothing"}},
        {"deepspeed": "d.json", "_paths": {"deepspeed": "file"}},
    ),
    "trackio-broken": ({"use_trackio": True}, {"use_trackio": False}),
}  # fmt: skip


def found(changes: dict[str, Any]) -> list[str]:
    values = {**GOOD, **{key: value for key, value in changes.items() if not key.startswith("_")}}
    target = changes.get("_target")
    case = Case(
        release=releases()[0],  # where no rule is closed
        values=values,
        section=Section.model_validate(changes.get("_section", {})),
        target=find_target(target) if target else None,
        output_record=changes.get("_record", {}),
        base_config=changes.get("_base", {}),
        known_base=known_config(str(values.get("base_model"))) or {},
        paths=changes.get("_paths", {}),
        has_wandb_key=changes.get("_key", True),
        unreadable=frozenset(changes.get("_unreadable", ())),
    )
    return [rule.id for rule in contradictions(case)]


def test_the_table_of_cases_names_every_rule_once() -> None:
    assert sorted(CASES) == sorted(rule.id for rule in RULES)


def test_a_good_config_has_no_contradiction() -> None:
    assert found({}) == []


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_hits_its_case_and_not_the_near_miss(rule: str) -> None:
    hit, near_miss = CASES[rule]
    assert rule in found(hit)
    assert rule not in found(near_miss)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_points_at_a_real_key_and_says_why_and_how_to_mend(rule: Any) -> None:
    from cli_tuner.config.axolotl import known_keys

    schema = known_keys()
    assert rule.key in schema["models"][schema["root"]]
    assert rule.why and rule.fix


# Unusual spellings of the same contradictions
@pytest.mark.parametrize(
    ("changes", "rule", "holds"),
    [
        ({"lora_target_modules": ["c_attn"], **LLAMA}, "unknown-targets", True),
        ({"lora_target_modules": ["q_proj", "k_prj"], **LLAMA}, "unknown-targets", True),
        ({"lora_target_modules": ["lm_head", "layers.31.mlp.up_proj"], **LLAMA}, "unknown-targets", False),
        ({"lora_target_modules": ["q_proj", "in_proj"], **LLAMA}, "targets-in-part", True),
        (
            {"lora_target_modules": ["in_proj"], "base_model": "mistralai/Mamba-Codestral-7B-v0.1"},
            "unknown-targets",
            False,
        ),
        (
            {"lora_target_modules": ["q_proj"], "base_model": "mistralai/Mamba-Codestral-7B-v0.1"},
            "unknown-targets",
            True,
        ),
        ({"lora_target_modules": ["w1", "w2", "w3"], "_base": {"model_type": "mixtral"}}, "unknown-targets", False),
        ({"lora_target_modules": ["q_proj", "v_proj"], "base_model": "microsoft/phi-4"}, "unknown-targets", True),
        ({"lora_target_modules": r"model\.layers\.(2[0-9])\.mlp\.up_proj", **LLAMA}, "unknown-targets", False),
        ({"lora_target_modules": GEMMA_3, "base_model": "google/gemma-3-4b-it"}, "unknown-targets", False),
        ({"lora_target_modules": GEMMA_3, "base_model": "unsloth/gemma-3-1b-it"}, "unknown-targets", True),
        ({"lora_target_modules": GEMMA_3, "base_model": "someone/unknown"}, "unknown-targets", False),
        ({"lora_target_modules": GEMMA_3, "base_model": "meta-llama/Llama-3.2-11B-Vision"}, "unknown-targets", False),
        ({"lora_target_modules": BEFORE_5, "base_model": "llava-hf/llava-1.5-7b-hf"}, "unknown-targets", True),
        ({"lora_target_modules": "q_proj,v_proj", **LLAMA}, "unknown-targets", True),
        ({"lora_target_modules": "(q|v"}, "unknown-targets", True),
        ({"lora_target_modules": r".*\.(q|v)_proj", **LLAMA}, "unknown-targets", False),
        ({"lora_target_modules": "all-linear", **LLAMA}, "unknown-targets", False),
        ({"lora_target_modules": ["model.layers.0.self_attn.q_proj"], **LLAMA}, "unknown-targets", False),
        ({"lora_target_modules": ["w1", "w2"], "base_model": "mistralai/Mixtral-MoE"}, "unknown-targets", False),
        ({"base_model": "a b/c"}, "base-model-name", True),
        ({"base_model": "~/model"}, "base-model-name", True),
        ({"base_model": "models/x.gguf"}, "base-model-name", True),
        ({"base_model": "gpt2"}, "base-model-name", False),
        ({"base_model": "a b", "_paths": {"base_model": "folder"}}, "base-model-name", False),
        ({"_base": {"quantization_config": {"quant_method": "gptq"}}}, "base-model-already-quantised", True),
        ({"_base": {"quantization_config": {"quant_method": "bitsandbytes"}}}, "base-model-already-quantised", False),
        ({"output_dir": "~/x"}, "output-among-others", False),
        ({"save_steps": 0.3, "eval_steps": 0.1, **BEST}, "best-model-misaligned", False),
        ({"save_steps": 0.1, "eval_steps": 0.3, **BEST}, "best-model-misaligned", True),
        ({"save_steps": 100, "eval_steps": 0.1, **BEST}, "best-model-misaligned", True),
        ({"save_strategy": "epoch", "eval_steps": 10, **BEST}, "best-model-misaligned", True),
        ({"warmup_ratio": 1.0}, "warmup-longer-than-run", True),
        ({"attn_implementation": "flash_attention_3", "_target": "a100-40g"}, "flash-attention-unsupported", True),
        ({"attn_implementation": "flash_attention_3", "_target": "h100"}, "flash-attention-unsupported", False),
        ({"datasets": [{"path": "a", "type": "chat_template", "train_on_eos": "all"}]}, "prompt-trained", True),
        ({"bf16": "yes", "_target": "t4"}, "bf16-on-old-gpu", True),
        ({"bf16": "auto", "fp16": True}, "two-precisions", False),
    ],
)
def test_an_unusual_spelling_is_seen_through(changes: dict[str, Any], rule: str, holds: bool) -> None:
    assert (rule in found(changes)) is holds


def test_a_rule_that_would_look_at_a_value_of_the_wrong_kind_is_not_judged() -> None:
    assert found({"adapter": "lora", "_unreadable": ["load_in_4bit"]}) == []
    assert found({"adapter": "lora", "seed": None, "_unreadable": ["lora_r"]}) == ["4bit-without-qlora", "seed-missing"]


def test_errors_come_before_warnings() -> None:
    assert found({"seed": None, "adapter": "lora"}) == ["4bit-without-qlora", "seed-missing"]


@pytest.mark.parametrize("name", ["full", "low_vram", "style_transfer"])
def test_our_recipes_are_clean_on_the_gpu_that_they_are_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    from cli_tuner.config.check import judge

    monkeypatch.setenv("WANDB_API_KEY", "x")
    target = find_target("gtx-1650" if name == "low_vram" else "rtx-4090")
    config = load(Path(f"configs/{name}.yaml"))
    config.axolotl["output_dir"] = "no/such/folder"
    assert judge(config, target).remarks == []

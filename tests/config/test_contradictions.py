"""Every contradiction has a config that has it and one that nearly has it."""

from __future__ import annotations

from typing import Any

import pytest

from cli_tuner.config.contradictions import RULES, contradictions
from cli_tuner.config.load import load
from cli_tuner.config.predicates import PLUGIN, Case
from cli_tuner.config.sections import Section
from cli_tuner.config.targets import find_target

GOOD: dict[str, Any] = {
    "base_model": "m", "adapter": "qlora", "load_in_4bit": True, "seed": 42, "plugins": [PLUGIN],
    "datasets": [{"path": "a.jsonl", "type": "chat_template"}], "lora_r": 8,
    "lora_qkv_kernel": False, "lora_o_kernel": False, "lora_mlp_kernel": False,
}  # fmt: skip
EVALUATED = {"test_datasets": [{"path": "b.jsonl"}]}
RECORD = {"phase": "train", "base_model": {"name": "m"}, "method": {"r": 8}, "training": {"seed": 42}}
CHAT, AUTO = {"task": "chat"}, {"precision": "auto"}
COMPLETION = {"datasets": [{"path": "a.jsonl", "type": "completion"}]}
ALL_ROLES = {"datasets": [{"path": "a.jsonl", "type": "chat_template", "roles_to_train": ["user", "assistant"]}]}

# rule -> (a hit, a near miss); `_target`, `_section`, `_record`, `_positions`, `_key` are not Axolotl's
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
    "two-target-lists": (
        {"lora_target_linear": True, "lora_target_modules": ["q_proj"]}, {"lora_target_linear": True},
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
    "sequence-beyond-model": ({"sequence_len": 513, "_positions": 512}, {"sequence_len": 512, "_positions": 512}),
    "hub-push-at-every-save": ({"hub_model_id": "a/b"}, {"hub_model_id": ""}),
    "wandb-uploads-checkpoints": ({"wandb_log_model": "checkpoint"}, {"wandb_log_model": "false"}),
    "wandb-online-without-key": (
        {"wandb_mode": "online", "_key": False}, {"wandb_mode": "online", "_key": True},
    ),
    "trackio-broken": ({"use_trackio": True}, {"use_trackio": False}),
}  # fmt: skip


def found(changes: dict[str, Any]) -> list[str]:
    values = {**GOOD, **{key: value for key, value in changes.items() if not key.startswith("_")}}
    target = changes.get("_target")
    case = Case(
        values=values,
        section=Section.model_validate(changes.get("_section", {})),
        target=find_target(target) if target else None,
        output_record=changes.get("_record", {}),
        max_positions=changes.get("_positions"),
        has_wandb_key=changes.get("_key", True),
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
    assert rule.why and rule.mend


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

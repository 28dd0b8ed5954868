"""Configs of other trainers become complete configs of ours; what has no counterpart is named, nothing is dropped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cli_tuner.cli.config_report import as_yaml
from cli_tuner.cli.main import main
from cli_tuner.config.foreign_values import Imported
from cli_tuner.config.importing import import_config
from cli_tuner.config.load import read
from cli_tuner.errors import ConfigError

TRAINING = {"per_device_train_batch_size": 2, "gradient_accumulation_steps": 4, "learning_rate": 1e-4}
CONFIGS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "LLaMA-Factory, adapter": (
        "LLaMA-Factory",
        {"model_name_or_path": "a/b", "stage": "sft", "do_train": True, "finetuning_type": "lora", "lora_rank": 8,
         "lora_target": "all", "dataset": "mine", "template": "llama3", "cutoff_len": 512, "val_size": 0.1, **TRAINING},
        {"base_model": "a/b", "adapter": "lora", "lora_r": 8, "lora_target_linear": True, "sequence_len": 512,
         "val_set_size": 0.1, "micro_batch_size": 2},
    ),
    "LLaMA-Factory, 4 bits": (
        "LLaMA-Factory",
        {"model_name_or_path": "a/b", "quantization_bit": 4, "stage": "sft", "finetuning_type": "lora",
         "lora_target": "q_proj,v_proj", "dataset": "chats", "flash_attn": "fa2", **TRAINING},
        {"load_in_4bit": True, "adapter": "qlora", "lora_target_modules": ["q_proj", "v_proj"],
         "attn_implementation": "flash_attention_2"},
    ),
    "LLaMA-Factory, whole": (
        "LLaMA-Factory",
        {"model_name_or_path": "a/b", "stage": "sft", "finetuning_type": "full", "dataset": "mine", **TRAINING},
        {"base_model": "a/b", "micro_batch_size": 2},
    ),
    "TRL": (
        "TRL",
        {"model_name_or_path": "a/b", "dataset_name": "chat.jsonl", "use_peft": True, "lora_r": 32, "packing": True,
         "torch_dtype": "bfloat16", "lr_scheduler_type": "cosine", "optim": "adamw_torch", **TRAINING},
        {"adapter": "lora", "lora_r": 32, "sample_packing": True, "bf16": True, "lr_scheduler": "cosine",
         "optimizer": "adamw_torch", "lora_target_linear": True},
    ),
    "TRL, 4 bits": (
        "TRL",
        {"model_name_or_path": "a/b", "dataset_name": "pairs.jsonl", "use_peft": True, "lora_r": 8,
         "load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "max_length": 128, "max_steps": 5, **TRAINING},
        {"adapter": "qlora", "bnb_config_kwargs": {"bnb_4bit_quant_type": "nf4"}, "sequence_len": 128, "max_steps": 5},
    ),
    "Unsloth": (
        "Unsloth",
        {"model_name": "unsloth/x", "max_seq_length": 256, "load_in_4bit": True, "dataset": "chat.jsonl", "r": 16,
         "lora_alpha": 16, "bias": "none", "use_gradient_checkpointing": "unsloth", "random_state": 7, **TRAINING},
        {"base_model": "unsloth/x", "adapter": "qlora", "lora_r": 16, "gradient_checkpointing": True, "seed": 7},
    ),
    "TRL, a handbook's recipe": (
        "TRL",
        {"model_name_or_path": "a/b", "dataset_mixer": {"a/rows": 1.0, "b/rows": 0.5}, "dataset_splits": ["train"],
         "chat_template": "{% for m in messages %}{{ m['content'] }}\n{% endfor %}", "log_level": "info",
         "eos_token": "<|end|>", "use_liger_kernel": True, "trust_remote_code": True, **TRAINING},
        {"chat_template": "jinja", "chat_template_jinja": "{% for m in messages %}{{ m['content'] }}\n{% endfor %}",
         "special_tokens": {"eos_token": "<|end|>"}, "liger_rope": True},
    ),
    "Unsloth, its command line": (
        "Unsloth",
        {"model": "unsloth/x", "training": {"training_type": "lora", "batch_size": 3,
         "gradient_checkpointing": "unsloth", "random_seed": 5, "train_on_completions": True, "learning_rate": 1e-4},
         "lora": {"lora_r": 8, "target_modules": "q_proj,v_proj"}, "data": {"local_dataset": ["chat.jsonl"]},
         "logging": {"enable_wandb": False, "wandb_project": "p"}},
        {"base_model": "unsloth/x", "adapter": "lora", "micro_batch_size": 3, "gradient_checkpointing": True, "seed": 5,
         "lora_target_modules": ["q_proj", "v_proj"]},
    ),
    "Unsloth, in sections": (
        "Unsloth",
        {"model": {"model_name": "unsloth/x", "max_seq_length": 256}, "lora": {"r": 4, "random_state": 1},
         "training": TRAINING, "data": {"dataset": "chat.jsonl"}},
        {"base_model": "unsloth/x", "lora_r": 4, "micro_batch_size": 2},
    ),
    "an older Axolotl": (
        "Axolotl",
        {"base_model": "a/b", "adapter": "lora", "lora_r": 8, "lora_alpha": 16, "lora_target_linear": True,
         "datasets": [{"path": "x/y", "type": "sharegpt", "conversation": "chatml"}], "micro_batch_size": 1,
         "gradient_accumulation_steps": 1, "learning_rate": 1e-4, "num_epochs": 1, "debug": None, "adam_eps": 1e-6},
        {"adam_epsilon": 1e-6},
    ),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.json").write_text(json.dumps([{"instruction": "x", "input": "", "output": "ls"}]))
    chat = {"conversations": [{"from": "human", "value": "x"}, {"from": "gpt", "value": "ls"}]}
    (tmp_path / "data/c.jsonl").write_text(json.dumps(chat) + "\n")
    table = {"mine": {"file_name": "a.json"}, "chats": {"file_name": "c.jsonl", "formatting": "sharegpt"}}
    (tmp_path / "data/dataset_info.json").write_text(json.dumps(table))
    turns = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "ls"}]
    (tmp_path / "chat.jsonl").write_text(json.dumps({"messages": turns}) + "\n")
    (tmp_path / "pairs.jsonl").write_text(json.dumps({"prompt": "x", "completion": "ls"}) + "\n")
    return tmp_path


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_foreign_config_becomes_a_complete_one_without_a_fault(
    kind: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, foreign, expected = CONFIGS[kind]
    (folder / "f.yaml").write_text(yaml.safe_dump(foreign, sort_keys=False))
    assert main(["config", "import", "f.yaml", "--out", "ours.yaml"]) == 0
    assert source in capsys.readouterr().err
    draft = read(folder / "ours.yaml")
    assert [str(one) for one in draft.faults] == []
    values = draft.config.axolotl
    assert {key: values.get(key) for key in expected} == expected
    assert values["datasets"] and all(entry["path"] and entry["type"] for entry in values["datasets"])
    assert values["plugins"][0].endswith("CliTunerPlugin")


def test_rows_are_typed_by_what_they_are(folder: Path) -> None:
    def entry(**keys: Any) -> dict[str, Any]:
        (folder / "f.yaml").write_text(yaml.safe_dump({"model_name_or_path": "a/b", "use_peft": True, **keys}))
        found: dict[str, Any] = import_config(folder / "f.yaml").values["datasets"][0]
        return found

    assert entry(dataset_name="chat.jsonl")["type"] == "chat_template"
    assert entry(dataset_name="pairs.jsonl")["type"]["field_output"] == "completion"
    assert entry(dataset="mine", stage="sft")["type"] == "alpaca"
    chats = entry(dataset="chats", stage="sft")
    assert (chats["field_messages"], chats["message_property_mappings"]["role"]) == ("conversations", "from")
    assert entry(dataset_name="owner/hub", dataset_text_field="body") == {
        "path": "owner/hub", "split": "train", "type": "completion", "field": "body",
    }  # fmt: skip


def test_every_key_is_translated_or_named_as_lost(folder: Path) -> None:
    foreign = {"model_name_or_path": "a/b", "dataset_name": "chat.jsonl", "push_to_hub": True, "weird_key": 3}
    (folder / "f.yaml").write_text(yaml.safe_dump(foreign))
    found = import_config(folder / "f.yaml")
    assert {key for key, _, _ in found.lost} == {"push_to_hub", "weird_key"}
    assert "hub_model_id" not in found.values


def test_an_import_never_overwrites_and_refuses_what_is_no_config(folder: Path) -> None:
    (folder / "f.yaml").write_text("model_name_or_path: a/b\n")
    assert main(["config", "import", "f.yaml", "--out", "f.yaml"]) == 2
    (folder / "g.yaml").write_text("hello: world\n")
    with pytest.raises(ConfigError, match="no key of TRL"):
        import_config(folder / "g.yaml")


def test_what_would_run_code_of_the_hub_is_not_carried_over(tmp_path: Path) -> None:
    file = tmp_path / "sft.yaml"
    file.write_text(yaml.safe_dump({"model_name_or_path": "a/b", "trust_remote_code": True, "dataset_name": "a/rows"}))
    found = import_config(file)
    assert "trust_remote_code" not in found.values
    assert [key for key, _, _ in found.lost] == ["trust_remote_code"]


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=200), note=st.text(max_size=200))
def test_a_comment_is_never_a_part_of_a_value(text: str, note: str) -> None:
    found = Imported({"chat_template_jinja": text, "datasets": [{"path": text}]}, {"chat_template_jinja": note})
    found.notes["datasets"] = note
    found.lost.append(("key", text, "why"))
    assert yaml.safe_load(as_yaml(found, "x.yaml")) == found.values

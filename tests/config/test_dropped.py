"""What Axolotl drops is refused as our policy, key by key, unless its own value proves that nothing is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.config.axolotl import known_keys, misfits
from cli_tuner.config.check import check
from cli_tuner.config.dropped import costs_nothing
from cli_tuner.config.faults import NOTES
from cli_tuner.config.foreign_keys import NAMES, RETIRED, WORDS_ABOUT_THE_FILE
from cli_tuner.config.load import load, read
from cli_tuner.config.row_types import unknown_row_types
from cli_tuner.config.versions import axolotl_version
from cli_tuner.errors import ConfigError
from tests.config.test_foreign import PLAIN, PLUGINS, TYPES, faults

SCHEMA = known_keys()
ROOT = SCHEMA["models"][SCHEMA["root"]]


@pytest.mark.parametrize(
    "changes",
    [
        {"max_seq_length": 512, "sequence_len": 512},
        {"per_device_train_batch_size": "1"},
        {"adapter": "qlora", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True},
        {"adapter": "qlora", "load_in_4bit": True, "bf16": "auto", "bnb_4bit_compute_dtype": "bfloat16"},
        {"adapter": "qlora", "load_in_4bit": True, "fp16": True, "bnb_4bit_compute_dtype": "float16"},
        {"bnb_4bit_quant_type": "fp4"},
        {"report_to": "none"},
        {"report_to": ["wandb"], "wandb_project": "x"},
        {"xpos_rope": False, "relora_steps": 0, "use_dora": "false"},
        {"description": "our bot", "_comment": ["x"]},
        {"nobody_knows": "", "nor_this": []},
        {"lora_bias": "none", "lora_task_type": "CAUSAL_LM"},
        {"debug": True},
        {"eval_table_max_new_tokens": 300, "eval_table_size": None},
        {"push_to_hub": True},
        {"push_to_hub": True, "hub_private_repo": True, "hub_model_id": "me/x"},
        {"nobody_has_this_switch": False},
        {"datasets": [{"path": "a/b", "type": "alpaca", "field_instruction": "instruction", "field_input": None}]},
    ],
)
def test_a_key_that_says_what_is_done_anyway_is_remarked(changes: dict[str, Any], tmp_path: Path) -> None:
    assert faults(tmp_path, **changes) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"max_seq_length": 256, "sequence_len": 512},
        {"max_seq_length": 256},
        {"adapter": "qlora", "load_in_4bit": True, "bnb_4bit_quant_type": "fp4"},
        {"adapter": "qlora", "load_in_4bit": True, "bf16": True, "bnb_4bit_compute_dtype": "float16"},
        {"report_to": "tensorboard"},
        {"report_to": "none", "wandb_project": "x"},
        {"xpos_rope": True},
        {"relora_steps": 10},
        {"lora_bias": "all"},
        {"lora_rank": 16},
        {"warmup_step": 10},
        {"hub_private_repo": False, "hub_model_id": "me/x"},
        {"nobody_has_this_switch": True},
        {"datasets": [{"path": "a/b", "type": "alpaca", "field_instruction": "question"}]},
        {"datasets": [{"path": "a/b", "type": "chat_template", "field_instruction": "instruction"}]},
        {"datasets": [{"path": "a/b", "type": "alpaca", "weigth": 2}]},
    ],
)
def test_a_key_that_may_mean_more_is_a_policy_that_names_how_to_allow_it(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    refused = faults(tmp_path, **changes)
    assert [(one["rule"], one["policy"]) for one in refused] == [("unknown-key", True)]
    allow = {"allow": [f"unknown-key:{refused[0]['path']}"]}
    assert faults(tmp_path, **changes, cli_tuner=allow) == []
    with pytest.raises(ConfigError) as refusal:
        load(_written(tmp_path, changes))
    assert "unknown-key:" in refusal.value.hint
    assert load(_written(tmp_path, {**changes, "cli_tuner": allow})).section.allow == allow["allow"]


def _written(folder: Path, changes: dict[str, Any]) -> Path:
    file = folder / "written.yaml"
    file.write_text(yaml.safe_dump({**PLAIN, **changes}), encoding="utf-8")
    return file


def test_an_allowance_is_for_its_key_alone_and_for_every_entry_of_a_list(tmp_path: Path) -> None:
    rows = [{"path": "a/b", "type": "alpaca", "desc": "x"}, {"path": "a/c", "type": "alpaca", "desc": "y"}]
    draft = read(
        _written(tmp_path, {"datasets": rows, "lora_rank": 4, "cli_tuner": {"allow": ["unknown-key:datasets[].desc"]}})
    )
    assert [one.path for one in draft.faults] == ["lora_rank"]
    assert [one.path for one in draft.notes if one.rule == "allowed-key"] == ["datasets[0].desc", "datasets[1].desc"]


def test_what_axolotl_refuses_itself_is_not_hidden_behind_a_policy(tmp_path: Path) -> None:
    if not axolotl_version().is_installed:
        pytest.skip("asked of the installed Axolotl")
    found = faults(tmp_path, unsloth_lora_mlp=True)
    assert {(one["rule"], one["policy"]) for one in found} == {("unknown-key", True), ("axolotl", False)}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"optimizer": "adamw8bit"}, "wrong-kind:optimizer"),
        ({"gradient_checkpointing_kwargs": {"foo": 1}}, "out-of-bounds:gradient_checkpointing_kwargs.foo"),
        ({"datasets": [{"path": "a/b", "type": "my_own"}]}, "row-type:datasets[].type"),
        ({"load_in_4bit": True}, "4bit-without-qlora"),
        ({"lora_target_linear": "-", "lora_target_modules": ["q_projj"]}, "unknown-targets"),
    ],
)
def test_whatever_axolotl_takes_and_we_refuse_can_be_allowed(
    changes: dict[str, Any], rule: str, tmp_path: Path
) -> None:
    if not axolotl_version().is_installed:
        pytest.skip("asked of the installed Axolotl")
    assert [(one["rule"], one["policy"]) for one in faults(tmp_path, **changes)] == [(rule.partition(":")[0], True)]
    assert faults(tmp_path, **changes, cli_tuner={"allow": [rule]}) == []


@pytest.mark.parametrize(
    "changes", [{"lora_r": "many"}, {"chat_template": "foo"}, {"logging_steps": 0.5}, {"output_dir": 7}]
)
def test_what_axolotl_refuses_too_is_no_policy(changes: dict[str, Any], tmp_path: Path) -> None:
    if not axolotl_version().is_installed:
        pytest.skip("asked of the installed Axolotl")
    found = faults(tmp_path, **changes)
    assert found and not any(one["policy"] for one in found)


def test_what_is_not_on_this_machine_is_remarked_by_a_check(tmp_path: Path) -> None:
    report = check(_written(tmp_path, {"resume_from_checkpoint": "/none/checkpoint-3", "lora_model_dir": "./none"}))
    assert report.ok and {"resume-from-nothing", "adapter-from-nothing"} <= {one.id for one in report.warnings}


@st.composite
def misspelled(draw: st.DrawFn) -> str:
    """Draw a key of Axolotl's with one letter dropped, doubled, swapped with the next, or another."""
    key = draw(st.sampled_from(sorted(ROOT)))
    at = draw(st.integers(0, len(key) - 2))
    kind = draw(st.sampled_from(("drop", "double", "swap", "other")))
    if kind == "drop":
        return str(key[:at] + key[at + 1 :])
    if kind == "double":
        return str(key[: at + 1] + key[at:])
    if kind == "swap":
        return str(key[:at] + key[at + 1] + key[at] + key[at + 2 :])
    return str(key[:at] + draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz")) + key[at + 1 :])


@given(misspelled(), st.sampled_from([True, False, 0, 1, 8, 0.5, "x", "none", "nf4", ["x"], {"a": 1}]))
def test_a_misspelled_key_never_survives(key: str, value: Any) -> None:
    found = list(misfits({**PLAIN, key: value}))
    apart = key in ROOT or key in RETIRED or key in NAMES or key in WORDS_ABOUT_THE_FILE or key.startswith("_")
    assert apart or [one.rule for one in found] == ["unknown-key"]
    assert not {one.rule for one in found} & NOTES or apart


@given(st.sampled_from(sorted(NAMES)), st.integers(1, 9))
def test_a_foreign_name_is_let_go_only_beside_the_same_value(key: str, value: int) -> None:
    beside = {NAMES[key]: value}
    if key.startswith(("bnb_", "llm_")) or NAMES[key] == "overrides_of_model_config":
        return
    assert costs_nothing(key, value, beside)
    assert not costs_nothing(key, value + 1, beside) and not costs_nothing(key, value, {})


@given(
    st.lists(st.sampled_from(sorted(PLUGINS)), min_size=2, max_size=2, unique=True),
    st.lists(st.sampled_from(TYPES), min_size=2, max_size=2), st.data(),
)  # fmt: skip
def test_keys_of_two_plugins_stand_beside_rows_of_two_types(
    plugins: list[str], types: list[str], data: st.DataObject
) -> None:
    keys = sorted({key for plugin in plugins for key in SCHEMA["models"][PLUGINS[plugin]]})
    drawn = data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=6, unique=True))
    rows = [{"path": "a/b", "type": one} for one in types]
    values = {**PLAIN, "plugins": plugins, "datasets": rows, **dict.fromkeys(drawn, "x")}
    assert [one.path for one in misfits(values) if one.rule not in ("wrong-kind", *NOTES)] == []
    assert list(unknown_row_types(values)) == []

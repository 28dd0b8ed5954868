"""Configs that nobody here wrote: accepted, or refused for a reason that is true; never a hint that harms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.config.axolotl import known_keys, nearest
from cli_tuner.config.check import check
from cli_tuner.config.deep import place
from cli_tuner.config.foreign_keys import ADVICE, NAMES, NEVER_GUESSED
from cli_tuner.config.load import read
from cli_tuner.config.row_types import unknown_row_types
from cli_tuner.config.versions import axolotl_version, releases, schema_of
from cli_tuner.errors import ConfigError

PLAIN: dict[str, Any] = {
    "base_model": "owner/model", "datasets": [{"path": "owner/rows", "type": "alpaca"}], "adapter": "lora", "lora_r": 8,
    "lora_alpha": 16, "lora_target_linear": True, "micro_batch_size": 1, "gradient_accumulation_steps": 1,
    "learning_rate": 1e-4, "num_epochs": 1, "seed": 1, "output_dir": "out", "val_set_size": 0.1,
}  # fmt: skip


def faults(tmp_path: Path, **changes: Any) -> list[dict[str, Any]]:
    file = tmp_path / "foreign.yaml"
    values = {key: value for key, value in {**PLAIN, **changes}.items() if value != "-"}
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    return check(file).as_json()["faults"]


# What Axolotl itself refuses across keys -> words of its reason. None of these is a rule of ours.
CROSS_KEYS: dict[str, tuple[dict[str, Any], str]] = {
    "sharegpt rows": ({"datasets": [{"path": "a/b", "type": "sharegpt"}]}, "sharegpt"),
    "DPO with packing": (
        {"rl": "dpo", "sample_packing": True, "datasets": [{"path": "a/b", "type": "chatml.intel"}]}, "sample_packing",
    ),
    "a table with packing": ({"eval_table_size": 5, "sample_packing": True}, "eval_table_size"),
    "an old length": ({"max_packed_sequence_len": 128}, "max_packed_sequence_len"),
    "an old kernel": ({"flash_attn_rms_norm": True}, "flash_attn_rms_norm"),
    "shifted attention": ({"s2_attention": True}, "s2_attention"),
    "scaling at the top": ({"rope_scaling": {"type": "linear", "factor": 2}}, "rope_scaling"),
    "a batch said twice": ({"batch_size": 8, "gradient_accumulation_steps": 2}, "batch_size"),
    "two steps of evaluation": ({"eval_steps": 5, "evals_per_epoch": 2}, "evals_per_epoch"),
    "the best by no metric": ({"save_strategy": "best"}, "metric"),
    "8-bit weights with a kernel": ({"load_in_8bit": True, "lora_mlp_kernel": True}, "lora_mlp_kernel"),
    "an endless stream": (
        {"datasets": "-", "pretraining_dataset": [{"path": "a/b"}], "val_set_size": 0}, "max_steps",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", CROSS_KEYS)
def test_what_axolotl_refuses_across_keys_is_refused_in_its_own_words(kind: str, tmp_path: Path) -> None:
    if not axolotl_version().is_installed:
        pytest.skip("asked of the installed Axolotl")
    changes, word = CROSS_KEYS[kind]
    found = faults(tmp_path, **changes)
    assert [one for one in found if word in one["message"]], found


@pytest.mark.parametrize(
    "changes",
    [
        {"debug": None, "gptq_groupsize": None},
        {"x-shared": {"a": 1}},
        {"fsdp_version": 2, "fsdp_config": {"fsdp_offload_params": True, "fsdp_state_dict_type": "FULL_STATE_DICT"}},
        {"attn_implementation": "kernels-community/flash-attn3", "sample_packing": True},
        {"attn_implementation": "kernels-community/sage-attention@v1", "sample_packing": True},
        {"wandb_project": "x", "wandb_log_model": "a-name"},
        {"base_model": "mistralai/Mamba-Codestral-7B-v0.1", "lora_target_linear": None,
         "lora_target_modules": ["in_proj"]},
        {"base_model": "mistralai/Mistral-Small-3.1-24B", "lora_target_linear": None,
         "lora_target_modules": r"model.language_model.layers.[\d]+.(mlp|self_attn).(up|down|gate|q|k|v|o)_proj"},
        {"plugins": ["axolotl.integrations.kd.KDPlugin", "axolotl.integrations.grokfast.GrokfastPlugin"],
         "kd_alpha": 0.5, "grokfast_alpha": 0.9},
        {"datasets": [{"path": "a/b", "type": "oasst"}]},
    ],
)  # fmt: skip
def test_what_loses_nothing_of_meaning_is_accepted(changes: dict[str, Any], tmp_path: Path) -> None:
    assert faults(tmp_path, **changes) == []


def test_what_only_holds_an_anchor_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("shared: &rows {path: a/b, type: alpaca}\ndatasets: [*rows]\nlone: {a: 1}\n")
    draft = read(tmp_path / "c.yaml")
    assert [(one.rule, one.path) for one in draft.notes] == [("anchor-holder", "shared")]
    assert [(one.rule, one.path) for one in draft.faults] == [("unknown-key", "lone")]


def test_a_policy_is_marked_and_can_be_allowed_by_its_name(tmp_path: Path) -> None:
    refused = faults(tmp_path, trust_remote_code=True)
    assert [(one["rule"], one["policy"]) for one in refused] == [("remote-code", True)]
    assert faults(tmp_path, trust_remote_code=True, cli_tuner={"allow": ["remote-code"]}) == []


@pytest.mark.parametrize("release", releases())
def test_every_translation_leads_to_a_key_that_exists(release: str) -> None:
    schema = schema_of(release)
    root = {**schema["models"][schema["root"]], "extends": [], "swanlab_project": []}
    assert [new for new in NAMES.values() if new.partition(".")[0].partition("[")[0] not in root] == []


@pytest.mark.parametrize(
    "key", ["push_to_hub", "relora_steps", "data_seed", "train_on_split", "use_swanlab", "quantization_bit"]
)
def test_a_hint_never_leads_to_another_meaning(key: str) -> None:
    schema = known_keys()
    assert ADVICE.get(key, NAMES.get(key, "")) in nearest(key, schema["models"][schema["root"]])


@given(st.text("abcdefghijklmnopqrstuvwxyz_", min_size=3, max_size=24))
def test_likeness_never_proposes_a_key_that_publishes_deletes_or_overwrites(key: str) -> None:
    schema = known_keys()
    hint = nearest(key, schema["models"][schema["root"]])
    assert key in NAMES or key in ADVICE or not any(part in hint for part in NEVER_GUESSED)


SCHEMA = known_keys()
PLUGINS = {name: model for name, model in SCHEMA["plugins"].items() if model}
TYPES = [
    *(f"{module}.{one}" if one != "load" else module for module, functions in SCHEMA["rows"]["sft"].items()
      for one in functions),
    *SCHEMA["rows"]["handled"],
]  # fmt: skip


@given(st.lists(st.sampled_from(sorted(PLUGINS)), min_size=2, max_size=2, unique=True), st.data())
def test_keys_of_named_plugins_are_known_and_of_others_name_their_plugin(named: list[str], data: st.DataObject) -> None:
    from cli_tuner.config.axolotl import misfits

    keys = [key for plugin in named for key in SCHEMA["models"][PLUGINS[plugin]]]
    drawn = data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=6, unique=True))
    values = dict.fromkeys(drawn, "x")
    known = [one.path.partition(".")[0] for one in misfits({"plugins": named, **values}) if one.rule == "unknown-key"]
    assert known == []
    root = SCHEMA["models"][SCHEMA["root"]]
    alone = {one.path: one.why for one in misfits(values) if one.rule == "unknown-key"}
    assert all("name it: plugins: [axolotl." in alone[key] for key in drawn if key not in root)


@given(st.lists(st.sampled_from(TYPES), min_size=2, max_size=2), st.text("abcdef", min_size=5, max_size=9))
def test_every_row_type_is_known_and_no_invented_one(types: list[str], invented: str) -> None:
    assert list(unknown_row_types({"datasets": [{"path": "a", "type": one} for one in types]})) == []
    wrong = {"datasets": [{"path": "a", "type": types[0]}, {"path": "a", "type": f"{invented}_zz"}]}
    assert [path for path, _ in unknown_row_types(wrong)] == ["datasets[1].type"]


@pytest.mark.parametrize("method", ["dpo", "kto", "orpo", "ebft"])
def test_every_transform_of_a_preference_method_is_known(method: str) -> None:
    for module, functions in SCHEMA["rows"][method].items():
        for function in functions:
            row = {"path": "a", "type": f"{module}.{function}"}
            assert list(unknown_row_types({"rl": method, "datasets": [row]})) == []
    assert list(unknown_row_types({"rl": method, "datasets": [{"path": "a", "type": "chatml.nothing_zz"}]}))


def test_a_plugin_of_others_brings_its_own_keys_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not axolotl_version().is_installed:
        pytest.skip("asked of the installed Axolotl")
    (tmp_path / "theirs.py").write_text(
        "from pydantic import BaseModel\nfrom axolotl.integrations.base import BasePlugin\n"
        "class Args(BaseModel):\n    their_key: int | None = None\n"
        "class Theirs(BasePlugin):\n    def get_input_args(self):\n        return 'theirs.Args'\n"
    )
    monkeypatch.chdir(tmp_path)
    found = faults(tmp_path, plugins=["theirs.Theirs"], their_key=3, other_key=4)
    assert [(one["rule"], one["path"]) for one in found] == [("unknown-key", "other_key")]


def test_text_of_another_encoding_and_anchors_without_end_get_their_own_remedy(tmp_path: Path) -> None:
    (tmp_path / "wide.yaml").write_text("seed: 1\n", encoding="utf-16")
    with pytest.raises(ConfigError) as wide:
        read(tmp_path / "wide.yaml")
    assert "iconv -f UTF-16" in wide.value.hint
    bomb = "a0: &a0 [x, x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n" for i in range(1, 20))
    (tmp_path / "bomb.yaml").write_text(bomb)
    with pytest.raises(ConfigError) as anchors:
        read(tmp_path / "bomb.yaml")
    assert "anchors" in anchors.value.hint and "indentation" not in anchors.value.hint


def test_a_message_that_names_only_a_value_points_at_its_key() -> None:
    values = {"optimizer": "adamw_bnb_8bit", "fsdp_config": {"offload_params": True}}
    assert place("FSDP2 not compatible with adamw_bnb_8bit", values) == ("optimizer", ["optimizer"])
    assert place("fsdp_config.offload_params and optimizer clash", values)[0] == "fsdp_config.offload_params"

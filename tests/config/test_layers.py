"""Overlays, flags, origins, secrets, targets, `auto`, views: what a config becomes and how it is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.config.check import judge, require
from cli_tuner.config.kinds import fits
from cli_tuner.config.load import Config, load
from cli_tuner.config.realise import precision, realise, throughput
from cli_tuner.config.secrets import expand, missing_secrets
from cli_tuner.config.targets import find_target, of_gpu, targets
from cli_tuner.config.views import differences, flat, json_schema, with_origins
from cli_tuner.errors import ConfigError

SMOKE, FULL, STYLE = (Path(f"configs/{name}.yaml") for name in ("smoke", "full", "style_transfer"))


def written(tmp_path: Path, text: str) -> Config:
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    return load(tmp_path / "c.yaml")


def test_an_overlay_merges_mappings_and_replaces_lists(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(
        "lora_r: 8\nlora_target_modules: [q_proj, k_proj]\ncli_tuner: {phase: a, validate: {max_new_tokens: 9}}\n",
        encoding="utf-8",
    )
    config = written(tmp_path, "extends: base.yaml\nlora_target_modules: [v_proj]\ncli_tuner: {phase: b}\n")
    assert config.axolotl == {"lora_r": 8, "lora_target_modules": ["v_proj"]}
    assert (config.section.phase, config.section.validation.max_new_tokens) == ("b", 9)
    assert [Path(config.at(key).file).name for key in ("lora_r", "lora_target_modules")] == ["base.yaml", "c.yaml"]


def test_a_flag_reaches_into_lists_and_beats_every_file() -> None:
    config = load(SMOKE, ["datasets[0].path=mine.jsonl", "cli_tuner.validate.gates.max_dangerous_rate=0.5", "seed=7"])
    assert config.axolotl["datasets"][0]["path"] == "mine.jsonl"
    assert config.section.validation.gates.max_dangerous_rate == 0.5
    assert str(config.at("seed")) == "--set"


def test_every_value_of_an_overlay_knows_its_file_and_line() -> None:
    rows = {path: where for path, _, where in with_origins(load(Path("configs/ablations/rank4.yaml")))}
    assert rows["lora_r"].startswith("configs/ablations/rank4.yaml:")
    assert rows["optimizer"].startswith("configs/full.yaml:")
    assert rows["cli_tuner.task"] == "default"


def test_a_difference_is_shown_from_both_sides() -> None:
    rows = {path: (one, other) for path, one, other in differences(load(FULL), load(SMOKE))}
    assert rows["max_steps"] == (500, 10)
    assert rows["dataset_num_proc"] == (None, 1)
    assert "lora_r" not in rows


def test_the_schema_knows_axolotls_keys_and_ours() -> None:
    schema = json_schema()
    assert schema["properties"]["lora_r"]["anyOf"] == [{"type": "integer"}, {"type": "null"}]
    assert "phase" in schema["$defs"]["Section"]["properties"]
    assert "liger_fused_linear_cross_entropy" in schema["properties"]
    refs = {str(value) for path, value in flat(schema) if path.endswith("$ref")}
    assert {ref.removeprefix("#/$defs/") for ref in refs} <= set(schema["$defs"])


def test_a_key_of_a_plugin_needs_the_plugin(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="liger_rope"):
        written(tmp_path, "liger_rope: true\n")
    assert written(tmp_path, "plugins: [axolotl.integrations.liger.LigerPlugin]\nliger_rope: true\n")


def test_a_secret_stays_a_name_until_the_training_process_expands_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COMET_API_KEY", raising=False)
    config = written(tmp_path, "comet_api_key: ${COMET_API_KEY}\n")
    assert config.complete()["comet_api_key"] == "${COMET_API_KEY}"
    assert missing_secrets(config.axolotl) == ["COMET_API_KEY"]
    monkeypatch.setenv("COMET_API_KEY", "hush")
    values = dict(config.axolotl)
    expand(values)
    assert values == {"comet_api_key": "hush"} and "hush" not in str(config.complete())


@pytest.mark.parametrize(
    ("target", "values"),
    [
        ("rtx-4090", {"bf16": True, "fp16": False, "tf32": True}),
        ("gtx-1650", {"bf16": False, "fp16": True, "tf32": False}),
        ("t4", {"bf16": False, "fp16": True, "tf32": False}),
        ("cpu", {"bf16": False, "fp16": False, "tf32": False}),
    ],
)
def test_auto_precision_becomes_values_for_the_machine(target: str, values: dict[str, bool]) -> None:
    config = load(STYLE)
    meant = realise(config, find_target(target))
    assert {key: meant.axolotl[key] for key in values} == values
    assert target in str(meant.at("bf16")) and config.axolotl["bf16"] == "auto"
    refused = ["saved-modules-in-fp16"] if values["fp16"] else []
    assert [one.id for one in judge(config, find_target(target)).errors] == refused


def test_a_written_precision_stays_as_it_is() -> None:
    assert precision(load(FULL), find_target("t4")) == []


def test_bf16_is_refused_on_a_t4_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"configs/full\.yaml:\d+: bf16: .*\[bf16-on-old-gpu\]"):
        require(load(FULL), find_target("t4"))


@pytest.mark.parametrize("target", list(targets()))
def test_each_throughput_choice_has_a_reason_and_is_a_config_that_loads(target: str, tmp_path: Path) -> None:
    import yaml

    config = load(FULL, ["cli_tuner.throughput=auto", "cli_tuner.precision=auto"])
    machine = find_target(target)
    assert all(choice.why for choice in throughput(config, machine))
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(realise(config, machine).complete()), encoding="utf-8")
    assert judge(load(tmp_path / "c.yaml"), machine).errors == []


def test_packing_is_not_chosen_where_sdpa_may_give_a_loss_of_zero() -> None:
    chosen = {
        name: dict((c.key, c.value) for c in throughput(load(FULL), find_target(name))) for name in ("l4", "h100")
    }
    assert (chosen["l4"]["sample_packing"], chosen["h100"]["sample_packing"]) == (False, True)


def test_a_target_may_be_written_in_several_ways_and_an_unknown_one_names_the_known() -> None:
    assert find_target("RTX_4090") == find_target("rtx-4090")
    with pytest.raises(ConfigError) as caught:
        find_target("rtx-9999")
    assert "h100" in caught.value.hint


def test_an_own_table_of_gpus_is_read_and_a_broken_one_is_refused(tmp_path: Path) -> None:
    row = (
        "mine: {name: Mine, memory_gib: 10, compute_capability: '8.0', tflops: 1, bandwidth_gb_s: 1, usd_per_hour: 2}\n"
    )
    (tmp_path / "gpus.yaml").write_text(row, encoding="utf-8")
    assert find_target("mine", tmp_path / "gpus.yaml").usd_per_hour == 2
    for text in ("- a\n", "mine: {name: x}\n", row.replace("10", "-1"), "{", ""):
        (tmp_path / "gpus.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match="not a table"):
            targets(tmp_path / "gpus.yaml")


def test_a_real_gpu_is_found_in_the_table_and_an_unknown_one_is_still_judged() -> None:
    gpu = {"name": "NVIDIA GeForce RTX 4090", "memory_mib": "24564", "compute_capability": "8.9", "driver": "1"}
    assert of_gpu(gpu).id == "rtx-4090"
    other = of_gpu({**gpu, "name": "NVIDIA Something", "compute_capability": "12.0"})
    assert (other.id, other.bf16) == ("here", True)
    assert of_gpu(None).id == "cpu"


def test_a_folder_with_another_recipes_checkpoint_is_reported(tmp_path: Path) -> None:
    (tmp_path / "provenance.json").write_text('{"phase": "other"}', encoding="utf-8")
    config = load(SMOKE, [f"output_dir={tmp_path}"])
    assert "output-of-another-config" in [remark.id for remark in judge(config).remarks]


@given(st.one_of(st.integers(), st.floats(), st.text(), st.booleans(), st.none(), st.lists(st.integers())))
def test_a_kind_never_raises(value: object) -> None:
    kinds = ["any", "null", "dict", "str", "bool", "int", "float", {"choices": ["a", True]}, {"list": ["int"]}]
    assert fits(value, "any") and all(fits(value, kind) in (True, False) for kind in kinds)


def test_the_generated_part_of_the_documentation_is_current() -> None:
    from cli_tuner.config.reference import DOCUMENT, renewed

    text = DOCUMENT.read_text("utf-8")
    assert renewed(text) == text, "run `python -m cli_tuner.config.reference`"

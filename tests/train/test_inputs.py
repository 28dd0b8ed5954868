"""What would make a training fail late is refused early, in one line that names the file and the row."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.config.load import Config, load
from cli_tuner.config.sections import Section
from cli_tuner.errors import CheckpointError, CliTunerError, ConfigError, DataError, PrerequisiteError
from cli_tuner.train.inputs import (
    PLUGIN,
    check_base_model,
    check_deepspeed,
    check_machine,
    check_output_dir,
    check_rows,
    prepared_digest,
    with_plugin,
)

CONFIGS = Path(__file__).parents[2] / "configs"
TRAIN, VAL = Path("data/processed/train_smoke.jsonl"), Path("data/processed/val_smoke.jsonl")
ROW = {"messages": [{"role": "user", "content": "list files"}, {"role": "assistant", "content": "ls"}]}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    TRAIN.parent.mkdir(parents=True)
    for path in (TRAIN, VAL):
        path.write_text(json.dumps(ROW) + "\n\n" + json.dumps(ROW) + "\n")
    Path("models/tiny_base").mkdir(parents=True)
    Path("models/tiny_base/model.safetensors").touch()
    return tmp_path


SMOKE = load(CONFIGS / "smoke.yaml")


def smoke(**changes: Any) -> Config:
    config = replace(copy.deepcopy(SMOKE), path=Path("configs/smoke.yaml"))
    config.axolotl.update(changes)
    return config


def test_good_rows_have_one_digest_that_follows_every_byte_and_name() -> None:
    before = check_rows(smoke())
    assert before == check_rows(smoke())
    VAL.write_text(VAL.read_text().replace("ls", "lt"))
    after = check_rows(smoke())
    moved = smoke()
    moved.axolotl["test_datasets"][0]["path"] = "other.jsonl"
    Path("other.jsonl").write_bytes(VAL.read_bytes())
    assert len({before, after, check_rows(moved)}) == 3


ROWS = {
    "nothing": ("", "holds no rows"),
    "blank lines": ("\n \n", "holds no rows"),
    "half an object": ('{"messages": [\n', ":1: not JSON"),
    "an object after a good row": (json.dumps(ROW) + "\n{,}\n", ":2: not JSON"),
    "no object": ("[]\n", ":1: no list `messages`"),
    "a row without messages": (json.dumps(ROW) + '\n\n{"instruction": "x"}\n', ":3: no list `messages`"),
    "messages that are text": ('{"messages": "hello"}\n', ":1: no list `messages`"),
    "messages that are lists": ('{"messages": [["user", "x"]]}\n', ":1: no list `messages`"),
    "messages that are null": ('{"messages": null}\n', ":1: no list `messages`"),
    "no message": ('{"messages": []}\n', ":1: `messages` is empty"),
    "nesting without end": ("[" * 100_000, ":1: not readable as JSON"),
    "a number without end": ('{"messages": ' + "1" * 5000 + "}", ":1: not readable as JSON"),
}


@pytest.mark.parametrize(("content", "why"), ROWS.values(), ids=ROWS.keys())
@pytest.mark.parametrize("path", [TRAIN, VAL], ids=["train", "val"])
def test_rows_that_cannot_be_trained_are_named_by_file_and_line(path: Path, content: str, why: str) -> None:
    path.write_text(content)
    with pytest.raises(DataError) as caught:
        check_rows(smoke())
    assert caught.value.message.startswith(str(path))
    assert why in caught.value.message
    assert "cli-tuner prepare" in caught.value.hint


def test_rows_that_are_not_utf_8_are_refused() -> None:
    TRAIN.write_bytes(b'{"messages": "\xff"}\n')
    with pytest.raises(DataError, match="not UTF-8"):
        check_rows(smoke())


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_rows_that_are_not_there_are_refused_with_the_next_command(kind: str) -> None:
    TRAIN.unlink()
    if kind == "folder":
        TRAIN.mkdir()
    with pytest.raises(DataError, match=r"train_smoke\.jsonl: no such file \(named in .*smoke\.yaml\)") as caught:
        check_rows(smoke())
    assert "cli-tuner prepare" in caught.value.hint


@pytest.mark.parametrize("datasets", [None, []])
def test_a_config_without_rows_is_refused(datasets: Any) -> None:
    with pytest.raises(ConfigError, match="names no training rows"):
        check_rows(smoke(datasets=datasets))


@pytest.mark.parametrize("datasets", [5, "rows.jsonl", {"path": "rows.jsonl"}, ["rows.jsonl"], [None]])
@pytest.mark.parametrize("key", ["datasets", "test_datasets"])
def test_a_list_of_rows_that_is_no_list_of_mappings_is_refused(key: str, datasets: Any) -> None:
    with pytest.raises(ConfigError, match=f"`{key}:` is a list of mappings"):
        check_rows(smoke(**{key: datasets}))


def test_rows_on_the_hub_are_left_to_axolotl() -> None:
    assert check_rows(smoke(datasets=[{"path": "owner/name", "type": "chat_template"}], test_datasets=None))


def test_a_row_of_another_format_is_not_asked_for_messages() -> None:
    TRAIN.write_text('{"text": "x"}\n')
    config = smoke()
    config.axolotl["datasets"][0]["type"] = "completion"
    assert check_rows(config)


def test_the_field_that_the_config_names_is_the_one_that_is_asked_for() -> None:
    TRAIN.write_text('{"turns": [{"role": "user"}]}\n')
    config = smoke()
    config.axolotl["datasets"][0]["field_messages"] = "turns"
    assert check_rows(config)


def test_another_tokenizer_in_the_same_folder_makes_other_tokenised_rows() -> None:
    """Axolotl's own key knows the tokenizer by its path alone."""
    seen = {prepared_digest(smoke(), "rows"), prepared_digest(smoke(), "other rows")}
    for name in ("tokenizer.json", "chat_template.jinja", "tokenizer_config.json"):
        for content in ("{}", "{ }"):
            (Path("models/tiny_base") / name).write_text(content)
            seen.add(prepared_digest(smoke(), "rows"))
    assert len(seen) == 8
    Path("models/tiny_base/model.safetensors").write_text("other weights")
    assert prepared_digest(smoke(), "rows") in seen


BASES: dict[str, tuple[dict[str, Any], type[CliTunerError], str]] = {
    "none": ({"base_model": None}, ConfigError, "`base_model:` is missing"),
    "a number": ({"base_model": 7}, ConfigError, "`base_model:` is missing"),
    "code from the hub": ({"trust_remote_code": True}, ConfigError, "trust_remote_code must stay false"),
    "pickles to be written": ({"save_safetensors": False}, ConfigError, "save_safetensors must stay true"),
    "a folder that is not there": ({"base_model": "models/nowhere"}, ConfigError, "no such base model folder"),
    "a path that is not there": ({"base_model": "/nowhere"}, ConfigError, "no such base model folder"),
    "an empty folder": ({"base_model": "empty"}, CheckpointError, "no weights"),
    "a folder of pickles": ({"base_model": "pickles"}, CheckpointError, "pickle weights only"),
}


@pytest.mark.parametrize(("changes", "kind", "why"), BASES.values(), ids=BASES.keys())
def test_a_base_model_is_refused_that_is(changes: dict[str, Any], kind: type[CliTunerError], why: str) -> None:
    Path("empty").mkdir()
    Path("pickles").mkdir()
    Path("pickles/pytorch_model.bin").touch()
    with pytest.raises(kind, match=why):
        check_base_model(smoke(**changes))


@pytest.mark.parametrize("name", ["models/tiny_base", "Qwen/Qwen2.5-Coder-7B-Instruct"])
def test_a_local_safetensors_model_and_a_name_on_the_hub_are_accepted(name: str) -> None:
    check_base_model(smoke(base_model=name))


@pytest.mark.parametrize("plugins", [None, [], ["other.Plugin"]])
def test_a_config_without_our_plugin_gets_it_and_keeps_its_own(plugins: Any) -> None:
    assert with_plugin(smoke(plugins=plugins)).axolotl["plugins"] == [PLUGIN, *(plugins or [])]
    given = smoke()
    assert with_plugin(given) is given


def test_deepspeed_settings_that_are_not_here_are_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "zero2.json").write_text("{}")
    check_deepspeed(smoke(deepspeed=str(tmp_path / "zero2.json")))
    with pytest.raises(ConfigError, match=r"zero3\.json: no such file"):
        check_deepspeed(smoke(deepspeed=str(tmp_path / "zero3.json")))


def test_a_policy_is_set_aside_by_its_name_only() -> None:
    with pytest.raises(ConfigError, match="trust_remote_code"):
        check_base_model(replace(smoke(trust_remote_code=True), section=Section(allow=["pickled-weights"])))
    check_base_model(replace(smoke(trust_remote_code=True), section=Section(allow=["remote-code"])))


OUTPUTS = {
    "a file": ("a_file", "is a file"),
    "the user's data": ("data", "would be replaced"),
    "all models": ("models", "would be replaced"),
}


@pytest.mark.parametrize(("output_dir", "why"), OUTPUTS.values(), ids=OUTPUTS.keys())
def test_an_output_folder_is_refused_that_is(output_dir: Any, why: str) -> None:
    Path("a_file").touch()
    with pytest.raises(ConfigError, match=why) as caught:
        check_output_dir(smoke(), Path(output_dir))
    assert caught.value.hint


@pytest.mark.parametrize("sign", ["adapter_model.safetensors", "provenance.json", "checkpoint-5", None])
def test_an_output_folder_that_a_training_wrote_is_accepted(sign: str | None) -> None:
    check_output_dir(smoke(), Path("models/checkpoints/new"))
    folder = Path("models/checkpoints/old")
    folder.mkdir(parents=True)
    if sign:
        (folder / sign).touch()
    check_output_dir(smoke(), folder)


@pytest.mark.parametrize("key", ["bf16", "fp16", "tf32", "lora_qkv_kernel", "lora_o_kernel", "lora_mlp_kernel"])
def test_a_precision_or_kernel_that_needs_cuda_is_refused_without_it(key: str) -> None:
    with pytest.raises(PrerequisiteError, match=f"needs a CUDA GPU \\({key}\\)") as caught:
        check_machine(smoke(**{key: True}), has_gpu=False)
    assert "make smoke" in caught.value.hint
    check_machine(smoke(**{key: True}), has_gpu=True)


def test_the_smoke_recipe_needs_no_gpu_and_the_full_one_does() -> None:
    check_machine(smoke(), has_gpu=False)
    with pytest.raises(PrerequisiteError):
        check_machine(load(CONFIGS / "full.yaml"), has_gpu=False)


def test_turns_that_are_not_to_be_trained_need_the_key_that_says_so() -> None:
    turns = [*ROW["messages"], {"role": "user", "content": "more"}, {"role": "assistant", "content": "ls -a"}]
    turns[1] = {**turns[1], "train": False}
    TRAIN.write_text(json.dumps({"messages": turns}) + "\n")
    with pytest.raises(DataError, match="train: false") as caught:
        check_rows(smoke())
    assert "message_field_training: train" in caught.value.hint
    told = smoke()
    told.axolotl["datasets"][0]["message_field_training"] = "train"
    assert check_rows(told)

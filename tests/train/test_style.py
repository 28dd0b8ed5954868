from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli_tuner.config.load import Config
from cli_tuner.config.sections import Section
from cli_tuner.errors import ConfigError
from cli_tuner.files import write_json
from cli_tuner.train.style import with_style


def _config(folder: Path, style: dict[str, Any] | None, **axolotl: Any) -> Config:
    record = folder / "provenance.json"
    if style is not None:
        write_json(record, {"tokenizer": {"style": style}})
    section = Section.model_validate({"phase": "x", "data_provenance": str(record)})
    return Config(folder / "x.yaml", axolotl, section)


def test_axolotl_is_told_the_end_of_a_turn_and_the_arguments(tmp_path: Path) -> None:
    style = {"end_token": "<end_of_turn>", "own_end": True, "arguments": {"enable_thinking": False}}
    found = with_style(_config(tmp_path, style)).axolotl
    assert found == {"eot_tokens": ["<end_of_turn>"], "chat_template_kwargs": {"enable_thinking": False}}


def test_a_plain_template_and_a_missing_record_add_nothing(tmp_path: Path) -> None:
    assert with_style(_config(tmp_path, None, lora_r=8)).axolotl == {"lora_r": 8}
    assert with_style(_config(tmp_path, {"end_token": "<|im_end|>"}, lora_r=8)).axolotl == {"lora_r": 8}


def test_another_end_of_turn_in_the_config_is_refused(tmp_path: Path) -> None:
    style = {"end_token": "<end_of_turn>", "own_end": True}
    assert with_style(_config(tmp_path, style, eot_tokens=["<end_of_turn>"])).axolotl["eot_tokens"] == ["<end_of_turn>"]
    with pytest.raises(ConfigError, match="the rows end their turns with <end_of_turn>"):
        with_style(_config(tmp_path, style, eot_tokens=["<eos>"]))

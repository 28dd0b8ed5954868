"""Before a training the rows' tokens are compared with those of the class that trains, unless prepare did it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.config.load import Config
from cli_tuner.config.sections import Section
from cli_tuner.errors import TemplateError
from cli_tuner.files import sha256_file
from cli_tuner.train.same_tokens import check_tokens


class Compare:
    """Keeps what it is asked."""

    def __init__(self, answer: Mapping[str, Any] | None = None) -> None:
        self.texts: list[str] = []
        self.answer = answer or {"compared": 1}

    def __call__(self, folder: Path, texts: Sequence[str]) -> Mapping[str, Any]:
        self.texts += texts
        return self.answer


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "base").mkdir()
    (tmp_path / "base/tokenizer.json").write_text("{}")
    turns = [{"role": "user", "content": "list"}, {"role": "assistant", "content": "ls"}]
    rows = [{"messages": turns}, {"messages": turns, "tools": [{"name": "sh"}]}, {"text": "plain"}]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    named = [{"path": str(tmp_path / "train.jsonl"), "type": "chat_template"}, {"path": "hub/rows", "type": "alpaca"}]
    return Config(tmp_path / "c.yaml", {"base_model": str(tmp_path / "base"), "datasets": named}, Section())


def test_every_text_of_the_rows_is_compared_once(config: Config) -> None:
    compare = Compare()
    assert check_tokens(config, compare) == ""
    assert compare.texts == ["list", "ls", "sh", "plain"]


def test_what_cannot_be_compared_is_said(config: Config) -> None:
    assert "NoSuchClass" in check_tokens(config, Compare({"compared": 0, "why": "NoSuchClass"}))


def test_a_difference_stops_the_training(config: Config) -> None:
    def differ(folder: Path, texts: Sequence[str]) -> Mapping[str, Any]:
        raise TemplateError("other tokens")

    with pytest.raises(TemplateError):
        check_tokens(config, differ)


@pytest.mark.parametrize("changed", ["nothing", "rows", "tokenizer", "comparison"])
def test_what_prepare_compared_is_not_compared_again_and_nothing_else_is_left_out(
    changed: str, config: Config, tmp_path: Path
) -> None:
    record = {
        "tokenizer_parity": {"compared": 0 if changed == "comparison" else 3},
        "outputs": {"train.jsonl": sha256_file(tmp_path / "train.jsonl")},
        "tokenizer": {"files": {"tokenizer.json": sha256_file(tmp_path / "base/tokenizer.json")}},
    }
    (tmp_path / "provenance.json").write_text(json.dumps(record))
    if changed in ("rows", "tokenizer"):
        with (tmp_path / {"rows": "train.jsonl", "tokenizer": "base/tokenizer.json"}[changed]).open("a") as handle:
            handle.write('{"text": "new"}\n')
    compare = Compare()
    check_tokens(config, compare)
    assert bool(compare.texts) is (changed != "nothing")


def test_a_base_that_is_not_here_is_left_to_the_training(config: Config) -> None:
    compare = Compare()
    config.axolotl["base_model"] = "owner/model"
    assert check_tokens(config, compare) == "" and not compare.texts

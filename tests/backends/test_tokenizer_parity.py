from __future__ import annotations

import json
from pathlib import Path

import pytest
import tokenizers

from cli_tuner.backends.hf_tokenizer import HfTokenizer
from cli_tuner.backends.tokenizer_parity import check_parity, compare_texts, require_same
from cli_tuner.errors import TemplateError
from tests.cli.test_prepare import make_tokenizer

pytestmark = pytest.mark.slow

TEXTS = ["list files, then stop", "ls -l 'a  b' | wc", "Zähle 12345 Zeilen\n"]


def _made(folder: Path, name: str) -> HfTokenizer:
    make_tokenizer(folder)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, "tokenizer_class": name}))
    return HfTokenizer(folder)


def test_equal_tokens_are_counted_and_remembered(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    ours = _made(tmp_path / "tok", "PreTrainedTokenizerFast")
    ids = [ours.encode(text) for text in TEXTS]
    found = check_parity(tmp_path / "tok", TEXTS, ids, tmp_path / "cache")
    assert found["compared"] == 3 and found["transformers"]
    assert check_parity(tmp_path / "tok", TEXTS, ids, tmp_path / "cache") == found
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_the_first_text_with_other_tokens_is_shown(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    ours = _made(tmp_path / "tok", "PreTrainedTokenizerFast")
    ids = [ours.encode(text) for text in TEXTS]
    ids[1] = [*ids[1][:5], 7, *ids[1][6:]]
    with pytest.raises(TemplateError, match=r"(?s)from token 5.*ls -l") as caught:
        check_parity(tmp_path / "tok", TEXTS, ids, tmp_path / "cache")
    assert "tokenizer_class" in caught.value.hint


def _merging_words(folder: Path, name: str) -> Path:
    """A tokenizer whose file cuts a text nowhere before it merges, so that any rule of a class shows."""
    folder.mkdir()
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(["list the files now ls -l 12345 abc123"] * 20, trainer)
    made.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": name}))
    return folder


@pytest.mark.parametrize("name", ["GPT2Tokenizer", "Qwen2Tokenizer", "LlamaTokenizer"])
def test_a_class_that_rebuilds_its_rule_is_an_error_that_names_class_and_text(name: str, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    folder = _merging_words(tmp_path / "tok", name)
    with pytest.raises(TemplateError, match=rf"(?s){name} of transformers.*from token 0.*list the files now"):
        compare_texts(folder, ["list the files now"], tmp_path / "cache")


def test_a_class_that_keeps_the_rule_of_the_file_is_equal(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    folder = _merging_words(tmp_path / "tok", "PreTrainedTokenizerFast")
    assert compare_texts(folder, ["list the files now"], tmp_path / "cache")["compared"] == 1


class _Loaded:
    """A tokenizer of transformers as it is called."""

    def __init__(self, ids: list[list[int]]) -> None:
        self.ids = iter(ids)

    def __call__(self, text: str, add_special_tokens: bool) -> dict[str, list[int]]:
        return {"input_ids": next(self.ids)}


def test_a_class_that_is_loaded_already_is_compared_without_another_process(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    ours = _made(tmp_path / "tok", "PreTrainedTokenizerFast")
    ids = [ours.encode(text) for text in TEXTS]
    assert require_same(tmp_path / "tok", TEXTS, _Loaded(ids)) == 3
    with pytest.raises(TemplateError, match="_Loaded of transformers"):
        require_same(tmp_path / "tok", TEXTS, _Loaded([[1], *ids[1:]]))
    assert require_same(tmp_path, TEXTS, _Loaded(ids)) == 0


def test_what_cannot_be_loaded_is_unknown_not_equal(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    (tmp_path / "tok").mkdir()
    (tmp_path / "tok/tokenizer_config.json").write_text('{"tokenizer_class": "NoSuchTokenizer"}')
    found = check_parity(tmp_path / "tok", TEXTS, [[1], [1], [1]], tmp_path / "cache")
    assert found["compared"] == 0 and "cannot load" in found["why"]

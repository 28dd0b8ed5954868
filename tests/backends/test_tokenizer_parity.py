from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_tuner.backends.hf_tokenizer import HfTokenizer
from cli_tuner.backends.tokenizer_parity import check_parity
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


def test_a_class_that_rebuilds_its_rule_is_found(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    ours = _made(tmp_path / "tok", "LlamaTokenizer")
    ids = [ours.encode(text) for text in TEXTS]
    try:
        found = check_parity(tmp_path / "tok", TEXTS, ids, tmp_path / "cache")
    except TemplateError as error:
        assert "LlamaTokenizer" in error.message or "tokens" in error.message
    else:
        assert found["compared"] == 0 and found["why"]


def test_what_cannot_be_loaded_is_unknown_not_equal(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    (tmp_path / "tok").mkdir()
    (tmp_path / "tok/tokenizer_config.json").write_text('{"tokenizer_class": "NoSuchTokenizer"}')
    found = check_parity(tmp_path / "tok", TEXTS, [[1], [1], [1]], tmp_path / "cache")
    assert found["compared"] == 0 and "cannot load" in found["why"]

from __future__ import annotations

import gc
import json
import pickle
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.backends.hf_tokenizer import HfTokenizer, load_tokenizer
from cli_tuner.chat.labels import check_row, label_row
from cli_tuner.errors import DataError, PrerequisiteError, TemplateError

tokenizers = pytest.importorskip("tokenizers")
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A byte-level BPE tokenizer, as Qwen's is, learnt from a few lines."""
    path = tmp_path_factory.mktemp("tokenizer")
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=SPECIAL,
        initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    made.train_from_iterator(["system user assistant list all the files find . -name"] * 4, trainer)
    made.save(str(path / "tokenizer.json"))
    template = Path("tests/fixtures/chat_templates/qwen25.jinja").read_text(encoding="utf-8")
    config = {"eos_token": "<|im_end|>", "pad_token": {"content": "<|endoftext|>"}, "chat_template": template}
    (path / "tokenizer_config.json").write_text(json.dumps(config))
    return path


pieces = st.lists(st.one_of(st.sampled_from([*SPECIAL, "\n", " ", "assistant\n"]), st.text(max_size=8)), max_size=8)


@given(parts=pieces)
def test_piecewise_tokens_are_those_of_the_whole_text(folder: Path, parts: list[str]) -> None:
    tokenizer = HfTokenizer(folder)
    text = "".join(parts)
    assert tokenizer._separable
    assert tokenizer.encode(text) == tokenizer._fast.encode(text, add_special_tokens=False).ids


def test_a_row_trains_the_command_and_its_end_token(folder: Path) -> None:
    tokenizer = load_tokenizer(str(folder))
    row = label_row(tokenizer, "list all the files", "find . -name 'ä'")
    assert tokenizer.decode(row.trained_ids) == "find . -name 'ä'<|im_end|>"
    assert check_row(tokenizer, "list <|im_start|>", "ls", 512).problem == "special_token"


def test_it_travels_to_worker_processes_as_its_path(folder: Path) -> None:
    tokenizer = HfTokenizer(folder)
    sent = pickle.dumps(tokenizer)
    assert pickle.loads(sent).encode("find .") == tokenizer.encode("find .")
    assert pickle.loads(sent) is pickle.loads(sent)  # a worker gets it with every shard


def test_names_and_digests(folder: Path) -> None:
    tokenizer = HfTokenizer(folder)
    assert dict(tokenizer.special_tokens) == {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
    assert tokenizer.special_ids == frozenset({0, 1, 2})
    assert set(tokenizer.digests()) == {"tokenizer.json", "tokenizer_config.json"}


def test_a_template_file_beats_the_config(folder: Path, tmp_path: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "chat_template.jinja").write_text("x")
    assert HfTokenizer(tmp_path).chat_template == "x"


def test_what_is_missing_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such tokenizer folder"):
        load_tokenizer("models/none")
    with pytest.raises(DataError, match=r"no tokenizer\.json"):
        HfTokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(DataError, match="not a tokenizer"):
        HfTokenizer(tmp_path).encode("x")
    with pytest.raises(TemplateError, match="no chat template"):
        _ = HfTokenizer(tmp_path).chat_template


def test_a_hub_that_cannot_be_reached_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub")

    def refuse(*_: object, **__: object) -> str:
        raise OSError("no route")

    monkeypatch.setattr(hub, "snapshot_download", refuse)
    with pytest.raises(PrerequisiteError, match="cannot be reached"):
        load_tokenizer("org/model")


@pytest.mark.contract
@pytest.mark.skipif(tokenizers.__version__ != "0.23.1", reason="measured on 0.23.1; look whether it is fixed")
def test_the_library_keeps_something_of_each_text_it_encodes(folder: Path) -> None:
    """Why `prepare/workers.py` replaces its processes."""
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    tracemalloc.start()
    for number in range(2_000):
        tokenizer.encode(f"list file {number}")
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held > 2_000 * 48

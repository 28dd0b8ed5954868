"""A GGUF becomes a folder with the tokenizer that the file describes, or is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.backends import model_store
from cli_tuner.errors import DataError

pytestmark = pytest.mark.contract

np = pytest.importorskip("numpy")
gguf = pytest.importorskip("gguf")

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
LAYERS, WIDTH, INNER = 1, 32, 64


def letters() -> list[str]:
    from tokenizers.pre_tokenizers import ByteLevel

    return sorted(ByteLevel.alphabet())


def make(path: Path, pre: str = "smollm") -> Path:
    """Write a tiny llama with a byte vocabulary and a merge that only digits apart prevent."""
    tokens = [*SPECIAL, *letters(), "12", "ls"]
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_rope_dimension_count(WIDTH // 2)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([3] * len(SPECIAL) + [1] * (len(tokens) - len(SPECIAL)))
    writer.add_token_merges(["1 2", "l s"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_chat_template("{% for m in messages %}<|im_start|>{{ m['content'] }}<|im_end|>{% endfor %}")
    drawn = np.random.default_rng(1)
    shapes = {"token_embd": (len(tokens), WIDTH), "output_norm": (WIDTH,), "blk.0.attn_norm": (WIDTH,)}
    shapes |= {f"blk.0.attn_{name}": (WIDTH, WIDTH) for name in ("q", "k", "v", "output")}
    shapes |= {"blk.0.ffn_norm": (WIDTH,), "blk.0.ffn_down": (WIDTH, INNER)}
    shapes |= {f"blk.0.ffn_{name}": (INNER, WIDTH) for name in ("gate", "up")}
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", drawn.standard_normal(shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, Any]]:
    file = make(tmp_path_factory.mktemp("gguf") / "tiny.gguf")
    out = file.parent / "models" / "tiny"
    return file, out, model_store.add(str(file), out, lambda _: None)


def test_the_tokenizer_is_that_of_the_file(added: tuple[Path, Path, dict[str, Any]]) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(added[1], trust_remote_code=False)
    assert (tokenizer.eos_token, tokenizer.bos_token, tokenizer.unk_token) == ("<|im_end|>", "<|im_start|>", SPECIAL[0])
    assert [tokenizer.decode([one]) for one in tokenizer("ls 12<|im_end|>")["input_ids"]] == [
        "ls", " ", "1", "2", "<|im_end|>",
    ]  # fmt: skip
    for text in ("ls -l | wc", "find . -name '*.py' 2024", "Größe 10\u202fMB \u4e2d\U0001f600\ttab\n"):
        assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text


def test_the_folder_is_recorded_and_added_once(added: tuple[Path, Path, dict[str, Any]]) -> None:
    file, out, record = added
    config = json.loads((out / "config.json").read_text())
    assert (config["eos_token_id"], record["end_token"], config["dtype"]) == (2, "<|im_end|>", "bfloat16")
    assert model_store.add(str(file), out, lambda _: None) == record
    assert not [path for path in out.parent.iterdir() if path != out]


def test_a_folder_that_was_changed_or_is_something_else_is_refused(
    added: tuple[Path, Path, dict[str, Any]], tmp_path: Path
) -> None:
    other = make(tmp_path / "other.gguf", pre="gpt-2")
    with pytest.raises(DataError, match="is not"):
        model_store.add(str(other), added[1], lambda _: None)


def test_a_pre_tokenizer_that_cannot_be_rebuilt_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    file = make(tmp_path / "odd.gguf", pre="deepseek-llm")
    with pytest.raises(DataError, match="deepseek-llm"):
        model_store.add(str(file), tmp_path / "models" / "odd", lambda _: None)
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize("name", ["qwen/x", "smollm3"])
def test_an_unknown_name_is_refused_with_the_known_ones(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="smollm2-135m"):
        model_store.add(name, tmp_path / "x", lambda _: None)

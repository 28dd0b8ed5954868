"""The tiny base models of the smoke run and the toy: Qwen2 made small, built offline from rows and a seed.

A byte-level BPE tokenizer with ChatML special tokens and a Qwen-style chat template, and a randomly
initialised Qwen2 of about 0.9 M parameters (hidden 128, 4 layers, 4 query and 2 key-value heads, untied
embeddings as in the 7B model). It knows nothing: it proves the machinery, not the quality. The toy's
knows the system prompt as one token, so that a row is a third shorter and a CPU trains it in minutes.

The law: the same samples, seed and library versions give the same bytes; a folder that was made from
other samples or by another version of this recipe is rebuilt, and a killed build leaves nothing behind.

Source: Qwen2 technical report, https://arxiv.org/abs/2407.10671; ChatML as in the tokenizer of
https://huggingface.co/Qwen/Qwen2.5-Coder-7B-Instruct.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli_tuner.chat.messages import SYSTEM_PROMPT
from cli_tuner.errors import DataError
from cli_tuner.files import read_json, read_jsonl, sha256_file, write_json, write_text

RECIPE = {"version": 3, "seed": 42, "vocab_size": 1024, "hidden": 128, "layers": 4, "heads": 4, "kv_heads": 2}
INIT_STD = 0.02
# Where Qwen2 cuts text before merging. transformers puts this in for every Qwen2 tokenizer, whatever its file says.
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIAL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHAT_TEMPLATE = """\
{%- if messages[0]['role'] != 'system' -%}
    {{- '<|im_start|>system\\n' + default_system + '<|im_end|>\\n' -}}
{%- endif -%}
{%- for message in messages -%}
    {{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<|im_start|>assistant\\n' -}}
{%- endif -%}
"""
FOLDER = Path("models/tiny_base")
SAMPLES = Path("data/samples")
TOY_FOLDER = Path("models/toy_init")
TOY_SAMPLES = Path("data/toy")
_RECORD = "tiny_base.json"


def ensure_named(base_model: str) -> bool:
    """Make the model that a config names, if it is one of ours and not there yet; tell whether it was built."""
    if base_model == str(TOY_FOLDER):
        return ensure(TOY_FOLDER, TOY_SAMPLES, compact=True)
    return base_model == str(FOLDER) and ensure(FOLDER)


def ensure(folder: Path, samples: Path = SAMPLES, *, compact: bool = False) -> bool:
    """Make the model in `folder` unless it is there and current.

    Args:
        folder: Where the model and tokenizer files lie, e.g. `models/tiny_base`.
        samples: Folder of JSONL rows whose text teaches the tokenizer its merges.
        compact: Whether the system prompt and the names of the roles are one token each.

    Returns:
        True when it was built, False when it was already there.

    Raises:
        DataError: There are no samples to learn the vocabulary from.
    """
    if not any(samples.rglob("*.jsonl")) and _is_whole(folder):
        return False  # nothing here says that it is not current
    record = {**_record(samples), **({"compact": True} if compact else {})}
    if (folder / _RECORD).is_file() and read_json(folder / _RECORD)["recipe"] == record:
        return False
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        staging.chmod(0o755)
        tokenizer = _build_tokenizer(samples, compact=compact)
        _save_tokenizer(tokenizer, staging)
        _build_model(staging, tokenizer)
        digests = {file.name: sha256_file(file) for file in sorted(staging.iterdir())}
        write_json(staging / _RECORD, {"recipe": record, "digests": digests})
        if folder.exists():
            shutil.rmtree(folder)
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return True


def _is_whole(folder: Path) -> bool:
    """Tell whether the model in `folder` is made by this recipe and every file still has its digest."""
    if not (folder / _RECORD).is_file():
        return False
    known = read_json(folder / _RECORD)
    same = all(known["recipe"].get(name) == value for name, value in RECIPE.items())
    return same and all(
        (folder / name).is_file() and sha256_file(folder / name) == digest for name, digest in known["digests"].items()
    )


def _record(samples: Path) -> dict[str, object]:
    files = sorted(samples.rglob("*.jsonl"))
    if not files:
        raise DataError(
            f"{samples}: no *.jsonl rows to learn the tiny tokenizer from",
            hint="run this from the root of the repository, where data/samples lies",
        )
    return {**RECIPE, "samples": {file.relative_to(samples).as_posix(): sha256_file(file) for file in files}}


def _corpus(samples: Path, *, roles: bool) -> Iterator[str]:
    yield SYSTEM_PROMPT
    for file in sorted(samples.rglob("*.jsonl")):
        if file.name == "flawed.jsonl":
            continue
        for row in read_jsonl(file):
            yield f"{row['instruction']}\n{row['command']}"
            if roles:
                yield "system\nuser\nassistant\n"


def _build_tokenizer(samples: Path, *, compact: bool) -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(byte_fallback=False))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(  # type: ignore[no-untyped-call]
        vocab_size=RECIPE["vocab_size"] - compact,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(samples, roles=compact), trainer)
    if compact:
        tokenizer.add_tokens([SYSTEM_PROMPT])
    return tokenizer


def _save_tokenizer(tokenizer: Any, folder: Path) -> None:
    tokenizer.save(str(folder / "tokenizer.json"))
    write_text(folder / "chat_template.jinja", CHAT_TEMPLATE.replace("default_system", repr(SYSTEM_PROMPT)))
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "Qwen2Tokenizer",
            "eos_token": "<|im_end|>",
            "pad_token": "<|endoftext|>",
            "bos_token": None,
            "unk_token": None,
            "model_max_length": 2048,
            "clean_up_tokenization_spaces": False,
            "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        },
    )


def _build_model(folder: Path, tokenizer: Any) -> None:
    from safetensors.numpy import save_file

    end, pad = tokenizer.token_to_id("<|im_end|>"), tokenizer.token_to_id("<|endoftext|>")
    save_file(_weights(), folder / "model.safetensors", metadata={"format": "pt"})
    write_json(folder / "config.json", _model_config(end, pad))
    write_json(
        folder / "generation_config.json",
        {"eos_token_id": [end, pad], "pad_token_id": pad, "do_sample": False},
    )


def _model_config(end: int, pad: int) -> dict[str, object]:
    return {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "vocab_size": RECIPE["vocab_size"],
        "hidden_size": RECIPE["hidden"],
        "intermediate_size": 2 * RECIPE["hidden"],
        "num_hidden_layers": RECIPE["layers"],
        "num_attention_heads": RECIPE["heads"],
        "num_key_value_heads": RECIPE["kv_heads"],
        "hidden_act": "silu",
        "initializer_range": INIT_STD,
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1000000.0,
        "tie_word_embeddings": False,
        "use_cache": True,
        "dtype": "float32",
        "eos_token_id": end,
        "pad_token_id": pad,
        "bos_token_id": None,
    }


def _weights() -> dict[str, object]:
    """Draw every tensor: norms 1, biases 0, the rest normal; NumPy's PCG64 stream is the same on every platform."""
    import numpy as np

    draw = np.random.Generator(np.random.PCG64(RECIPE["seed"]))
    hidden, vocab, inner = RECIPE["hidden"], RECIPE["vocab_size"], 2 * RECIPE["hidden"]
    keys = hidden // RECIPE["heads"] * RECIPE["kv_heads"]
    matrices = {
        "self_attn.q_proj": (hidden, hidden), "self_attn.k_proj": (keys, hidden), "self_attn.v_proj": (keys, hidden),
        "self_attn.o_proj": (hidden, hidden), "mlp.gate_proj": (inner, hidden), "mlp.up_proj": (inner, hidden),
        "mlp.down_proj": (hidden, inner),
    }  # fmt: skip

    def normal(*shape: int) -> Any:
        return (draw.standard_normal(shape, dtype=np.float32) * np.float32(INIT_STD)).astype(np.float32)

    tensors = {"model.embed_tokens.weight": normal(vocab, hidden), "lm_head.weight": normal(vocab, hidden)}
    for index in range(RECIPE["layers"]):
        prefix = f"model.layers.{index}"
        for name, shape in matrices.items():
            tensors[f"{prefix}.{name}.weight"] = normal(*shape)
        for name in ("q_proj", "k_proj", "v_proj"):
            tensors[f"{prefix}.self_attn.{name}.bias"] = np.zeros(matrices[f"self_attn.{name}"][0], np.float32)
        for name in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"{prefix}.{name}.weight"] = np.ones(hidden, np.float32)
    tensors["model.norm.weight"] = np.ones(hidden, np.float32)
    return tensors

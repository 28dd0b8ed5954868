"""Turns a GGUF file into a folder that transformers and Axolotl load: safetensors in bfloat16, tokenizer, template.

Transformers dequantises the weights. The tokenizer is built here from what the file itself says, because transformers
5.16 gives a converted one the wrong end token and drops the first steps of its pre-tokenizer. Sources: the GGUF
specification (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md) and, for what each name of a pre-tokenizer
means, llama.cpp's `src/llama-vocab.cpp`. Not covered: SentencePiece vocabularies and pre-tokenizers not listed here,
which are refused, as a tokenizer that is nearly right trains on wrong ids.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli_tuner.backends.hf_model import quieten
from cli_tuner.errors import DataError, PrerequisiteError
from cli_tuner.files import write_json, write_text

_CONTROL = 3
"""Token type of the GGUF specification: control tokens."""
_DIGITS_APART = {"smollm": True, "gpt-2": False}


def convert(file: Path, out: Path) -> dict[str, object]:
    """Write the model of `file` into the folder `out`, which is made.

    Returns:
        `{"architecture", "n_parameters", "licence", "end_token", "pre_tokenizer"}`.

    Raises:
        PrerequisiteError: The package `gguf` is missing.
        DataError: The file is no GGUF, or holds a tokenizer that cannot be rebuilt exactly.
    """
    facts = _fields(file)
    tokenizer = _tokenizer(file, facts)
    out.mkdir(parents=True)
    tokenizer.save(str(out / "tokenizer.json"))
    names = {name: _token(facts, name) for name in ("bos", "eos", "unknown", "padding")}
    write_json(out / "tokenizer_config.json", _tokenizer_config(facts, names))
    if template := facts.get("tokenizer.chat_template"):
        write_text(out / "chat_template.jinja", str(template))
    n_parameters = _write_weights(file, out, facts)
    return {
        "architecture": facts["general.architecture"],
        "n_parameters": n_parameters,
        "licence": facts.get("general.license"),
        "end_token": names["eos"],
        "pre_tokenizer": facts["tokenizer.ggml.pre"],
    }


def _fields(file: Path) -> Mapping[str, Any]:
    try:
        from gguf import GGUFReader
    except ImportError as error:
        raise PrerequisiteError(
            "reading GGUF needs the package gguf", hint="pip install 'cli-tuner[models]'"
        ) from error
    try:
        return {name: field.contents() for name, field in GGUFReader(file).fields.items()}
    except (OSError, ValueError, IndexError) as error:
        raise DataError(f"{file}: not readable as GGUF: {error}", hint="download it again") from error


def _tokenizer(file: Path, facts: Mapping[str, Any]) -> Any:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    kind, pre = facts.get("tokenizer.ggml.model"), facts.get("tokenizer.ggml.pre")
    if kind != "gpt2" or pre not in _DIGITS_APART:
        raise DataError(
            f"{file}: its tokenizer ({kind}, pre-tokenizer {pre}) cannot be rebuilt exactly; "
            f"known are {', '.join(sorted(_DIGITS_APART))}",
            hint="name the original model of the hub as base_model instead",
        )
    tokens: list[str] = facts["tokenizer.ggml.tokens"]
    merges = [tuple(pair.split(" ", 1)) for pair in facts["tokenizer.ggml.merges"]]
    built = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate(tokens)}, merges=merges))
    first = [pre_tokenizers.Digits(individual_digits=True)] if _DIGITS_APART[pre] else []
    spaced = bool(facts.get("tokenizer.ggml.add_space_prefix", False))
    steps = [*first, pre_tokenizers.ByteLevel(add_prefix_space=spaced, use_regex=True)]
    built.pre_tokenizer = pre_tokenizers.Sequence(steps)
    built.decoder = decoders.ByteLevel()
    types = facts["tokenizer.ggml.token_type"]
    control = [token for token, kind in zip(tokens, types, strict=True) if kind == _CONTROL]
    built.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    return built


def _token(facts: Mapping[str, Any], name: str) -> str | None:
    number = facts.get(f"tokenizer.ggml.{name}_token_id")
    return None if number is None else str(facts["tokenizer.ggml.tokens"][number])


def _tokenizer_config(facts: Mapping[str, Any], names: dict[str, str | None]) -> dict[str, object]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": names["bos"],
        "eos_token": names["eos"],
        "unk_token": names["unknown"],
        "pad_token": names["padding"] or names["eos"],
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": int(facts[f"{facts['general.architecture']}.context_length"]),
    }


def _write_weights(file: Path, out: Path, facts: Mapping[str, Any]) -> int:
    os.environ.setdefault("TQDM_DISABLE", "1")  # the bar of a conversion that takes four seconds
    quieten()
    import torch
    import transformers
    from transformers import AutoModelForCausalLM, GenerationConfig

    # NOTE: transformers 5.20 keeps the file's own quantised layers unless it is told to unpack them; 5.16 always does.
    gguf_config = getattr(transformers, "GgufConfig", None)
    dense = {"quantization_config": gguf_config(dequantize=True)} if gguf_config else {}
    model = AutoModelForCausalLM.from_pretrained(
        str(file.parent), gguf_file=file.name, dtype=torch.bfloat16, trust_remote_code=False, **dense
    )
    if dense:  # it still calls itself quantised, and would not be saved
        model.hf_quantizer = None
        vars(model.config).pop("quantization_config", None)
    ids = {name: facts.get(f"tokenizer.ggml.{name}_token_id") for name in ("bos", "eos")}
    pad = facts.get("tokenizer.ggml.padding_token_id", ids["eos"])
    for name, value in (("bos_token_id", ids["bos"]), ("eos_token_id", ids["eos"]), ("pad_token_id", pad)):
        setattr(model.config, name, value)
    model.generation_config = GenerationConfig(
        do_sample=False, bos_token_id=ids["bos"], eos_token_id=ids["eos"], pad_token_id=pad
    )
    model.save_pretrained(str(out), safe_serialization=True)
    return int(sum(weights.numel() for weights in model.parameters()))

"""The modules of any model that transformers can build, from its `config.json` alone, without memory.

Run as a child (`python -m cli_tuner.backends.architecture FOLDER`): the model is built on torch's meta device, so that
a model of any size takes seconds and no weights. One JSON line goes out: `{"modules": {path: [in, out, count]},
"parameters": all weights, "vocabulary": weights of embeddings and head, "sizes": {name of `config.json`: number}}`; in
a path, `N` stands for the number of a layer. Code from a repository is never run.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

_SIZES = (
    "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
    "vocab_size", "max_position_embeddings", "num_experts_per_tok", "num_local_experts", "moe_intermediate_size",
)  # fmt: skip
_OTHER_NAMES = {
    "num_local_experts": ("num_experts", "n_routed_experts", "moe_num_experts"),
    "num_experts_per_tok": ("top_k_experts", "moe_top_k"),
}


def modules_of(folder: Path) -> dict[str, Any]:
    """Build the model of `folder` without memory and count it.

    Raises:
        ValueError: transformers cannot build it, or only with code from its repository.
    """
    from transformers import AutoConfig

    return count(AutoConfig.from_pretrained(str(folder), trust_remote_code=False))


def count(config: Any) -> dict[str, Any]:
    """Build the model of a config without memory and count it.

    Raises:
        ValueError: transformers cannot build it, or only with code from its repository.
    """
    import torch

    with torch.device("meta"):
        model = build(config)
    found: dict[str, list[int]] = {}
    vocabulary = 0
    text = config.get_text_config()
    for path, module in model.named_modules():
        weight = getattr(module, "weight", None)
        if weight is None or weight.dim() != 2:
            continue
        if isinstance(module, torch.nn.Embedding) or path.rpartition(".")[2] in ("lm_head", "embed_out"):
            tied = getattr(text, "tie_word_embeddings", False) and not isinstance(module, torch.nn.Embedding)
            vocabulary += 0 if tied else weight.numel()
            continue
        out_features, in_features = weight.shape
        if type(module).__name__ == "Conv1D":  # GPT-2's, with its weight the other way round
            in_features, out_features = weight.shape
        key = numbered(path)
        found.setdefault(key, [int(in_features), int(out_features), 0])[2] += 1
    sizes = {name: value for name in _SIZES if (value := _size(text, name)) is not None}
    parameters = sum(one.numel() for one in model.parameters())
    return {
        "kind": str(config.model_type), "modules": found, "parameters": parameters, "vocabulary": vocabulary,
        "sizes": {**sizes, "tie_word_embeddings": bool(getattr(text, "tie_word_embeddings", False))},
    }  # fmt: skip


def numbered(path: str) -> str:
    """Return the path of a module with `N` for the number of its layer."""
    return re.sub(r"\.\d+(?=\.|$)", ".N", path)


def _size(config: Any, name: str) -> int | None:
    """Return a number of a config, by any of its names; None where it has none, or one for each layer."""
    for one in (name, *_OTHER_NAMES.get(name, ())):
        for room in (config, getattr(config, "ffn_config", None)):
            try:
                value = getattr(room, one, None)
            except RuntimeError:  # transformers' AmbiguousGlobalPerLayerAttributeError
                continue
            if isinstance(value, int) and not isinstance(value, bool):
                return value
    return None


def build(config: Any) -> Any:
    """Build the model of a config, on the device that is set: the one that generates text, where it is one of several.

    Raises:
        ValueError: transformers cannot build it, or only with code from its repository.
    """
    problems: list[str] = []
    for model in builds(config, problems):
        return model
    raise ValueError(problems[0])


def builds(config: Any, problems: list[str]) -> Iterator[Any]:
    """Yield the model of each class that a loader may take for this config; why not the others goes to `problems`."""
    import transformers

    generates = False
    for name in ("AutoModelForCausalLM", "AutoModelForImageTextToText", "AutoModelForMultimodalLM", "AutoModel"):
        kind = None if generates and name == "AutoModel" else getattr(transformers, name, None)
        try:
            if kind is not None:
                yield kind.from_config(config, trust_remote_code=False)
                generates = True
        except (ValueError, KeyError) as error:
            problems.append(str(error).splitlines()[0])


def main() -> None:
    """Answer for the folder that is named on the command line."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with redirect_stdout(sys.stderr):
        try:
            answer = modules_of(Path(sys.argv[1]))
        except (ValueError, OSError, KeyError, ImportError) as error:
            answer = {"error": str(error).splitlines()[0]}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()

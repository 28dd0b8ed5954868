"""Makes small real models and adapters: the tiny base model, and LoRA weights on it that are not zero."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from cli_tuner.backends import tiny_base

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
COPIED = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
PREFIX = "base_model.model."


def make_base(folder: Path) -> Path:
    tiny_base.ensure(folder)
    return folder


def make_adapter(
    folder: Path, base: Path, targets: Sequence[str] = ATTENTION, rank: int = 4, scale: float = 0.05, **config: Any
) -> Path:
    """Write an adapter as PEFT would: A and B drawn, tokenizer and template beside it, no training record."""
    folder.mkdir(parents=True)
    dice = np.random.default_rng(7)
    tensors: dict[str, Any] = {}
    for name, weight in load_file(base / "model.safetensors").items():
        module = name.removesuffix(".weight")
        if module.rsplit(".", 1)[-1] in targets:
            out_features, in_features = weight.shape
            tensors[f"{PREFIX}{module}.lora_A.weight"] = scale * dice.standard_normal((rank, in_features))
            tensors[f"{PREFIX}{module}.lora_B.weight"] = scale * dice.standard_normal((out_features, rank))
    write_adapter(folder, {name: one.astype(np.float32) for name, one in tensors.items()})
    settings = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": str(base), "r": rank}
    settings |= {"lora_alpha": 16, "target_modules": list(targets), "bias": "none", **config}
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    for file in COPIED:
        shutil.copy(base / file, folder / file)
    return folder


def write_adapter(folder: Path, tensors: Mapping[str, Any]) -> None:
    save_file(dict(tensors), folder / "adapter_model.safetensors", metadata={"format": "pt"})


def trained(folder: Path, base: Path, **settings: Any) -> Path:
    """Save an adapter by PEFT itself, every trainable weight moved away from where it starts."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    model = get_peft_model(
        model, LoraConfig(**{"r": 4, "lora_alpha": 8, "target_modules": list(ATTENTION), **settings})
    )
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.05 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    for file in COPIED:
        shutil.copy(base / file, folder / file)
    return folder

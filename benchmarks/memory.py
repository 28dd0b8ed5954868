"""Measured memory against the plan's estimate.

python benchmarks/memory.py activations          what one decoder layer keeps for backward, counted on a CPU
python benchmarks/memory.py gpu CONFIG [STEPS]    a real training on this machine's GPU, its peak as nvidia-smi and
                                                  Axolotl saw it (in the repository, after `make prepare`)
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from cli_tuner.config.load import load
from cli_tuner.config.realise import realise
from cli_tuner.config.targets import of_gpu
from cli_tuner.provenance.environment import gpus
from cli_tuner.train.adapter import count_trainable
from cli_tuner.train.memory import estimate_memory, layer_bytes_per_token
from cli_tuner.train.shapes import Shape, find_shape

TOKENS = 256
SHAPE = Shape("qwen2", 512, 2048, 2, 8, 2, 64, 1000, False, 2048, "this benchmark")


def kept_by_a_layer(values: dict[str, Any], shape: Shape = SHAPE) -> float:
    """Count the bytes that autograd keeps for one decoder layer, a token; weights do not count."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Qwen2Config

    config = Qwen2Config(
        hidden_size=shape.hidden, intermediate_size=shape.inner, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, num_key_value_heads=shape.kv_heads, vocab_size=shape.vocab,
        tie_word_embeddings=shape.tied, attn_implementation="sdpa",
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config)
    lora = LoraConfig(
        r=values["lora_r"], lora_dropout=values["lora_dropout"], target_modules=values["lora_target_modules"]
    )
    layer = get_peft_model(model, lora).train().base_model.model.model.layers[1]
    weights = {parameter.untyped_storage().data_ptr() for parameter in layer.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    hidden = torch.randn(1, TOKENS, shape.hidden, requires_grad=True)
    rotary = model.get_submodule("model.rotary_emb")(hidden, torch.arange(TOKENS)[None])
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        output = layer(hidden, position_embeddings=rotary)
    assert output is not None
    return sum(kept.values()) / TOKENS


def activations() -> None:
    seven = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    for targets in (seven[:4], seven):
        for dropout in (0.0, 0.05):
            values = {"adapter": "lora", "lora_r": 8, "lora_dropout": dropout, "lora_target_modules": targets}
            estimated = layer_bytes_per_token(
                SHAPE, count_trainable(values, SHAPE), values, 4, mask_bytes=4
            )  # the CPU's mask is float32
            measured = kept_by_a_layer(values)
            share = estimated / measured
            head = f"{len(targets)} targets, dropout {dropout}"
            print(f"{head}: {measured:.0f} B a token kept, {estimated:.0f} estimated: {share:.2f}")


def on_gpu(path: str, steps: str = "6") -> None:
    here = gpus()
    if not here:
        sys.exit("no GPU here")
    overrides = [f"max_steps={steps}", "warmup_steps=2", f"eval_steps={steps}", f"save_steps={steps}"]
    overrides += ["output_dir=models/checkpoints/bench-memory", "cli_tuner.phase=bench-memory"]
    config = realise(load(Path(path), overrides), of_gpu(here[0]))
    shape = find_shape(str(config.axolotl["base_model"]))
    assert shape is not None
    estimate = estimate_memory(config.axolotl, shape, count_trainable(config.axolotl, shape))
    seen, ended = [0.0], threading.Event()

    def watch() -> None:
        query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
        while not ended.wait(0.2):
            seen.append(float(subprocess.run(query, capture_output=True, text=True).stdout.split()[0]) * 2**20)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    argv = [sys.executable, "-m", "cli_tuner.cli", "train", "--config", path, "--json"]
    started = time.monotonic()
    done = subprocess.run(
        [*argv, *(word for one in overrides for word in ("--set", one))], capture_output=True, text=True
    )
    ended.set()
    if done.returncode:
        sys.exit(done.stderr)
    metrics = Path(json.loads(done.stdout)["run_dir"]) / "metrics.jsonl"
    lines = [json.loads(line) for line in metrics.read_text("utf-8").splitlines()]
    report = {
        "gpu": here[0]["name"], "config": path, "seconds": round(time.monotonic() - started),
        "nvidia_smi_peak_gb": round(max(seen) / 1e9, 2),
        "max_allocated_gib": max(line.get("memory/max_allocated (GiB)", 0) for line in lines),
        "estimated_loading_gb": round(estimate.loading_bytes / 1e9, 2),
        "estimated_step_gb": round(estimate.step_bytes / 1e9, 2),
        "estimated_peak_gb": round(estimate.peak_bytes / 1e9, 2),
        "estimate_over_measured": round(estimate.peak_bytes / max(seen), 2),
    }  # fmt: skip
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["activations"]:
            activations()
        case ["gpu", *rest] if rest:
            on_gpu(*rest)
        case _:
            sys.exit(__doc__)

"""Trained tokens per second: packed rows against padded ones, as pairs of real trainings in one run.

Both are `configs/full.yaml` made tiny (CPU, tiny base model, NF4, 8-bit AdamW), sequences of 512 tokens, micro batch 1,
the same number of optimiser steps. `padded` fills every row up to 512; `packed` puts several rows into one sequence.
Only their ratio is meant: absolute numbers of a CPU and a tiny model say nothing about a GPU.

    python benchmarks/packing.py [--pairs 3] [--steps 12]      (in the repository, after `make prepare`)
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import yaml

from cli_tuner.backends.hf_tokenizer import HfTokenizer
from cli_tuner.backends.tiny_base import FOLDER, ensure
from cli_tuner.config.load import Config, load
from cli_tuner.train.tiny import tiny
from cli_tuner.train.tokens import count_tokens

VARIANTS = {
    "padded": {"sample_packing": False, "pad_to_sequence_len": True},
    "packed": {"sample_packing": True, "pad_to_sequence_len": True},
}


def recipe(name: str, steps: int, folder: Path) -> Config:
    full = load(Path("configs/full.yaml"))
    config = tiny(full)
    values = {key: value for key, value in config.axolotl.items() if key not in ("test_datasets", "eval_steps")}
    values |= VARIANTS[name] | {
        "datasets": full.axolotl["datasets"], "sequence_len": 512, "micro_batch_size": 1, "max_steps": steps,
        "gradient_accumulation_steps": 1, "save_steps": steps,  # the same in both; one sequence a step is quick
        "logging_steps": 1, "output_dir": str(folder / name), "wandb_project": None,
    }  # fmt: skip
    values = {key: value for key, value in values.items() if value is not None}
    section = config.section.model_copy(update={"phase": f"bench-{name}"})
    return replace(config, axolotl=values, section=section)


def seconds_per_step(config: Config, folder: Path) -> float:
    """Train and return the median time of a step, the first left out."""
    file = folder / f"{config.section.phase}.yaml"
    file.write_text(yaml.safe_dump(config.complete(), sort_keys=False), encoding="utf-8")
    argv = [sys.executable, "-m", "cli_tuner.cli", "train", "--config", str(file), "--json"]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # steadier on a busy machine
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=one_thread)
    if done.returncode:
        sys.exit(done.stderr)
    metrics = Path(json.loads(done.stdout)["run_dir"]) / "metrics.jsonl"
    lines = [json.loads(line) for line in metrics.read_text("utf-8").splitlines()]
    at = {line["step"]: line["elapsed_s"] for line in reversed(lines) if "loss" in line}
    return statistics.median(at[step] - at[step - 1] for step in at if step - 1 in at)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--steps", type=int, default=12)
    options = parser.parse_args()
    ensure(FOLDER)
    ratios = []
    with tempfile.TemporaryDirectory() as scratch:
        for pair in range(options.pairs):
            speed = {}
            for name in VARIANTS if pair % 2 == 0 else reversed(list(VARIANTS)):
                config = recipe(name, options.steps, Path(scratch))
                tokens = count_tokens(config.axolotl, "datasets", HfTokenizer(FOLDER))
                assert tokens is not None
                per_step = tokens.trained / tokens.sequences * config.axolotl["gradient_accumulation_steps"]
                step_s = seconds_per_step(config, Path(scratch))
                speed[name] = per_step / step_s
                waste = tokens.padding / tokens.total
                print(
                    f"{name}: {per_step:.0f} trained tokens a step, {step_s:.2f} s a step, {waste:.0%} padding",
                    flush=True,
                )
            ratios.append(speed["packed"] / speed["padded"])
            print(
                f"pair {pair + 1}: {speed['packed']:.1f} / {speed['padded']:.1f} tokens/s = {ratios[-1]:.2f}x",
                flush=True,
            )
    print(f"median of {len(ratios)} pairs: {statistics.median(ratios):.2f}x")


if __name__ == "__main__":
    main()

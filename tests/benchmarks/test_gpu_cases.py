"""What a GPU is asked to prove, and when it has: decided without one."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.gpu_cases import (
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


def machine(capability: str, **more: Any) -> dict[str, Any]:
    gpu = {"name": "Some GPU", "compute_capability": capability, "memory_mib": "16000", "driver": "1"}
    return {"gpus": [gpu], "torch": "2.13.0", "cuda": True, "cuda_version": "13.0", "flash_attn": False, **more}


NONE: dict[str, Any] = {"gpus": [], "torch": "2.13.0+cpu", "cuda": False, "cuda_version": None, "flash_attn": False}


def test_without_cuda_nothing_can_be_proved_and_one_line_says_why() -> None:
    assert "no CUDA GPU" in refusal(NONE)
    assert "CPU build" in refusal(machine("8.9", cuda=False, torch="2.13.0+cpu"))
    assert "torch None" in refusal({**machine("8.9"), "torch": None, "cuda": None})
    assert refusal(machine("7.5")) == ""
    assert all("\n" not in refusal(one) for one in (NONE, machine("8.9", cuda=False)))


@pytest.mark.parametrize(
    ("capability", "wanted"), [("6.1", "fp16"), ("7.5", "fp16"), ("8.0", "bf16"), ("12.0", "bf16")]
)
def test_precision_is_decided_by_capability(capability: str, wanted: str) -> None:
    assert precision(machine(capability)) == wanted
    assert f"{wanted}=true" in cases(machine(capability))[0].changes


def test_a_turing_card_is_not_asked_for_bfloat16_and_says_so() -> None:
    found = {case.name: case for case in cases(machine("7.5"))}
    assert "computes no bfloat16" in found["bf16"].skipped
    assert "Ampere" in found["flash"].skipped
    assert not found["kernels"].skipped
    assert not any("bf16=true" in case.changes for case in found.values() if not case.skipped)


def test_an_ampere_card_is_asked_for_all_of_it() -> None:
    assert "not installed" in {case.name: case for case in cases(machine("8.6"))}["flash"].skipped
    found = {case.name: case for case in cases(machine("8.6", flash_attn=True))}
    assert list(found) == ["reference", "again", "kernels", "fp16", "packed", "flash"]
    assert not any(case.skipped for case in found.values())


def test_a_rehearsal_asks_a_cpu_for_what_it_can() -> None:
    found = {case.name for case in cases(NONE) if not case.skipped}
    assert found == {"reference", "again", "packed"}


def numbers(**changes: Any) -> dict[str, Any]:
    losses = {step: 12.0 - step / 10 for step in range(1, STEPS + 1)}
    return {"losses": losses, "precision": ["bf16"], "n_linear4bit": 168, "adapter_sha256": "a", **changes}


BF16 = Case("kernels", "x", ("bf16=true", "fp16=false"), same_as="reference")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"adapter_sha256": "b"}, ""),
        ({"n_linear4bit": 0}, "no layer is quantised"),
        ({"precision": ["fp32"]}, "bf16 was asked for, fp32 trained"),
        ({"losses": dict.fromkeys(range(1, STEPS + 1), 12.0)}, "did not fall"),
        ({"losses": {1: 12.0, 2: 11.0}}, "did not fall in 2 steps"),
        ({"losses": {}}, "did not fall in 0 steps"),
        ({"losses": {step: 12.0 - step / 5 for step in range(1, STEPS + 1)}}, "losses differ by up to"),
    ],
)
def test_a_training_is_ok_only_if_it_is_what_was_asked_for(changes: dict[str, Any], said: str) -> None:
    result = judge_training(BF16, numbers(**changes), numbers())
    assert result.state == ("failed" if said else "ok")
    assert said in result.said
    assert result.numbers["same_bytes"] is (changes.get("adapter_sha256", "a") == "a")


def test_what_it_should_be_held_against_must_be_there() -> None:
    assert judge_training(BF16, numbers(), None).state == "failed"
    assert difference({}, {}) == 1.0


@pytest.mark.parametrize(
    ("peak", "planned", "state"),
    [(4.0, 4.2 * 2**30, "ok"), (4.0, 5.2 * 2**30, "failed"), (4.0, 3.0 * 2**30, "failed"), (None, 1.0, "skipped"),
     (4.0, None, "failed")],
)  # fmt: skip
def test_the_plan_must_be_within_a_fifth_of_the_measured_peak(
    peak: float | None, planned: float | None, state: str
) -> None:
    assert judge_memory(peak, planned).state == state


def test_numbers_come_from_the_record_and_the_metrics() -> None:
    record = {
        "precision": {"bf16": True, "fp16": False, "tf32": True},
        "model": {"n_linear4bit": 3, "adapter_sha256_at_end": "a"},
    }
    lines = [
        {"step": 1, "loss": 2.0, "tokens/train_per_sec_per_gpu": 10.0, "memory/max_active (GiB)": 3.5},
        {"step": 2, "loss": 1.0, "tokens/train_per_sec_per_gpu": 30.0, "memory/max_active (GiB)": 2.5},
        {"step": 2, "eval_loss": 1.0, "memory/max_active (GiB)": 4.5}, {"step": 2, "train_loss": 1.5},
    ]  # fmt: skip
    found = numbers_of(record, lines, 12.34)
    assert found == {
        "losses": {1: 2.0, 2: 1.0}, "precision": ["bf16"], "n_linear4bit": 3, "tokens_per_s": 20.0, "peak_gib": 4.5,
        "adapter_sha256": "a", "seconds": 12.3,
    }  # fmt: skip
    assert numbers_of(record, [{"step": 1, "loss": 1.0, "memory/max_active (GiB)": 0.0}], 1)["peak_gib"] is None


def test_the_page_tells_every_check_and_a_rehearsal_apart() -> None:
    checks = [
        {"name": "reference", "proves": "p", "state": "ok", "said": "", "numbers": {"losses": {"9": 3.0, "10": 2.5}}},
        {"name": "flash", "proves": "p", "state": "skipped", "said": "not | installed", "numbers": {}},
        vars(Result("again", "p", "failed", "x", {"same_bytes": False, "loss_difference": 0.5})),
    ]
    report = {"facts": machine("8.9"), "started": "now", "seconds": 5.0, "checks": checks}
    text = page(report)
    assert "| reference | p | ok | - | - | 2.5 | - |" in text
    assert "not / installed" in text
    assert "x; losses within 0.5" in text
    assert "1 ok, 1 failed, 1 not done" in text
    assert "nothing of a GPU is shown" not in text
    assert "nothing of a GPU is shown" in page({**report, "facts": NONE})

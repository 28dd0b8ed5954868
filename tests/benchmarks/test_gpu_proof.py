"""The kit asks for every check, stops at its time, and tells what it found; the trainings are stand-ins."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks import gpu_proof
from benchmarks.gpu_cases import SAVE_AT, STEPS, cases
from benchmarks.gpu_proof import REPOSITORY
from cli_tuner.config.check import judge
from cli_tuner.config.load import load
from cli_tuner.config.targets import find_target
from cli_tuner.files import write_json, write_jsonl, write_text
from tests.benchmarks.test_gpu_cases import NONE, machine


class FakeMachine(gpu_proof.Machine):
    """Answers commands as a GPU machine would; those whose text holds a word of `failing` fail."""

    asked: list[str]
    failing: tuple[str, ...]
    killed: int

    @classmethod
    def made(cls, folder: Path, *failing: str, left_s: float = 100.0) -> FakeMachine:
        found = cls(folder, time.monotonic() + left_s)
        found.asked, found.failing, found.killed = [], failing, 0
        return found

    def run(self, argv: Sequence[str]) -> tuple[int, str, str]:
        text = " ".join(argv[3:])
        self.asked.append(text)
        if any(word in text for word in self.failing):
            return 4, "", "noise\nerror: crashed: on purpose\n  hint: x"
        if text.startswith("train"):
            self._train(argv)
        told = {"memory": {"peak_bytes": 4 * 2**30}} if text.startswith("plan") else {"gates": []}
        return 0, json.dumps(told), ""

    def _train(self, argv: Sequence[str]) -> None:
        changes = dict(one.split("=", 1) for one in argv if "=" in one)
        output = self.folder / changes["output_dir"]
        record = {
            "run_id": output.name,
            "precision": {name: changes[name] == "true" for name in ("bf16", "fp16")},
            "model": {"n_linear4bit": 3, "adapter_sha256_at_end": "same"},
        }
        write_json(output / "provenance.json", record)
        lines = [{"step": step, "loss": 9.0 - step / 9, "memory/max_active (GiB)": 4.1} for step in range(1, STEPS + 1)]
        write_jsonl(self.folder / "models/runs" / output.name / "metrics.jsonl", lines)

    def start(self, argv: Sequence[str]) -> subprocess.Popen[str]:
        self.asked.append("start " + " ".join(argv[3:]))
        output = next(one for one in argv if one.startswith("output_dir=")).partition("=")[2]
        checkpoint = self.folder / f"{output}.run.partial/checkpoint-{SAVE_AT}"
        write_json(checkpoint / "digests.json", {})
        return subprocess.Popen(["sleep", "60"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def kill(self, child: subprocess.Popen[str]) -> None:
        self.killed += 1
        super().kill(child)


def states(results: list[Any]) -> dict[str, str]:
    return {one.name: one.state for one in results}


def test_on_an_ampere_card_everything_is_asked_for_and_ok(tmp_path: Path) -> None:
    fake = FakeMachine.made(tmp_path)
    found = gpu_proof.prove(fake, machine("8.6", flash_attn=True))
    assert set(states(found).values()) == {"ok"}
    assert list(states(found)) == [
        "reference", "again", "kernels", "fp16", "packed", "flash", "memory", "resumed", "validated", "merged",
    ]  # fmt: skip
    assert fake.killed == 1
    assert any("--resume auto" in text for text in fake.asked)
    assert not any("--allow-cpu" in text for text in fake.asked)
    assert any(text.startswith("plan") and "sample_packing=true" in text for text in fake.asked)


@pytest.mark.parametrize(
    ("failing", "failed"),
    [("lora_qkv_kernel=true", {"kernels"}), ("--resume", {"resumed"}), ("merge", {"merged"}), ("plan", {"memory"}),
     ("validate", {"validated"})],
)  # fmt: skip
def test_one_check_that_fails_is_told_and_stops_no_other(tmp_path: Path, failing: str, failed: set[str]) -> None:
    found = gpu_proof.prove(FakeMachine.made(tmp_path, failing), machine("8.6"))
    assert {name for name, state in states(found).items() if state == "failed"} == failed
    assert all(one.said for one in found if one.state == "failed")


def test_without_its_reference_nothing_is_held_against_it(tmp_path: Path) -> None:
    found = gpu_proof.prove(FakeMachine.made(tmp_path, "checkpoints/reference"), machine("8.6"))
    assert states(found)["reference"] == states(found)["again"] == "failed"
    assert "memory" not in states(found)
    assert "on purpose" in found[0].said


def test_when_the_time_is_up_the_rest_is_not_run(tmp_path: Path) -> None:
    found = gpu_proof.prove(FakeMachine.made(tmp_path, left_s=0.0), machine("8.6"))
    assert set(states(found).values()) <= {"not run", "skipped"}


def test_a_training_that_the_deadline_cut_is_not_called_failed(tmp_path: Path) -> None:
    class Slow(FakeMachine):
        def run(self, argv: Sequence[str]) -> tuple[int, str, str]:
            self.deadline = 0.0
            return 124, "", "out of time"

    found = gpu_proof.prove(Slow.made(tmp_path), machine("8.6"))
    assert states(found)["reference"] == "not run"
    assert "failed" not in states(found).values()


def test_a_command_that_never_ends_is_ended_at_the_deadline(tmp_path: Path) -> None:
    started = time.monotonic()
    assert gpu_proof.Machine(tmp_path, started + 0.2).run(["sleep", "60"])[0] == 124
    assert time.monotonic() - started < 30


def test_without_cuda_it_refuses_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu_proof, "facts", lambda _: NONE)
    assert gpu_proof.main(["--into", str(tmp_path)]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert not (tmp_path / "proof.json").exists()


@pytest.mark.parametrize(("failing", "status"), [((), 0), (("merge",), 1), (("prepare",), 1)])
def test_one_json_and_one_page_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: tuple[str, ...], status: int
) -> None:
    monkeypatch.setattr(gpu_proof, "facts", lambda _: machine("8.9"))
    monkeypatch.setattr(gpu_proof, "Machine", lambda folder, _: FakeMachine.made(folder, *failing))
    assert gpu_proof.main(["--into", str(tmp_path)]) == status
    report = json.loads((tmp_path / "proof.json").read_text())
    assert report["checks"]
    assert (tmp_path / "proof.md").read_text().startswith("# GPU proof\n")
    assert (tmp_path / "work").exists() is bool(status)


@pytest.mark.integration
@pytest.mark.parametrize("name", ["gtx-1650", "t4", "a100-40g", "rtx-4090", "h100"])
def test_what_a_gpu_is_asked_to_train_is_a_right_config_for_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = find_target(name)
    (tmp_path / "mine").mkdir()
    (tmp_path / "configs").symlink_to(REPOSITORY / "configs")
    monkeypatch.chdir(tmp_path)
    write_text(Path("mine/gpu.yaml"), yaml.safe_dump(gpu_proof.recipe(tiny=False)))
    asked = [case for case in cases(machine(target.compute_capability, flash_attn=True)) if not case.skipped]
    assert len(asked) >= 3
    for case in asked:
        config = load(Path("mine/gpu.yaml"), [*case.changes, "output_dir=out"])
        assert [str(one) for one in judge(config, target).remarks if one.severity == "error"] == []

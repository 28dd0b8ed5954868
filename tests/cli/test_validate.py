"""`cli-tuner validate`: a bad checkpoint is one clear line and its exit code; a good one is a report that is kept."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.backends import hf_model, wandb
from cli_tuner.cli.main import main
from cli_tuner.errors import PrerequisiteError, TemplateError
from cli_tuner.files import sha256_file
from tests.fakes import FakeGenerator, MemoryTracker
from tests.validate.checkpoints import make_base, make_checkpoint, safetensors_bytes, write_record

FOLDER = Path("models/checkpoints/smoke")
VALIDATE = ("validate", "--checkpoint-dir", str(FOLDER), "--allow-cpu")
WEIGHTS = FOLDER / "adapter_model.safetensors"
GOOD = {"n_tensors": 2, "n_not_finite": 0, "all_zero": False}
ROWS_OUT = Path("data/validation/20260101-000000-smoke-abcd.jsonl")


def without_weights() -> None:
    WEIGHTS.unlink()


def truncated() -> None:
    WEIGHTS.write_bytes(WEIGHTS.read_bytes()[:-1])


def pickle_only() -> None:
    WEIGHTS.rename(FOLDER / "adapter_model.bin")


def changed_bytes() -> None:
    WEIGHTS.write_bytes(WEIGHTS.read_bytes()[:-1] + b"\xff")


def another_base() -> None:
    Path("models/base/model.safetensors").write_bytes(safetensors_bytes({"model.embed.weight": (2, 2)}))


def another_shape() -> None:
    make_base(Path("models/narrow"), {"model.layers.0.self_attn.q_proj.weight": (6, 3)})
    (FOLDER / "adapter_config.json").write_text('{"base_model_name_or_path": "models/narrow"}')
    write_record(FOLDER, "models/narrow")


def escaping_run_id() -> None:
    write_record(FOLDER, "models/base", run_id="../../../escaped")


def terminal_tricks() -> None:
    name = "base_model.model.\x1b[2J.lora_A.weight"
    WEIGHTS.write_bytes(safetensors_bytes({name: (2, 2)}))
    write_record(FOLDER, "models/base")


FAULTS: dict[str, tuple[Callable[[], None], str]] = {
    "no weights": (without_weights, "no adapter_model.safetensors"),
    "truncated safetensors": (truncated, "promises 80 bytes of tensors, holds 79"),
    "a pickle": (pickle_only, "pickle"),
    "bytes changed after training": (changed_bytes, "not the bytes that the training recorded"),
    "a base model that changed": (another_base, "was trained on another"),
    "an adapter of another base": (another_shape, "does not fit models/narrow"),
    "a run id that is a path": (escaping_run_id, "is not a training record"),
    "names that are control sequences": (terminal_tricks, "\\x1b[2J"),
}


@pytest.mark.parametrize(("change", "why"), FAULTS.values(), ids=FAULTS.keys())
def test_a_checkpoint_is_refused_with(change: Callable[[], None], why: str, refused: Callable[..., str]) -> None:
    change()
    err = refused(*VALIDATE, code=1)
    assert why in err
    assert "\x1b" not in err


def test_a_folder_that_is_not_there_is_refused(refused: Callable[..., str]) -> None:
    assert "no such checkpoint folder" in refused("validate", "--checkpoint-dir", "models/nowhere", code=2)


PROMPTS = {
    "a file that is not there": (None, "no such file"),
    "no rows": ("", "holds no rows"),
    "a malformed row": ("{\n", ":1: not readable"),
    "a row without an instruction": ("{}\n", "need an `instruction`"),
}


@pytest.mark.parametrize(("content", "why"), PROMPTS.values(), ids=PROMPTS.keys())
def test_prompts_are_refused_with(content: str | None, why: str, refused: Callable[..., str]) -> None:
    if content is not None:
        Path("prompts.jsonl").write_text(content)
    err = refused(*VALIDATE, "--data-path", "prompts.jsonl", code=2)
    assert "error: prompts.jsonl" in err
    assert why in err


@pytest.mark.parametrize("flags", [(), ("--load-in-4bit",), ("--no-load-in-4bit",)])
def test_a_machine_without_a_gpu_is_a_prerequisite_unless_a_cpu_will_do(
    flags: tuple[str, ...], refused: Callable[..., str]
) -> None:
    err = refused("validate", "--checkpoint-dir", str(FOLDER), *flags, code=3)
    assert "wants a CUDA GPU" in err
    assert "--allow-cpu" in err
    assert ("4-bit" in err) is (flags != ("--no-load-in-4bit",))


class Tracker(MemoryTracker):
    made: list[Tracker] = []

    def __init__(self, **facts: Any) -> None:
        super().__init__()
        self.facts = facts
        self.made.append(self)


@pytest.fixture
def fake(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put fakes where torch, the model and W&B would be."""
    Tracker.made.clear()

    def use(completion: str = "ls", facts: dict[str, Any] = GOOD, *, other_tokens: bool = False) -> None:
        class Generator(FakeGenerator):
            def __init__(self, *_: Any, **__: Any) -> None:
                super().__init__(default=completion)

            def facts(self) -> dict[str, Any]:
                return {"device": "cpu", "n_linear4bit": 28}

            def require_same_tokens(self, folder: Path, chats: Sequence[Any]) -> int:
                if other_tokens:
                    raise TemplateError(f"{folder}: cuts a row into other tokens than its tokenizer.json")
                return len(chats)

        monkeypatch.setattr(hf_model, "HfGenerator", Generator)
        monkeypatch.setattr(hf_model, "adapter_facts", lambda _: facts)
        monkeypatch.setattr(wandb, "WandbTracker", Tracker)

    use()
    return use


def test_a_good_checkpoint_is_0_and_its_report_is_kept_and_tracked(
    fake: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    run = Path("models/runs/20260101-000000-smoke-abcd")
    run.mkdir(parents=True)
    assert main([*VALIDATE, "--json"]) == 0
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert report["passed"] is True
    assert "error" not in err
    assert [json.loads(line) for line in ROWS_OUT.read_text().splitlines()] == report["probes"]
    assert json.loads((run / "validation.json").read_text()) == report
    (tracker,) = Tracker.made
    assert tracker.finished
    assert tracker.values["validate/passed"] == 1.0
    assert tracker.facts["group"] == run.name
    assert tracker.facts["mode"] == "offline"
    columns, rows = tracker.tables["validate/completions"]
    assert len(rows) == 1
    assert len(columns) == len(rows[0])


def test_prompts_that_the_loaded_class_cuts_otherwise_are_an_error_and_nothing_is_asked(
    fake: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    fake(other_tokens=True)
    assert main([*VALIDATE]) == 2
    assert "other tokens" in capsys.readouterr().err and not ROWS_OUT.exists()


def test_a_table_for_people_shows_completions_and_gates(
    fake: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    fake(completion="ls \x1b[2J")
    main([*VALIDATE])
    out, err = capsys.readouterr()
    assert "list files" in out
    assert "dangerous_rate" in out
    assert "\x1b" not in out + err


GATES: dict[str, tuple[dict[str, Any], str]] = {
    "a dangerous completion": ({"completion": "rm -rf /"}, "dangerous_rate"),
    "an empty completion": ({"completion": " "}, "non_empty_rate"),
    "NaN": ({"facts": {**GOOD, "n_not_finite": 1}}, "weights_finite"),
    "all zeros": ({"facts": {**GOOD, "all_zero": True}}, "weights_trained"),
}


@pytest.mark.parametrize(("given", "gate"), GATES.values(), ids=GATES.keys())
def test_a_gate_fails_with_1_and_is_named_for(
    given: dict[str, Any], gate: str, fake: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    fake(**given)
    assert main([*VALIDATE, "--json"]) == 1
    out, err = capsys.readouterr()
    assert f"error: gate failed: {gate}\n  hint: " in err
    assert json.loads(out)["passed"] is False
    assert ROWS_OUT.exists()


def test_a_full_disk_is_one_clear_error_and_keeps_the_earlier_rows(
    fake: Callable[..., None], monkeypatch: pytest.MonkeyPatch, refused: Callable[..., str]
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    ROWS_OUT.parent.mkdir()
    ROWS_OUT.write_text("the earlier rows")
    monkeypatch.setattr("os.fsync", full)
    assert "No space left on device" in refused(*VALIDATE, code=2)


def test_results_are_kept_when_w_and_b_refuses(
    fake: Callable[..., None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(**_: Any) -> None:
        raise PrerequisiteError("W&B cannot start a run: bad key", hint="WANDB_MODE=offline")

    run = Path("models/runs/20260101-000000-smoke-abcd")
    run.mkdir(parents=True)
    monkeypatch.setattr(wandb, "WandbTracker", refuse)
    assert main([*VALIDATE]) == 3
    assert "bad key" in capsys.readouterr().err
    assert ROWS_OUT.exists()
    assert json.loads((run / "validation.json").read_text())["passed"] is True


def trained_here() -> None:
    run = Path("models/runs/20260101-000000-smoke-abcd/run.json")
    run.parent.mkdir(parents=True)
    run.write_text("{}")


def test_a_checkpoint_from_elsewhere_brings_no_gates_of_its_own(
    fake: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    config = FOLDER / "mine.yaml"
    config.write_text("base_model: x\ncli_tuner:\n  validate:\n    gates:\n      max_dangerous_rate: 1.0\n")
    write_record(FOLDER, "models/base", config={"file": str(config), "sha256": sha256_file(config)})
    fake(completion="rm -rf /")
    assert main([*VALIDATE]) == 1
    assert "was not trained here" in capsys.readouterr().err


@pytest.mark.parametrize(("same", "code"), [(True, 0), (False, 1)])
def test_a_config_that_changed_after_training_loosens_no_gate(
    same: bool, code: int, fake: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    trained_here()
    config = Path("trained.yaml")
    config.write_text("base_model: x\ncli_tuner:\n  validate:\n    gates:\n      max_dangerous_rate: 1.0\n")
    digest = sha256_file(config) if same else "0" * 64
    write_record(FOLDER, "models/base", config={"file": str(config), "sha256": digest})
    fake(completion="rm -rf /")
    assert main([*VALIDATE]) == code
    assert ("not the config that was trained" in capsys.readouterr().err) is not same


def test_gates_that_ask_nothing_of_the_answers_say_so(
    fake: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*VALIDATE]) == 0
    assert "asks nothing of the answers" not in capsys.readouterr().err
    trained_here()
    config = Path("trained.yaml")
    least = "".join(f"      min_{name}_rate: 0.0\n" for name in ("non_empty", "syntax_valid", "command_only"))
    config.write_text(f"base_model: x\ncli_tuner:\n  validate:\n    gates:\n{least}")
    write_record(FOLDER, "models/base", config={"file": str(config), "sha256": sha256_file(config)})
    assert main([*VALIDATE]) == 0
    assert "its base is random, and a pass shows that the machinery" in capsys.readouterr().err


def test_rows_go_where_they_are_asked_to_go(fake: Callable[..., None]) -> None:
    assert main([*VALIDATE, "--output-jsonl", "mine/rows.jsonl"]) == 0
    assert json.loads(Path("mine/rows.jsonl").read_text())["completion"] == "ls"
    assert not ROWS_OUT.exists()


@pytest.mark.contract
@pytest.mark.parametrize(
    ("value", "gate"), [(float("nan"), "weights_finite"), (float("inf"), "weights_finite"), (0.0, "weights_trained")]
)
def test_real_weights_of_nan_or_zero_fail_their_gate(
    value: float, gate: str, checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(wandb, "WandbTracker", Tracker)
    folder = make_checkpoint(Path("models/checkpoints/bad"), "models/base", value=value)
    assert main(["validate", "--checkpoint-dir", str(folder), "--allow-cpu", "--json"]) == 1
    out, err = capsys.readouterr()
    assert f"error: gate failed: {gate}\n" in err
    assert json.loads(out)["probes"] == []


@pytest.mark.contract
def test_weights_of_a_type_that_nobody_knows_are_one_clear_error(refused: Callable[..., str]) -> None:
    content = WEIGHTS.read_bytes().replace(b'"F32"', b'"X32"')
    WEIGHTS.write_bytes(content)
    write_record(FOLDER, "models/base")
    assert "cannot be read" in refused(*VALIDATE, code=1)

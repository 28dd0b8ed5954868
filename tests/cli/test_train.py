"""`cli-tuner train`: what cannot be trained is refused in one clear line; how a training ended is told truly."""

from __future__ import annotations

import errno
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.backends import tiny_base
from cli_tuner.cli.main import main
from cli_tuner.locks import Locks
from cli_tuner.train.launcher import Launcher

SMOKE = ("train", "--config", "configs/smoke.yaml")
TRAIN = Path("data/processed/train_smoke.jsonl")


@pytest.fixture(autouse=True)
def tiny(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A base model that is there; the real one is built by the end-to-end tests."""

    def ensure(folder: Path) -> bool:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model.safetensors").touch()
        return False

    monkeypatch.setattr(tiny_base, "ensure", ensure)


def config(text: str) -> str:
    """Write a config that is the smoke recipe with something wrong; return its name."""
    Path("mine.yaml").write_text(text)
    return "mine.yaml"


FILES: dict[str, tuple[str, str]] = {
    "malformed YAML": ("base_model: [", "mine.yaml:"),
    "a tab": ("extends: configs/smoke.yaml\n\tlora_r: 4", "mine.yaml:2"),
    "nothing": ("", "a config is a YAML mapping"),
    "a list": ("- a\n- b\n", "a config is a YAML mapping"),
    "a key twice": ("extends: configs/smoke.yaml\nlora_r: 4\nlora_r: 8\n", "lora_r"),
    "an unknown key": ("extends: configs/smoke.yaml\nlora_rr: 4\n", "lora_rr is not an Axolotl key"),
    "an unknown key of ours": ("extends: configs/smoke.yaml\ncli_tuner:\n  fase: x\n", "cli_tuner.fase"),
    "a circle": ("extends: mine.yaml\n", "circle"),
    "a parent that is not there": ("extends: nowhere.yaml\n", "nowhere.yaml: no such config"),
    "a python object": ("base_model: !!python/object/apply:os.system ['touch owned']\n", "mine.yaml:1"),
}


@pytest.mark.parametrize(("text", "why"), FILES.values(), ids=FILES.keys())
def test_a_config_is_refused_with(text: str, why: str, checkout: Path, refused: Callable[..., str]) -> None:
    err = refused("train", "--config", config(text), code=2)
    assert why in err
    assert not (checkout / "owned").exists()


def test_a_config_that_is_not_there_names_where_configs_are(refused: Callable[..., str]) -> None:
    assert "configs/*.yaml" in refused("train", "--config", "nowhere.yaml", code=2)


def test_a_near_miss_of_a_key_is_named(refused: Callable[..., str]) -> None:
    assert "lora_r" in refused(*SMOKE, "--set", "lora_rr=4", code=2).replace("lora_rr", "")


ROWS = {
    "a file that is not there": (None, "no such file"),
    "no rows": ("", "holds no rows"),
    "a malformed row": ('{"messages": [}\n', ":1: not JSON"),
    "a row without messages": ('{"instruction": "x"}\n', ":1: no list `messages`"),
}


@pytest.mark.parametrize(("content", "why"), ROWS.values(), ids=ROWS.keys())
def test_rows_are_refused_with(content: str | None, why: str, refused: Callable[..., str]) -> None:
    TRAIN.unlink()
    if content is not None:
        TRAIN.write_text(content)
    err = refused(*SMOKE, code=2)
    assert f"error: {TRAIN}" in err
    assert why in err
    assert "cli-tuner prepare" in err


SETS = {
    "a base model that is not there": ("base_model=models/nowhere", 2, "no such base model folder"),
    "a base model of pickles": ("base_model=models/pickles", 1, "pickle weights only"),
    "code from the hub": ("trust_remote_code=true", 2, "trust_remote_code"),
    "the user's data as output": ("output_dir=data", 2, "would be replaced"),
    "bf16 without a GPU": ("bf16=true", 3, "needs a CUDA GPU"),
    "a value that is no YAML": ("lora_r=[", 2, "lora_r"),
}


@pytest.mark.parametrize(("value", "code", "why"), SETS.values(), ids=SETS.keys())
def test_a_recipe_is_refused_with(value: str, code: int, why: str, refused: Callable[..., str]) -> None:
    Path("models/pickles").mkdir()
    Path("models/pickles/pytorch_model.bin").touch()
    assert why in refused(*SMOKE, "--set", value, code=code)
    assert not Path("models/runs").exists(), "a run that never started leaves no folder"


def test_the_full_recipe_on_a_machine_without_a_gpu_is_a_prerequisite(refused: Callable[..., str]) -> None:
    assert "make smoke" in refused("train", "--config", "configs/full.yaml", code=3)


def test_a_mode_of_w_and_b_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, refused: Callable[..., str]
) -> None:
    monkeypatch.setenv("WANDB_MODE", "ofline")
    assert "WANDB_MODE=ofline" in refused(*SMOKE, code=2)


@pytest.mark.parametrize("place", ["os.fsync", "pathlib.Path.symlink_to"])
def test_a_full_disk_is_one_clear_error(
    place: str, monkeypatch: pytest.MonkeyPatch, refused: Callable[..., str]
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(place, full)
    assert "No space left on device" in refused(*SMOKE, code=2)


CHILD = """
import json, os, pathlib, signal, sys, time
run = pathlib.Path(sys.argv[1]).parent
staging = pathlib.Path(f"models/checkpoints/smoke.{run.name}.partial")
def say(state, **facts):
    facts = {"run_id": run.name, "plugin": "alive", "pid": os.getpid(), "state": state, **facts}
    (run / "status.tmp").write_text(json.dumps(facts))
    (run / "status.tmp").replace(run / "status.json")
say("training", step=1)
(run / "metrics.jsonl").write_text(json.dumps({"step": 1, "max_steps": 2, "elapsed_s": 1.0, "loss": 2.5}) + "\\n")
staging.mkdir()
(staging / "adapter_model.safetensors").write_text("new")
"""


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def use(script: str) -> None:
        argv = [sys.executable, "-S", "-c", CHILD + script]
        monkeypatch.setattr(Launcher, "argv", lambda _, config, **__: [*argv, str(config)])

    return use


def test_a_training_that_ended_well_says_where_it_lies_and_what_is_next(
    child: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    child("say('trained', steps=2)")
    assert main([*SMOKE, "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["checkpoint_dir"] == "models/checkpoints/smoke"
    assert Path("models/checkpoints/smoke/adapter_model.safetensors").read_text() == "new"
    assert Path("models/checkpoints/smoke.previous/adapter_config.json").exists()
    assert Path(found["run_dir"], "run.json").exists()
    assert "step 1/2" in err
    assert "loss 2.5" in err
    assert main([*SMOKE]) == 0
    assert "cli-tuner validate --checkpoint-dir models/checkpoints/smoke --allow-cpu" in capsys.readouterr().err


def earlier() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path("models/checkpoints/smoke").iterdir()}


def test_a_child_that_failed_is_4_with_its_log_and_the_earlier_checkpoint_untouched(
    child: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    before = earlier()
    child("raise ValueError('bad luck')")
    assert main([*SMOKE]) == 4
    err = capsys.readouterr().err
    assert "error: crashed: " in err
    assert "bad luck" in err
    assert "train.log" in err
    assert "Traceback" not in err
    assert earlier() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_130_and_the_earlier_checkpoint_untouched(
    number: int, child: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    before = earlier()
    child(
        f"signal.signal(signal.SIGINT, lambda *_: sys.exit(0))\nos.kill(os.getppid(), {int(number)})\ntime.sleep(60)\n"
    )
    assert main([*SMOKE]) == 130
    err = capsys.readouterr().err
    assert "error: interrupted: " in err
    assert "--resume" in err
    assert earlier() == before
    assert json.loads(Path("models/runs/latest/run.json").read_text())["state"] == "interrupted"


def test_no_key_of_the_environment_or_of_dotenv_reaches_a_file_or_the_terminal(
    child: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "0123456789abcdef0123456789abcdef01234567"
    monkeypatch.setenv("WANDB_API_KEY", "")
    Path(".env").write_text(f"WANDB_API_KEY={secret}\nHF_TOKEN=hf_{secret}\n")
    monkeypatch.setenv("HF_TOKEN", "")
    child("assert len(os.environ['WANDB_API_KEY']) == 40 == len(os.environ['HF_TOKEN']) - 3\nraise ValueError('x')")
    assert main([*SMOKE]) == 4
    out, err = capsys.readouterr()
    assert "ValueError: x" in err
    assert secret not in out + err
    written = [path for path in Path("models").rglob("*") if path.is_file()]
    assert [path for path in written if secret.encode() in path.read_bytes()] == []


def test_a_second_training_into_the_same_output_is_refused_with_the_firsts_id(refused: Callable[..., str]) -> None:
    with Locks() as first:
        first.take(Path("models/checkpoints/.smoke.lock"), "it", {"run_id": "the-first-run"})
        err = refused(*SMOKE, code=4)
    assert "output_dir models/checkpoints/smoke: the-first-run is using it" in err


def test_missing_rows_that_lie_in_another_folder_name_that_folder(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "elsewhere").mkdir()
    (checkout / "mine.yaml").write_text("extends: configs/smoke.yaml\n")
    monkeypatch.chdir(checkout / "elsewhere")
    assert main(["train", "--config", "../mine.yaml"]) == 2
    assert f"cd {checkout}" in capsys.readouterr().err

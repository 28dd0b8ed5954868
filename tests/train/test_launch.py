"""A launch ends with the truth on disk, whatever the child did; the earlier output is never lost.

The child is a small real process that writes what our plugin writes.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli_tuner import process
from cli_tuner.config.sections import Supervision
from cli_tuner.errors import CliTunerError, LaunchError
from cli_tuner.runs.layout import RunDir
from cli_tuner.train.launch import launch
from cli_tuner.train.outcome import TrainingInterrupted
from cli_tuner.train.plan import Plan
from tests.train.test_publish import OUTPUT, STAGING, output, write_output

CHILD = """
import json, os, pathlib, signal, sys, time
run, staging = pathlib.Path("models/runs/run-1"), pathlib.Path("models/checkpoints/mine.run-1.partial")
def say(state, **facts):
    facts = {"run_id": "run-1", "plugin": "alive", "pid": os.getpid(), "state": state, **facts}
    (run / "status.tmp").write_text(json.dumps(facts))
    (run / "status.tmp").replace(run / "status.json")
def log(**line):
    with (run / "metrics.jsonl").open("a") as handle:
        handle.write(json.dumps(line) + "\\n")
def save(text="new"):
    staging.mkdir(parents=True, exist_ok=True)
    (staging / "adapter_model.safetensors").write_text(text)
def fail(*classes, message="", **facts):
    say("failed", error={"classes": classes, "message": message}, **facts)
    sys.exit(1)
"""
TRAINS = CHILD + "say('training'); log(step=1, elapsed_s=0.1, loss=2.0); save(); say('trained', steps=1)\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(process, "_POLL_S", 0.01)
    Path("models/runs/run-1").mkdir(parents=True)


def plan_of(script: str) -> Plan:
    return Plan(
        run=RunDir(Path("models/runs/run-1")),
        axolotl={"base_model": "x", "micro_batch_size": 4, "output_dir": str(STAGING)},
        argv=[sys.executable, "-S", "-c", script],
        env={"WANDB_MODE": "offline"},
        staging=STAGING,
        output_dir=OUTPUT,
        data_digest="0" * 64,
    )


def train(script: str, observe: Callable[[list[dict[str, Any]]], None] = lambda _: None) -> dict[str, Any]:
    return launch(plan_of(script), observe, Supervision(save_grace_s=30))


def record() -> Any:
    return json.loads(Path("models/runs/run-1/run.json").read_text())


def test_a_training_that_ends_well_is_published_and_recorded() -> None:
    seen: list[dict[str, Any]] = []
    status = train(TRAINS, seen.extend)
    assert status["steps"] == 1
    assert [line["loss"] for line in seen] == [2.0]
    assert output() == "new"
    assert not STAGING.exists()
    found = record()
    assert (found["state"], found["exit_status"], found["output_dir"]) == ("succeeded", 0, str(OUTPUT))
    assert found["started"] <= found["ended"]
    assert "fault" not in found


def test_the_config_is_frozen_before_the_child_starts() -> None:
    train(CHILD + "import shutil; shutil.copy(run / 'config.yaml', 'seen.yaml')\n" + TRAINS)
    assert yaml.safe_load(Path("seen.yaml").read_text())["base_model"] == "x"


def test_what_was_there_before_becomes_previous() -> None:
    for text in ("first", "second", "third"):
        train(TRAINS.replace("save()", f"save({text!r})"))
    assert (output(), output(".previous")) == ("third", "second")
    assert sorted(path.name for path in OUTPUT.parent.iterdir()) == ["mine", "mine.previous"]


ENDS = {
    "a crash": ("say('training', step=3); save(); sys.exit(5)", "crashed", 5),
    "a lie": ("save(); say('trained')\nos._exit(1)", "crashed", 1),
    "no weights": ("say('trained')", "crashed", 0),
    "exit 0 halfway": ("say('training'); save()", "crashed", 0),
    "no plugin": ("save(); print('ImportError: no plugin')", "plugin_missing", 0),
    "the status of another run": ("save(); say('trained', run_id='other')", "plugin_missing", 0),
    "NaN": ("save(); fail('NotFiniteError', message='loss at step 3')", "nan", 1),
    "a failed evaluation": ("save(); fail('KeyError', failed_in='evaluating')", "eval_failed", 1),
    "a kill": ("say('training'); save(); os.kill(os.getpid(), 9)", "crashed", -9),
    "a status that is incomplete": ("save(); (run / 'status.json').write_text('{')", "plugin_missing", 0),
    "a status that is no object": ("save(); (run / 'status.json').write_text('[]')", "plugin_missing", 0),
}


@pytest.mark.parametrize(("script", "state", "exit_status"), ENDS.values(), ids=ENDS.keys())
def test_a_run_that_failed_says_so_keeps_its_files_and_touches_no_output(
    script: str, state: str, exit_status: int
) -> None:
    write_output("the earlier bytes")
    with pytest.raises(LaunchError) as caught:
        train(CHILD + script)
    assert caught.value.message.startswith(f"{state}: ")
    assert str(STAGING) in caught.value.hint
    assert (record()["state"], record()["exit_status"]) == (state, exit_status)
    assert record()["fault"]
    assert output() == "the earlier bytes"
    assert not OUTPUT.with_name("mine.previous").exists()
    if "save()" in script:
        assert (STAGING / "adapter_model.safetensors").read_text() == "new"


def test_a_training_that_is_not_wanted_any_more_is_ended_and_what_it_saved_goes() -> None:
    write_output("the earlier bytes")
    asked: list[str] = []
    script = CHILD + "say('training', step=1); save(); log(step=1, eval_loss=9.0); time.sleep(60)"
    with pytest.raises(LaunchError, match=r"^pruned: .* after step 1"):
        launch(
            plan_of(script), lambda _: None, Supervision(), unwanted=lambda run: asked.append(run.run_id) is None
        )  # fmt: skip
    assert set(asked) == {"run-1"}
    assert record()["state"] == "pruned"
    assert output() == "the earlier bytes"
    assert not STAGING.exists()


def test_a_program_that_cannot_start_is_recorded_too() -> None:
    plan = plan_of("")
    with pytest.raises(LaunchError, match="cannot be started"):
        launch(
            Plan(**{**{f: getattr(plan, f) for f in Plan.__slots__}, "argv": ["no/such/python"]}), print, Supervision()
        )
    assert (record()["state"], record()["exit_status"]) == ("crashed", None)


SAVES = (
    CHILD
    + """
def stop(*_):
    save("half"); say("interrupted", step=4); sys.exit(0)
signal.signal(signal.SIGINT, stop)
say("training", step=4); log(step=4, elapsed_s=1.0)
while True: time.sleep(0.01)
"""
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_is_told_apart_and_leaves_the_earlier_output(number: int) -> None:
    write_output("the earlier bytes")
    with pytest.raises(TrainingInterrupted, match="step 4") as caught:
        train(SAVES, lambda lines: os.kill(os.getpid(), number) if lines else None)
    assert caught.value.exit_code == 130
    assert "--resume" in caught.value.hint
    assert record()["state"] == "interrupted"
    assert (STAGING / "adapter_model.safetensors").read_text() == "half"
    assert output() == "the earlier bytes"


def test_a_signal_while_the_output_is_moved_leaves_nothing_halfway(monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def interrupted(source: Path, target: Path) -> Path:
        os.kill(os.getpid(), signal.SIGINT)
        return rename(source, target)

    write_output("old")
    monkeypatch.setattr(Path, "rename", interrupted)
    train(TRAINS)
    assert (output(), output(".previous"), record()["state"]) == ("new", "old", "succeeded")


def test_memory_that_ran_out_is_tried_again_in_smaller_bites_and_recorded() -> None:
    script = (
        CHILD
        + """
config = (run / "config.yaml").read_text()
with open("tries", "a") as tries: tries.write("x")
if "micro_batch_size: 1" not in config: fail("OutOfMemoryError", message="CUDA out of memory")
save(); say("trained", steps=1)
"""
    )
    train(script)
    attempts = record()["attempts"]
    assert [attempt["state"] for attempt in attempts] == ["oom", "oom", "succeeded"]
    assert [attempt.get("next", {}).get("micro_batch_size") for attempt in attempts] == [2, 1, None]
    assert record()["state"] == "succeeded"


@pytest.mark.parametrize("retries", [0, 1])
def test_memory_that_ran_out_is_not_tried_more_often_than_asked(retries: int) -> None:
    script = CHILD + "open('tries', 'a').write('x'); fail('MemoryError')"
    for _ in range(2):  # the attempts of an earlier launch of the same run do not count
        Path("tries").write_text("")
        with pytest.raises(LaunchError, match="oom"):
            launch(plan_of(script), lambda _: None, Supervision(oom_retries=retries))
        assert len(Path("tries").read_text()) == retries + 1
    assert len(record()["attempts"]) == 2 * (retries + 1)


def test_no_secret_of_the_environment_reaches_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "0123456789abcdef0123456789abcdef01234567"
    monkeypatch.setenv("WANDB_API_KEY", secret)
    monkeypatch.setenv("HF_TOKEN", "hf_" + secret)
    train(CHILD + "assert os.environ['WANDB_API_KEY'] and os.environ['WANDB_MODE'] == 'offline'\n" + TRAINS)
    written = [path for path in Path().rglob("*") if path.is_file()]
    assert len(written) > 4
    assert [path for path in written if secret in path.read_text()] == []


def test_a_metrics_line_that_is_torn_ends_no_training() -> None:
    seen: list[dict[str, Any]] = []
    script = (
        CHILD
        + """
with (run / "metrics.jsonl").open("w") as handle:
    handle.write('{"step": 1}\\nrubbish\\n[1]\\n\\n')
    handle.write('{"step": "x", "elapsed_s": null}\\n{"step": 2, "elapsed_s": 1.5}\\n{"st')
"""
        + TRAINS.replace("log(step=1, elapsed_s=0.1, loss=2.0);", "")
    )
    train(script, seen.extend)
    assert [line.get("step") for line in seen] == [1, "x", 2]
    assert record()["state"] == "succeeded"


def test_an_output_that_cannot_take_its_place_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.EACCES, "Permission denied")

    write_output("old")
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(LaunchError, match="cannot take its place: Permission denied") as caught:
        train(TRAINS)
    assert str(STAGING) in caught.value.hint
    assert record()["state"] == "crashed"
    assert output() == "old"


def test_a_full_disk_at_the_start_is_one_error_and_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CliTunerError, match="No space left on device"):
        train(CHILD + "open('started', 'w')")
    assert not Path("started").exists()

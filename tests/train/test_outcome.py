"""How a run ended is decided from what the training process said, then its files, and its exit status last."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.errors import ExitCode
from cli_tuner.train.outcome import REMEDY, Ending, State, cause, judge

ALIVE = {"run_id": "this", "plugin": "alive", "step": 7}
STATES = ("starting", "loading_data", "loading_model", "training", "evaluating", "saving", None)


def ended(tmp_path: Path, **facts: Any) -> Ending:
    log = tmp_path / "train.log"
    good = Ending(
        exit_status=0, interrupted=False, stalled=False, status={**ALIVE, "state": "trained"}, run_id="this",
        has_weights=True, log=log,
    )  # fmt: skip
    return replace(good, **facts)


def failed(*classes: str, message: str = "", **facts: Any) -> dict[str, Any]:
    return {**ALIVE, "state": "failed", "error": {"classes": list(classes), "message": message}, **facts}


def test_success_needs_the_process_its_exit_status_and_its_weights(tmp_path: Path) -> None:
    """The whole truth table: only one of its rows is a success."""
    for interrupted, stalled, spoke, trained, exit_status, weights in product(
        (False, True), (False, True), (True, False), (True, False), (0, 1, -9), (True, False)
    ):
        status = {**ALIVE, "run_id": "this" if spoke else "another", "state": "trained" if trained else "training"}
        outcome = judge(
            ended(
                tmp_path, interrupted=interrupted, stalled=stalled, status=status, exit_status=exit_status,
                has_weights=weights,
            )
        )  # fmt: skip
        good = not interrupted and not stalled and spoke and trained and exit_status == 0 and weights
        assert (outcome.state is State.SUCCEEDED) is good
        assert bool(outcome.why) is not good
        if not interrupted and not (trained and exit_status == 0):
            end = ended(tmp_path, stalled=stalled, status=status, exit_status=exit_status, pruned=True)
            assert judge(end).state is State.PRUNED
        if interrupted:
            assert outcome.state is State.INTERRUPTED
        elif stalled:
            assert outcome.state is State.STALLED
        elif not spoke:
            assert outcome.state is State.PLUGIN_MISSING


@pytest.mark.parametrize("status", [{}, {"state": "trained"}, {**ALIVE, "run_id": None, "state": "trained"}])
def test_a_run_whose_plugin_never_spoke_has_failed_whatever_its_exit_status(
    tmp_path: Path, status: dict[str, Any]
) -> None:
    (tmp_path / "train.log").write_text("ModuleNotFoundError: No module named 'axolotl'\n")
    outcome = judge(ended(tmp_path, status=status))
    assert outcome.state is State.PLUGIN_MISSING
    assert "No module named 'axolotl'" in outcome.why


@pytest.mark.parametrize("state", STATES)
def test_a_child_that_left_with_0_before_the_end_has_crashed(tmp_path: Path, state: str | None) -> None:
    outcome = judge(ended(tmp_path, status={**ALIVE, "state": state}))
    assert outcome.state is State.CRASHED
    assert repr(state) in outcome.why


FAILURES: dict[str, tuple[dict[str, Any], State]] = {
    "NaN": (failed("NotFiniteError", "ArithmeticError", message="loss is not finite"), State.NAN),
    "CUDA memory": (failed("OutOfMemoryError", "RuntimeError"), State.OOM),
    "host memory": (failed("MemoryError"), State.OOM),
    "memory in words": (failed("RuntimeError", message="DefaultCPUAllocator: can't allocate memory: x"), State.OOM),
    "memory in an evaluation": (failed("RuntimeError", message="out of memory", failed_in="evaluating"), State.OOM),
    "an evaluation": (failed("KeyError", failed_in="evaluating"), State.EVAL_FAILED),
    "rows": (failed("ValueError", failed_in="loading_data"), State.DATA_ERROR),
    "a step": (failed("RuntimeError", message="shape\nmismatch", failed_in="training"), State.CRASHED),
    "nothing known": ({**ALIVE, "state": "failed"}, State.CRASHED),
    "a signal that it got itself": ({**ALIVE, "state": "interrupted"}, State.INTERRUPTED),
}  # fmt: skip


@pytest.mark.parametrize(("status", "state"), FAILURES.values(), ids=FAILURES.keys())
@pytest.mark.parametrize("exit_status", [0, 1])
def test_what_the_process_said_of_its_failure_decides_even_over_exit_status_0(
    tmp_path: Path, status: dict[str, Any], state: State, exit_status: int
) -> None:
    outcome = judge(ended(tmp_path, status=status, exit_status=exit_status))
    assert outcome.state is state
    assert "\n" not in outcome.why


@pytest.mark.parametrize("exit_status", [-9, 137])
def test_a_kill_is_called_a_kill(tmp_path: Path, exit_status: int) -> None:
    outcome = judge(ended(tmp_path, status={**ALIVE, "state": "training"}, exit_status=exit_status))
    assert "killed" in outcome.why


def test_every_failure_has_a_remedy_and_its_exit_code(tmp_path: Path) -> None:
    assert set(REMEDY) == set(State) - {State.SUCCEEDED}
    for status, state in FAILURES.values():
        error = judge(ended(tmp_path, status=status)).error("kept here")
        expected = ExitCode.INTERRUPTED if state is State.INTERRUPTED else ExitCode.CHILD_FAILED
        assert error.exit_code == expected
        assert error.message.startswith(state.value)
        assert error.hint == f"{REMEDY[state]}; kept here"


LOGS = {
    "no log": (None, "it printed nothing"),
    "an empty log": ("\n \n", "it printed nothing"),
    "no exception": ("loading\nstep 1\n", "step 1"),
    "the last exception, not the launcher's": (
        "KeyError: 'first'\nTraceback\nValueError: bad rows\nsubprocess.CalledProcessError: Command died\nbye\n",
        "ValueError: bad rows",
    ),
    "an exception with its module": ("torch.OutOfMemoryError: CUDA out of memory\nend\n", "torch.OutOfMemoryError"),
    "bytes that are no text": ("ValueError: \udcff\n", "ValueError: \ufffd"),
}


@pytest.mark.parametrize(("log", "expected"), LOGS.values(), ids=LOGS.keys())
def test_the_cause_is_read_from_the_end_of_the_log(tmp_path: Path, log: str | None, expected: str) -> None:
    if log is not None:
        (tmp_path / "log").write_bytes(log.encode("utf-8", "surrogateescape"))
    assert cause(tmp_path / "log").startswith(expected)


def test_a_cause_is_one_line_of_at_most_500_characters(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("ValueError: " + "x" * 10_000)
    assert len(cause(tmp_path / "log")) == 500


def test_arguments_that_the_launcher_refuses_are_not_called_a_missing_plugin(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_text(
        "usage: accelerate <command> [<args>] launch\n  [-h] [--cpu]\n"
        "accelerate <command> [<args>] launch: error: argument --num_processes: invalid int value: 'x'\n"
    )
    outcome = judge(ended(tmp_path, status={}, exit_status=2))
    assert outcome.state is State.LAUNCHER_REFUSED
    assert "--num_processes" in outcome.why
    assert "after `--`" in REMEDY[outcome.state]


def test_an_error_line_without_a_usage_is_no_refusal_of_arguments(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_text("trainer: error: something broke\n")
    assert judge(ended(tmp_path, status={}, exit_status=2)).state is State.PLUGIN_MISSING

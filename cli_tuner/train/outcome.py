"""How a training truly ended, and what to do about it.

The exit status of Axolotl lies (0 after Ctrl-C, 0 after NaN, 0 after a plugin failed to load), so the state is
decided from the status file that the training process writes, then from the files that were asked for, and
from the exit status last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from cli_tuner.errors import CliTunerError, ExitCode, LaunchError


class State(str, Enum):
    """The end of a run."""

    SUCCEEDED = "succeeded"
    INTERRUPTED = "interrupted"
    NAN = "nan"
    OOM = "oom"
    STALLED = "stalled"
    EVAL_FAILED = "eval_failed"
    LAUNCHER_REFUSED = "launcher_refused"
    PLUGIN_MISSING = "plugin_missing"
    DATA_ERROR = "data_error"
    CRASHED = "crashed"
    PRUNED = "pruned"


REMEDY = {
    State.INTERRUPTED: "go on with the same command and --resume auto",
    State.NAN: "lower learning_rate or max_grad_norm and train again; the last checkpoint before it is whole",
    State.OOM: "lower micro_batch_size (raise gradient_accumulation_steps to match), then sequence_len",
    State.STALLED: "look at the end of the log; go on with --resume auto",
    State.EVAL_FAILED: "correct test_datasets or eval_batch_size, then go on with --resume auto: no step is lost",
    State.LAUNCHER_REFUSED: "correct the arguments after `--`: they go to the launcher as they are",
    State.PLUGIN_MISSING: "read the log: Axolotl could not load our plugin, or stopped before it",
    State.DATA_ERROR: "run `cli-tuner prepare` again, or correct `datasets:` in the config",
    State.PRUNED: "nothing to correct: train its config by itself to see where it ends",
    State.CRASHED: "read the log; go on with --resume auto once it is fixed",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        state: How it ended.
        why: One line for a person; empty when it succeeded.
    """

    state: State
    why: str = ""

    def error(self, kept: str) -> CliTunerError:
        """Return it as the error to raise; `kept` says where its files are."""
        kind = TrainingInterrupted if self.state is State.INTERRUPTED else LaunchError
        return kind(f"{self.state.value}: {self.why}", hint=f"{REMEDY[self.state]}; {kept}")


class TrainingInterrupted(CliTunerError):
    """A signal ended the run; what was saved is kept."""

    exit_code = ExitCode.INTERRUPTED


@dataclass(frozen=True, slots=True)
class Ending:
    """What is seen when the child has gone.

    Attributes:
        exit_status: Of the child; negative when it died of a signal.
        interrupted: Whether we got a signal ourselves.
        stalled: Whether we ended it because nothing moved.
        status: What the training process last said of itself; empty when it never spoke.
        run_id: The run that the status must be about.
        has_weights: Whether the output holds safetensors.
        log: What it printed.
        processes: Training processes that were asked for; None where the launcher decides.
        pruned: Whether we ended it because its output was not wanted any more.
    """

    exit_status: int
    interrupted: bool
    stalled: bool
    status: Mapping[str, Any]
    run_id: str
    has_weights: bool
    log: Path
    processes: int | None = None
    pruned: bool = False


def judge(end: Ending) -> Outcome:
    """Decide the state of a run."""
    status, step = end.status, end.status.get("step", 0)
    spoke = status.get("run_id") == end.run_id and status.get("plugin") == "alive"
    if end.interrupted or (spoke and status.get("state") == "interrupted"):
        return Outcome(State.INTERRUPTED, f"training was stopped by a signal at step {step}")
    if end.pruned and not (end.exit_status == 0 and status.get("state") == "trained"):
        return Outcome(State.PRUNED, f"its evaluation loss fell behind, and it was ended after step {step}")
    if end.stalled:
        return Outcome(State.STALLED, f"nothing moved after step {step}; the process was ended")
    if not spoke and (refusal := usage_error(end.log)):
        return Outcome(State.LAUNCHER_REFUSED, f"the launcher does not take these arguments: {refusal}")
    if not spoke:
        return Outcome(State.PLUGIN_MISSING, f"training never reached our plugin: {cause(end.log)}")
    if status.get("state") == "failed":
        return _failure(status, step)
    if end.exit_status == 0 and status.get("state") == "trained":
        return _success(end)
    last = cause(end.log)
    if end.exit_status in (-9, 137) or "SIGKILL" in last:
        return Outcome(State.CRASHED, f"killed after step {step} (kill -9, or the kernel ran out of memory)")
    return Outcome(State.CRASHED, f"ended in state {status.get('state')!r} after step {step}: {last}")


def _success(end: Ending) -> Outcome:
    world_size = end.status.get("world_size")
    if not end.has_weights:
        return Outcome(State.CRASHED, "it ended well, but no weights were written")
    if end.processes is not None and world_size is not None and world_size != end.processes:
        return Outcome(State.CRASHED, f"{end.processes} processes were asked for, {world_size} trained")
    return Outcome(State.SUCCEEDED)


def _failure(status: Mapping[str, Any], step: int) -> Outcome:
    error = status.get("error") or {}
    classes, message = set(error.get("classes") or ()), str(error.get("message", "")).strip()
    name = (error.get("classes") or ["an error"])[0]
    said = f"{name} at step {step}: {message.splitlines()[0] if message else 'no message'}"
    if "NotFiniteError" in classes:
        return Outcome(State.NAN, f"training diverged: {message}")
    if _is_out_of_memory(classes, message):
        return Outcome(State.OOM, said)
    if status.get("failed_in") == "evaluating":
        return Outcome(State.EVAL_FAILED, f"the evaluation died: {said}")
    if status.get("failed_in") == "loading_data":
        return Outcome(State.DATA_ERROR, f"the rows could not be read: {said}")
    return Outcome(State.CRASHED, said)


def _is_out_of_memory(classes: set[str], message: str) -> bool:
    lowered = message.lower()
    return bool({"OutOfMemoryError", "MemoryError"} & classes) or any(
        words in lowered for words in ("out of memory", "can't allocate memory", "cublas_status_alloc_failed")
    )


_USAGE_ERROR = re.compile(r"^\S[^:\n]*: error: (.+)$", re.MULTILINE)  # as argparse and click print it, after `usage:`


def usage_error(log: Path) -> str:
    """Return what a command line's own parser complained about, empty when none did."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    found = _USAGE_ERROR.search(text) if re.search(r"^usage: ", text, re.MULTILINE) else None
    return found.group(1)[:500] if found else ""


def cause(log: Path) -> str:
    """Return the last line of the log that names an exception, or its last line."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    seen = [line.strip() for line in lines if line.strip()]
    named = [line for line in seen if "Error" in line.split(":")[0] and "CalledProcessError" not in line]
    return (named or seen or ["it printed nothing"])[-1][:500]

"""Runs a plan: freezes the config, starts `accelerate launch`, watches it, and says how it truly ended.

The exit status of Axolotl lies (0 after Ctrl-C, 0 after a plugin failed to load), so the outcome is decided
from the status file that our plugin writes, and from the files that were asked for. The laws: an earlier
output folder stays as it is until the new one is whole; a failed run's files are kept where they are.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from cli_tuner.errors import CliTunerError, ExitCode, LaunchError
from cli_tuner.files import write_json, write_text
from cli_tuner.process import interrupts_held, supervise
from cli_tuner.runs.layout import RunDir, now
from cli_tuner.train.plan import Plan

Observer = Callable[[list[dict[str, Any]]], None]
"""Called about five times a second with the metric lines that are new."""


class TrainingInterrupted(CliTunerError):
    """Ctrl-C or SIGTERM ended the run; what was saved is kept."""

    exit_code = ExitCode.INTERRUPTED


def launch(plan: Plan, observe: Observer) -> dict[str, Any]:
    """Train.

    Args:
        plan: What to run.
        observe: Receives new metric lines while it runs.

    Returns:
        The final status: state, steps, losses, layers.

    Raises:
        LaunchError: The child failed, claims success without the proof, or its output cannot take its place.
        TrainingInterrupted: A signal ended it.
    """
    write_text(plan.run.config, yaml.safe_dump(dict(plan.axolotl), sort_keys=False, allow_unicode=True))
    record = {
        "started": now(),
        "argv": list(plan.argv),
        "output_dir": str(plan.output_dir),
        "state": "running",
    }
    write_json(plan.run.record, {**record, "staging": str(plan.staging)})
    follower = _Follower(plan.run, observe)
    code: int | None = None
    status: dict[str, Any] = {}
    with interrupts_held():  # judging, publishing and recording are not left halfway
        try:
            code, interrupted = supervise(
                plan.argv,
                log=plan.run.log,
                env={**os.environ, **plan.env},
                tick=follower.tick,
                saver_pid=lambda: _saver_pid(plan.run),
            )
            follower.tick()
            status = read_status(plan.run)
            fault = judge(code, interrupted, status, plan)
            if fault is None:
                publish(plan.staging, plan.output_dir)
        except LaunchError as error:
            fault = Fault("crashed", error.message, error.hint)
        outcome = {**record, "ended": now(), "exit_status": code, "state": "succeeded"}
        if fault is not None:
            outcome.update(state=fault.state, fault=fault.message, staging=str(plan.staging))
        write_json(plan.run.record, outcome)
    if fault is not None:
        raise fault.error()
    return status


class Fault:
    """Why a run did not succeed."""

    def __init__(self, state: str, message: str, hint: str) -> None:
        self.state, self.message, self.hint = state, message, hint

    def error(self) -> CliTunerError:
        """Return it as the error to raise."""
        kind = TrainingInterrupted if self.state == "interrupted" else LaunchError
        return kind(self.message, hint=self.hint)


def judge(code: int, interrupted: bool, status: Mapping[str, Any], plan: Plan) -> Fault | None:
    """Decide how a run ended, from the status file first and the exit status last.

    Returns:
        None when it succeeded.
    """
    log = plan.run.log
    kept = f"saved so far: {plan.staging}; log: {log}"
    if interrupted:
        return Fault("interrupted", f"training was interrupted at step {status.get('step', 0)}", kept)
    if status.get("run_id") != plan.run.run_id or status.get("plugin") != "alive":
        reason = cause(log)
        return Fault("plugin_missing", f"training never reached our plugin: {reason}", f"read {log}")
    if status.get("state") == "nan":
        where = f"{', '.join(status.get('broken', []))} at step {status.get('step')}"
        return Fault("nan", f"training diverged: NaN or infinity in {where}", f"lower learning_rate; {kept}")
    if code != 0 or status.get("state") != "trained":
        return Fault("crashed", f"training failed in state {status.get('state')!r}: {cause(log)}", kept)
    if not any(plan.staging.glob("*.safetensors")):
        return Fault("crashed", f"training says it succeeded, but {plan.staging} holds no weights", f"read {log}")
    return None


def cause(log: Path) -> str:
    """Return the last line of the log that names an exception, or its last line."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    seen = [line.strip() for line in lines if line.strip()]
    named = [line for line in seen if "Error" in line.split(":")[0] and "CalledProcessError" not in line]
    return (named or seen or ["it printed nothing"])[-1][:500]


def publish(staging: Path, output_dir: Path) -> None:
    """Move a whole output into its place; the output that was there becomes `<name>.previous`.

    Raises:
        LaunchError: The file system refused; the earlier output is where it was, the new one still in `staging`.
    """
    previous = output_dir.with_name(output_dir.name + ".previous")
    aside = staging.with_name(staging.name + ".aside")
    older = staging.with_name(staging.name + ".older")
    moves = [(staging, output_dir)]
    if output_dir.exists():
        moves = [(output_dir, aside), *moves, (previous, older), (aside, previous)]
    moved: list[tuple[Path, Path]] = []
    try:
        for source, target in moves:
            if source.exists():
                source.rename(target)
                moved.append((source, target))
    except OSError as error:
        for source, target in reversed(moved):
            target.rename(source)
        raise LaunchError(
            f"{output_dir}: trained, but the new output cannot take its place: {error.strerror or error}",
            hint=f"it is whole and lies in {staging}; what was there before is untouched",
        ) from error
    shutil.rmtree(older, ignore_errors=True)


def read_status(run: RunDir) -> dict[str, Any]:
    """Return what the training process last said of itself; empty when it never spoke."""
    with suppress(OSError, ValueError, RecursionError):
        loaded = json.loads(run.status.read_text(encoding="utf-8"))
        return loaded if isinstance(loaded, dict) else {}
    return {}


_CAN_SAVE = ("training", "evaluating", "training_done", "saving")


def _saver_pid(run: RunDir) -> int | None:
    """Return who saves on SIGINT: the training process, from its first step to its end."""
    status = read_status(run)
    pid = status.get("pid")
    return pid if isinstance(pid, int) and status.get("state") in _CAN_SAVE else None


class _Follower:
    """Reads whole new lines of the metrics stream."""

    def __init__(self, run: RunDir, observe: Observer) -> None:
        self._path = run.metrics
        self._observe = observe
        self._offset = 0

    def tick(self) -> None:
        """Hand new metric lines to the observer; also called with none, so that a clock can move."""
        lines: list[dict[str, Any]] = []
        with suppress(OSError), self._path.open("rb") as handle:
            handle.seek(self._offset)
            whole, newline, _ = handle.read().rpartition(b"\n")
            self._offset += len(whole) + len(newline)
            lines = [line for line in map(_metrics, whole.splitlines()) if line]
        self._observe(lines)


def _metrics(line: bytes) -> dict[str, Any] | None:
    """Read one line of the stream; a line that is torn shows nothing, for progress must not end a training."""
    with suppress(ValueError, RecursionError):
        loaded = json.loads(line)
        return loaded if isinstance(loaded, dict) else None
    return None

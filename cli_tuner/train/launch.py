"""Runs a plan: freezes the config, starts `accelerate launch`, watches it, and says how it truly ended.

The laws: an earlier output folder stays as it is until the new one is whole; a failed run's files are kept where
they are; a run that ran out of memory is tried again in smaller micro batches at the same effective batch.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import yaml

from cli_tuner.config.sections import Supervision
from cli_tuner.errors import CliTunerError, LaunchError
from cli_tuner.files import write_text
from cli_tuner.process import interrupts_held, supervise
from cli_tuner.records.run import Attempt, RunRecord
from cli_tuner.runs.layout import RunDir, next_number, now
from cli_tuner.runs.progress import Tail
from cli_tuner.train.outcome import Ending, Outcome, State, judge
from cli_tuner.train.plan import Plan
from cli_tuner.train.smaller_batches import smaller

_REPEATED = ("ACCELERATE_USE_CPU", "HF_HUB_OFFLINE", "TOKENIZERS_PARALLELISM")  # what another start must set alike
Observer = Callable[[list[dict[str, object]]], None]
"""Called about five times a second with the metric lines that are new."""
Unwanted = Callable[[RunDir], bool]
"""Asked when metric lines are new: whether the training should end now, its output unwanted."""


def launch(
    plan: Plan,
    observe: Observer,
    settings: Supervision,
    locks: Sequence[int] = (),
    unwanted: Unwanted = lambda _: False,
) -> dict[str, object]:
    """Train, trying again in smaller micro batches when memory runs out.

    Args:
        plan: What to run.
        observe: Receives new metric lines while it runs.
        settings: Bounds of the supervision.
        locks: Open files of the locks that the child holds too.
        unwanted: Ends the training early; what it saved is removed.

    Returns:
        The final status: state, steps, losses, layers.

    Raises:
        LaunchError: The child failed, claims success without the proof, or its output cannot take its place.
        TrainingInterrupted: A signal ended it.
    """
    record = _opening(plan)
    with interrupts_held() as held:  # between and after attempts nothing is left halfway
        for retries in range(settings.oom_retries + 1):
            write_text(plan.run.config, yaml.safe_dump(dict(plan.axolotl), sort_keys=False, allow_unicode=True))
            record.write(plan.run.record)
            exit_status, outcome = _attempt(plan, observe, settings, locks, unwanted)
            ended = {"exit_status": exit_status, "state": outcome.state.value, "why": outcome.why}
            record.attempts.append(Attempt.model_validate(ended))
            again = smaller(plan, read_status(plan.run), settings) if outcome.state is State.OOM else None
            if again is None or retries == settings.oom_retries or held.count:
                break
            plan, step_down = again
            record.attempts[-1].next = step_down
            record.argv = list(plan.argv)
        if outcome.state is State.SUCCEEDED:
            outcome = _published(plan)
        record.ended, record.exit_status, record.state = now(), exit_status, outcome.state.value
        if outcome.state is State.SUCCEEDED:
            record.write(plan.run.record)
            return read_status(plan.run)
        record.fault = outcome.why
        if outcome.state is State.PRUNED:
            shutil.rmtree(plan.staging, ignore_errors=True)
        _write_quietly(plan.run.record, record)
    raise outcome.error(f"saved so far: {plan.staging}; log: {plan.run.log}")


def _published(plan: Plan) -> Outcome:
    try:
        publish(plan.staging, plan.output_dir)
    except LaunchError as error:
        return Outcome(State.CRASHED, error.message)
    return Outcome(State.SUCCEEDED)


def _opening(plan: Plan) -> RunRecord:
    """Return the run's record as it is at the start; a resumed run keeps its earlier attempts."""
    earlier = RunRecord.find(plan.run.record) or RunRecord()
    document = {
        "number": next_number(plan.run.path.parent),
        "started": earlier.started or now(),
        "argv": list(plan.argv),
        "recipe": dict(plan.recipe),
        "env": {key: value for key, value in plan.env.items() if key in _REPEATED},
        "output_dir": str(plan.output_dir),
        "staging": str(plan.staging),
        "data_digest": plan.data_digest,
        "supervisor_pid": os.getpid(),
        "state": "running",
        "attempts": [*(one.plain() for one in earlier.attempts), *_unrecorded(earlier)],
    }
    return RunRecord.model_validate(document)


def _unrecorded(earlier: RunRecord) -> list[dict[str, object]]:
    """Return the attempt that a supervisor which was killed could not record."""
    if earlier.state != "running":
        return []
    return [{"exit_status": None, "state": State.CRASHED.value, "why": "the supervisor was killed"}]


def _write_quietly(path: Path, record: RunRecord) -> None:
    """Write the record unless the disk refuses: the error that brought us here is the one to show."""
    with suppress(CliTunerError):
        record.write(path)


def _attempt(
    plan: Plan, observe: Observer, settings: Supervision, locks: Sequence[int], unwanted: Unwanted
) -> tuple[int | None, Outcome]:
    plan.run.status.unlink(missing_ok=True)
    follower = _Follower(plan.run, observe, settings, unwanted)
    try:
        exit_status, interrupted = supervise(
            plan.argv,
            log=plan.run.log,
            env={**os.environ, **plan.env},
            tick=follower.tick,
            hung=lambda: follower.pruned or follower.hung(),
            saver_pid=lambda: _saver_pid(plan.run),
            grace_s=settings.save_grace_s,
            inherited=locks,
        )
    except LaunchError as error:
        return None, Outcome(State.CRASHED, error.message)
    follower.tick()
    end = Ending(
        exit_status=exit_status,
        interrupted=interrupted,
        stalled=follower.stalled,
        pruned=follower.pruned,
        status=read_status(plan.run),
        run_id=plan.run.run_id,
        has_weights=any(plan.staging.glob("*.safetensors")),
        processes=plan.processes,
        log=plan.run.log,
    )
    return exit_status, judge(end)


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
            f"{output_dir}: trained, but the new output cannot take its place: {error.strerror or error}"
        ) from error
    shutil.rmtree(older, ignore_errors=True)


def read_status(run: RunDir) -> dict[str, object]:
    """Return what the training process last said of itself; empty when it never spoke, unchecked where it died."""
    with suppress(OSError, ValueError, RecursionError):
        loaded = json.loads(run.status.read_text(encoding="utf-8"))
        return loaded if isinstance(loaded, dict) else {}
    return {}


def _saver_pid(run: RunDir) -> int | None:
    status = read_status(run)
    pid = status.get("pid")
    return pid if isinstance(pid, int) and status.get("state") in ("training", "evaluating", "saving") else None


class _Follower:
    """Reads whole new lines of the metrics stream and notices when nothing moves any more."""

    def __init__(
        self, run: RunDir, observe: Observer, settings: Supervision, unwanted: Unwanted = lambda _: False
    ) -> None:
        self._run = run
        self._observe = observe
        self._unwanted = unwanted
        self._settings = settings
        self._tail = Tail(run.metrics, from_start=False)
        self._last: tuple[float, int] | None = None
        self._step_s: list[float] = []
        self._beat = 0
        self._beat_at = time.monotonic()
        self.stalled = False
        self.pruned = False

    def tick(self) -> None:
        """Hand new metric lines to the observer; also called with none, so that a clock can move."""
        lines = self._tail.lines()
        for line in lines:
            self._learn_pace(line)
        self._observe(lines)
        self.pruned = self.pruned or (bool(lines) and self._unwanted(self._run))

    def _learn_pace(self, line: dict[str, object]) -> None:
        now_at, step = line.get("elapsed_s"), line.get("step")
        if not isinstance(now_at, int | float) or not isinstance(step, int):
            return
        if self._last and step > self._last[1]:
            self._step_s.append((now_at - self._last[0]) / (step - self._last[1]))
        self._last = (now_at, step)

    def hung(self) -> bool:
        """Tell whether no heart beat for longer than the bound: a factor of the median step, never under the floor.

        Measured on our own clock, which stands still while the machine sleeps.
        """
        try:
            beat = (self._run.path / "heartbeat").stat().st_mtime_ns
        except OSError:
            return False
        if beat != self._beat:
            self._beat, self._beat_at = beat, time.monotonic()
        if _saver_pid(self._run) is None or not self._step_s:
            return False
        age_s = time.monotonic() - self._beat_at
        bound = max(self._settings.stall_floor_s, self._settings.stall_factor * statistics.median(self._step_s))
        self.stalled = age_s > bound
        return self.stalled

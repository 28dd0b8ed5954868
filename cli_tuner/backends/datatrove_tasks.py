"""Tasks by datatrove's executors (extra `scale`): processes of this machine here, a Slurm cluster by the same step.

Source: https://github.com/huggingface/datatrove. Only its executors are used: which task runs where, logs and
statistics by task. That a task is done is told by what it leaves, not by the executor's own marks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cli_tuner.errors import LaunchError, PrerequisiteError

try:
    from datatrove.executor.local import LocalPipelineExecutor
    from datatrove.utils.logging import logger
except ImportError as missing:
    raise PrerequisiteError(
        "the engine `datatrove` is not installed", hint="pip install 'cli-tuner[scale]', or leave --engine out"
    ) from missing


class NumberedTask:
    """A step for any datatrove executor: the task of rank `r` does `work(numbers[r])`.

    Args:
        work: Picklable; what one task does.
        numbers: One for each task.
    """

    def __init__(self, work: Callable[[int], None], numbers: Sequence[int]) -> None:
        self.work, self.numbers = work, list(numbers)

    def __call__(self, data: Any, rank: int = 0, world_size: int = 1) -> None:
        """Do the work of one rank; documents do not flow between steps here."""
        self.work(self.numbers[rank])


class _Quiet(LocalPipelineExecutor):  # type: ignore[misc]  # an untyped package
    """Writes its logs to files only."""

    def _launch_run_for_rank(self, rank: int, ranks_q: Any, completed: Any = None, completed_lock: Any = None) -> Any:
        return self._run_for_rank(rank, local_rank=1)  # NOTE: datatrove talks to stderr from local rank 0


def run_local(work: Callable[[int], None], numbers: Sequence[int], logs: Path, *, workers: int) -> None:
    """Run the tasks on processes of this machine.

    Raises:
        LaunchError: A task failed.
    """
    steps = [NumberedTask(work, numbers)]
    executor = _Quiet(steps, len(numbers), workers, str(logs), skip_completed=False)
    logger.remove()
    try:
        executor.run()
    except Exception as error:  # NOTE: it raises whatever a task raised, in another process
        raise LaunchError(f"a datatrove task failed: {error}", hint=f"its log is in {logs / 'logs'}") from error

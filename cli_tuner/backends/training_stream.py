"""The two files by which a training process speaks to the world: `status.json` and `metrics.jsonl`.

`status.json` is replaced whole at each change of state, so that whoever reads it reads one truth. States:
`starting, loading_data, loading_model, training, evaluating, saving`, then one of the ends `trained, interrupted,
failed`; `failed` names the error's class and the state that it came from.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli_tuner.records.run import StatusRecord

SUPERVISOR = "CLI_TUNER_SUPERVISOR_PID"


class StopRequestedError(Exception):
    """The training was asked to stop, or nobody is left who asked for it; what was saved is whole."""


def orphaned() -> bool:
    """Tell whether the supervisor that started this training has gone; without one there is none to miss."""
    pid = int(os.environ.get(SUPERVISOR, "0"))
    if not pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # the number is someone else's by now
        return True
    return False


class Stream:
    """Writer of one run's status and metrics.

    Args:
        folder: The run folder.
        run_id: Name of the run, so that an old file cannot pass for a new one.
    """

    def __init__(self, folder: Path, run_id: str | None) -> None:
        self._folder = folder
        self._seconds: dict[str, float] = {}
        self._warnings: list[str] = []
        self._facts: dict[str, object] = {"run_id": run_id, "pid": os.getpid(), "plugin": "alive"}
        self._since = time.monotonic()
        folder.mkdir(parents=True, exist_ok=True)

    def status(self, state: str, **facts: Any) -> None:
        """Replace `status.json`; facts said earlier stay."""
        self._count_time()
        self._facts.update(facts, state=state)
        StatusRecord.model_validate(self._facts).write(self._folder / "status.json")

    def _count_time(self) -> None:
        """Add the time since the last status to the state that it was spent in."""
        now, state = time.monotonic(), self._facts.get("state")
        if state:
            state = str(state)
            self._seconds[state] = round(self._seconds.get(state, 0.0) + now - self._since, 3)
            self._facts["seconds"] = self._seconds
        self._since = now

    def warn(self, text: str) -> None:
        """Add a warning to the status; it is shown when the training has ended."""
        self._warnings.append(text)
        self.status(self.state, warnings=self._warnings)

    @property
    def state(self) -> str:
        """The state that was said last."""
        return str(self._facts.get("state"))

    def beat(self) -> None:
        """Touch `heartbeat`, so that a supervisor can tell a slow step from a hung one."""
        (self._folder / "heartbeat").touch()

    def metrics(self, values: Mapping[str, Any]) -> None:
        """Append one line to `metrics.jsonl`; numbers that are not finite become text, so that it stays JSON."""
        safe = {key: _finite(value) for key, value in values.items()}
        with (self._folder / "metrics.jsonl").open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(safe) + "\n")


def _finite(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value

"""What the supervisor writes of a run (`run.json`), and what the training process says of itself (`status.json`)."""

from __future__ import annotations

from cli_tuner.records.base import Part, Record


class Recipe(Part):
    """What was asked for: enough to type the command again."""

    file: str | None = None
    """The config that was named, relative to the working folder."""
    set: list[str] = []
    """The `--set KEY=VALUE` flags."""
    launcher: str | None = None
    launcher_args: list[str] = []
    accelerate_config: str | None = None


class Attempt(Part):
    """One start of the training process, and how it ended."""

    exit_status: int | None = None
    """None where nobody was there to see it."""
    state: str
    why: str = ""
    next: dict[str, object] | None = None
    """Keys of the config that the next attempt changed, such as `micro_batch_size`."""


class RunRecord(Record):
    """`run.json`: the plan and how it ended."""

    KIND = "run"
    VERSION = 2
    TITLE = "a run record"

    number: int | None = None
    """Counted up with every training that starts; what is newest is asked of it, never of a clock."""
    state: str | None = None
    fault: str | None = None
    started: str | None = None
    ended: str | None = None
    exit_status: int | None = None
    argv: list[str] = []
    env: dict[str, str] = {}
    recipe: Recipe | None = None
    output_dir: str | None = None
    staging: str | None = None
    data_digest: str | None = None
    """Names rows and tokenizer."""
    supervisor_pid: int | None = None
    attempts: list[Attempt] = []


class StepValue(Part):
    """A number and the step that it belongs to."""

    step: int
    value: float


class StatusRecord(Record):
    """`status.json`: written by our plugin at every change of state."""

    KIND = "status"
    VERSION = 2
    TITLE = "a status record"

    run_id: str | None = None
    plugin: str | None = None
    state: str | None = None
    step: int = 0
    max_steps: int | None = None
    pid: int | None = None
    seconds: dict[str, float] = {}
    """Seconds spent in each state."""
    warnings: list[str] = []

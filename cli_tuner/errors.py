"""The errors a user can meet, each with a hint that names the next step and an exit code of its own.

Raise where the fault is known; `cli/main.py` is the only place that catches. A rejected data row is
data, not an error, and has no class here.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller."""

    OK = 0
    GATE_FAILED = 1
    USAGE = 2
    PREREQUISITE = 3
    CHILD_FAILED = 4
    REVIEW = 5
    BUG = 70
    INTERRUPTED = 130


class CliTunerError(Exception):
    """A fault that the user can fix.

    Args:
        message: What is wrong, naming the file, key or value.
        hint: The next step, preferably a command; empty where there is none.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(CliTunerError):
    """A config is missing, malformed, or contradicts itself."""


class DataError(CliTunerError):
    """Data is missing, empty, or not what its name claims."""


class TemplateError(CliTunerError):
    """A chat template cannot be rendered or does not mark what is trained."""


class CheckpointError(CliTunerError):
    """A checkpoint is incomplete, unsafe, or does not fit its base model."""

    exit_code = ExitCode.GATE_FAILED


class SafetyError(CliTunerError):
    """A safety policy is malformed or a command may not be shown."""


class ProvenanceError(CliTunerError):
    """A record is missing or does not verify."""


class PrerequisiteError(CliTunerError):
    """Something that must be installed, logged in or plugged in is not."""

    exit_code = ExitCode.PREREQUISITE


class LaunchError(CliTunerError):
    """A child process failed; its log is kept."""

    exit_code = ExitCode.CHILD_FAILED

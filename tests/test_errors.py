"""Every error has one exit code, a message and a hint."""

from __future__ import annotations

import pytest

from cli_tuner import errors
from cli_tuner.errors import CliTunerError, ExitCode

CODES = {
    "CliTunerError": 2,
    "ConfigError": 2,
    "DataError": 2,
    "TemplateError": 2,
    "CheckpointError": 1,
    "SafetyError": 2,
    "ProvenanceError": 2,
    "PrerequisiteError": 3,
    "LaunchError": 4,
}


def test_every_error_class_is_in_the_table() -> None:
    found = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert found == set(CODES)


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_an_error_carries_its_message_hint_and_documented_exit_code(name: str, code: int) -> None:
    error = getattr(errors, name)("what is wrong", hint="what to do")
    assert isinstance(error, CliTunerError)
    assert (error.message, error.hint, str(error), int(error.exit_code)) == (
        "what is wrong",
        "what to do",
        "what is wrong",
        code,
    )


def test_the_exit_codes_are_the_documented_ones() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "GATE_FAILED": 1,
        "USAGE": 2,
        "PREREQUISITE": 3,
        "CHILD_FAILED": 4,
        "REVIEW": 5,
        "BUG": 70,
        "INTERRUPTED": 130,
    }

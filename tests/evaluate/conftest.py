"""A sandbox for the tests that run commands; they are skipped where none can be had."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cli_tuner.errors import PrerequisiteError
from cli_tuner.evaluate.sandbox import Limits, Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    try:
        with Sandbox(Limits(timeout_s=10)) as opened:
            yield opened
    except PrerequisiteError as error:
        pytest.skip(error.message)

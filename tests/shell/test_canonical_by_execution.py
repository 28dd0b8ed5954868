"""The proof of `canonical`: each pair is run in the sandbox, and so is the form of each command itself.

`make test` runs every sixth pair, `make check` all 578.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from cli_tuner.errors import PrerequisiteError
from cli_tuner.evaluate.fixture_tree import base_tree
from cli_tuner.evaluate.sandbox import Limits, Outcome, Sandbox, hardening
from cli_tuner.shell.canonical import canonical
from tests.shell.test_canonical import pairs

pytestmark = pytest.mark.law
STEPS = [6, pytest.param(1, marks=pytest.mark.slow)]


def run_all(commands: set[str]) -> dict[str, Outcome]:
    try:
        hardening()
    except PrerequisiteError as error:
        pytest.skip(error.message)
    todo = sorted(commands)
    with Sandbox(Limits(timeout_s=20)) as sandbox, ThreadPoolExecutor(2) as pool:
        return dict(zip(todo, pool.map(lambda command: sandbox.run(command, base_tree()), todo), strict=True))


@pytest.mark.parametrize("step", STEPS)
def test_pairs_and_forms_do_what_the_lists_say(step: int) -> None:
    equal, near = pairs("equal")[::step], pairs("near")[::step]
    commands = {command for pair in equal + near for command in pair}
    done = run_all(commands | {canonical(command) for command in commands})
    assert [pair for pair in equal if done[pair[0]] != done[pair[1]]] == []
    assert [one for one, _ in equal if done[one].failure] == []
    assert [pair for pair in near if done[pair[0]] == done[pair[1]]] == []
    # A form may open a missing file in another place: that every file can be read is the one assumption.
    readable = [command for command in sorted(commands) if "nofile" not in command]
    assert [command for command in readable if done[command] != done[canonical(command)]] == []

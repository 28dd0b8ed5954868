"""A hook is answered before the command line is imported; everything else reaches the command line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

CALL = '{"tool_name": "Bash", "tool_input": {"command": "rm -rf /"}}'
HEAVY = {"typer", "click", "tree_sitter", "hashlib"}
RUN = f"""
import sys
sys.argv[0] = "cli-tuner"
from cli_tuner.cli.entry import run
try:
    run()
finally:
    print(sorted({{name.partition(".")[0] for name in sys.modules}} & {HEAVY}), file=sys.stderr)
"""


def start(*words: str, stdin: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", RUN, *words]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


def test_a_hook_is_answered_without_the_command_line() -> None:
    done = start("check", "--hook", "claude", stdin=CALL)
    assert done.returncode == 0
    assert json.loads(done.stdout)["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert done.stderr.strip() == "[]"


def test_a_hook_that_cannot_read_its_input_blocks_with_exit_code_2() -> None:
    done = start("check", "--hook", "claude", stdin="no JSON")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: the hook's input is not JSON")


@pytest.mark.parametrize("words", [["check", "--hook", "nobody"], ["check", "--hook", "claude", "--profile", "nobody"]])
def test_any_other_way_to_ask_reaches_the_command_line(words: list[str]) -> None:
    done = start(*words, stdin=CALL)
    assert done.returncode == 2
    assert "typer" in done.stderr

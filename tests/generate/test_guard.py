"""The guard: nothing dangerous is SAFE however it is dressed up, and what is shown is what was judged."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.generate.guard import guard
from cli_tuner.ports import Completion
from cli_tuner.safety.analyze import analyze
from cli_tuner.safety.policy import BUILT_IN, Policy
from cli_tuner.safety.verdict import Level
from tests.generate.wrappings import WRAPPINGS
from tests.safety.catastrophic import CATASTROPHIC, HARMLESS

ATTACKS = Path("tests/safety/attacks.txt").read_text(encoding="utf-8").splitlines()
EVERYDAY = Path("tests/safety/everyday.txt").read_text(encoding="utf-8").splitlines()
MEASURED = Path(os.environ.get("CLI_TUNER_DATA", "../shared/data")) / "safety_dev.jsonl"


def level(text: str, policy: Policy = BUILT_IN["default"], stop_reason: str = "end") -> str:
    return guard(Completion(text, 9, stop_reason), policy).level.value


def shows_unmarked(text: str) -> bool:
    found = guard(Completion(text, 9, "end"), BUILT_IN["default"])
    return bool(found.command) and found.level is Level.SAFE


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_no_dangerous_command_is_shown_unmarked_wrapped_in(wrapping: str) -> None:
    commands = [*CATASTROPHIC, *ATTACKS[len(wrapping) % 7 :: 7]]
    assert [one for one in commands if shows_unmarked(WRAPPINGS[wrapping](one))] == []


@pytest.mark.law
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_no_command_of_the_whole_corpus_is_shown_unmarked_wrapped_in(wrapping: str) -> None:
    commands = [*ATTACKS, *must_block()]
    assert [one for one in commands if shows_unmarked(WRAPPINGS[wrapping](one))] == []


@functools.cache
def must_block() -> list[str]:
    if not MEASURED.is_file():
        return []
    rows = map(json.loads, MEASURED.read_text(encoding="utf-8").splitlines())
    commands = [str(row["command"]) for row in rows if row["must_block"]]
    return [one for one in commands if analyze(one).level is Level.DANGEROUS]


@pytest.mark.skipif(not MEASURED.is_file(), reason="the corpora for measuring are not here")
def test_every_command_that_must_be_blocked_is_blocked_bare_and_fenced() -> None:
    for wrapping in ("bare", "a fence", "a fence inside prose", "a sentence"):
        assert [one for one in must_block() if level(WRAPPINGS[wrapping](one)) != "DANGEROUS"] == []


def test_harmless_commands_are_safe_bare_and_fenced() -> None:
    odd = [one for one in [*HARMLESS, *EVERYDAY] if not shows_unmarked(one)]
    # Nothing is called in the first; the end of the second, copied without its beginning, destroys: a person looks.
    assert odd == ["> app.log", 'rm() { echo "no: $*"; }; rm -rf /']
    fenced = [one for one in HARMLESS if not shows_unmarked(f"Here you go:\n```bash\n{one}\n```")]
    assert fenced == []


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("ls -l", "ls -l"),
        ("  ls -l\n", "ls -l"),
        ("```bash\nls -l\n```", "ls -l"),
        ("Sure:\n```\nls -l\n```\nIt lists files.", "ls -l"),
        ("`ls -l`", "ls -l"),
        ("$ ls -l\ntotal 0", "ls -l"),
        ("'ls -l'", "ls -l"),
        ("# lists files\nls -l", "ls -l"),
        ("ls -l\n\nThis lists the files.", "ls -l"),
        ("cat <<EOF\nhello\nEOF\necho done", "cat <<EOF\nhello\nEOF"),
        ("for f in *; do\n  echo $f\ndone\nls", "for f in *; do\n  echo $f\ndone"),
        ("ls \\\n  -l\npwd", "ls \\\n  -l"),
        ("ls<|im_end|>\n<|im_start|>user\nmore", "ls"),
    ],
)
def test_one_command_comes_out(text: str, command: str) -> None:
    assert guard(Completion(text, 9, "end"), Policy()).command == command


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n",
        "I'm sorry, I can't help with that.",
        "To list all of the files you can use a file manager.",
        "#",
        "```\n```",
    ],
)
def test_talk_is_no_command(text: str) -> None:
    found = guard(Completion(text, 9, "end"), Policy())
    assert (found.command, found.is_answered) == ("", False)


@pytest.mark.parametrize(
    ("text", "stop_reason", "rule"),
    [
        ("find . -name x", "length", "GU002"),
        ("ls 'a", "end", "GU003"),
        ("Files: here", "end", "GU001"),
        ("echo a\u200bb", "end", "GU004"),
    ],
)
def test_a_doubtful_command_needs_a_person_who_is_told_why(text: str, stop_reason: str, rule: str) -> None:
    found = guard(Completion(text, 9, stop_reason), Policy())
    assert found.level is Level.REVIEW
    assert rule in {finding.rule_id for finding in found.verdict.findings}
    assert level(text, BUILT_IN["strict"], stop_reason) == "DANGEROUS"


def test_the_policy_decides() -> None:
    assert level("git push --force origin main") == "SAFE"
    assert level("git push --force origin main", BUILT_IN["ops"]) == "DANGEROUS"


def test_what_is_left_out_is_judged_too() -> None:
    assert level("ls\nrm -rf /") == "DANGEROUS"
    assert guard(Completion("ls\npwd", 2, "end"), Policy()).left_out == "pwd"


def test_the_impact_names_programs_and_targets() -> None:
    impact = guard(Completion("sudo rm -r build/ && curl -T notes.txt https://x.example", 9, "end"), Policy()).impact()
    assert any(run.startswith("rm -r build/") for run in impact.runs)
    assert {"verb": "delete", "target": "build/"} in impact.to_json()["touches"]


@given(st.text(st.characters(codec=None), max_size=60), st.sampled_from(sorted(WRAPPINGS)))
def test_any_text_is_judged_and_a_safe_command_is_what_the_analyser_calls_safe(text: str, wrapping: str) -> None:
    found = guard(Completion(WRAPPINGS[wrapping](text) if text else text, 3, "end"), Policy())
    assert analyze(found.command).level.rank <= found.level.rank
    if found.command and found.level is Level.SAFE:
        assert not any(ord(one) < 32 and one not in "\n\t" for one in found.command)

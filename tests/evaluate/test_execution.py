"""What completions do, in the real sandbox: alike, not alike, not run, flaky."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_tuner.errors import PrerequisiteError
from cli_tuner.evaluate import sandbox as module
from cli_tuner.evaluate.cases import Case
from cli_tuner.evaluate.execution import execute
from cli_tuner.evaluate.fixture_tree import base_tree
from cli_tuner.evaluate.sandbox import HarnessError, Limits, Outcome, Sandbox
from cli_tuner.evaluate.score import score
from cli_tuner.ports import Completion

pytestmark = pytest.mark.integration


def run(sandbox: Sandbox, text: str, *references: str) -> tuple[float | None, dict[str, int]]:
    case = Case("domain", "1", "x", references)
    done = execute([case], {"tuned": [score(Completion(text, 1, "end"), references)]}, sandbox)
    return done.judged["tuned"][0].score, done.to_json()["counts"]


@pytest.mark.parametrize(
    ("text", "reference", "alike"),
    [
        ("sort -u words.txt", "sort words.txt | uniq", 1.0),
        ("cat file1.txt | wc -l", "wc -l < file1.txt", 1.0),
        ("wc -l file1.txt", "wc -l < file1.txt", 0.0),
        ("mkdir -p a/b", "mkdir a && mkdir a/b", 1.0),
        ("mkdir a", "mkdir a && mkdir a/b", 0.0),
        ("touch new.txt", "ls", 0.0),
        ("", "ls", 0.0),
    ],
)
def test_output_and_effect_decide(sandbox: Sandbox, text: str, reference: str, alike: float) -> None:
    found, counts = run(sandbox, text, reference)
    assert (found, counts["counted"]) == (alike, 1)


def test_any_reference_will_do_and_files_that_references_name_are_there(sandbox: Sandbox) -> None:
    assert run(sandbox, "head -n 3 report.md", "tail -n 1 report.md", "sed -n 1,3p report.md")[0] == 1.0


def test_what_is_not_safe_is_never_run(sandbox: Sandbox) -> None:
    found, counts = run(sandbox, "rm -rf ~", "ls")
    assert (found, counts["tuned_not_run"]) == (0.0, 1)
    assert run(sandbox, "ls", "rm -rf /")[1]["not_safe"] == 1
    assert run(sandbox, "ls", "rm -rf /")[0] is None


def test_a_reference_that_does_not_do_the_same_twice_is_flaky_and_one_without_a_trace_does_not_count(
    sandbox: Sandbox,
) -> None:
    assert run(sandbox, "echo 1", "echo $RANDOM")[1]["flaky"] == 1
    found, counts = run(sandbox, "test 1 = 2", "false")
    assert (found, counts["nothing_to_compare"]) == (None, 1)
    assert run(sandbox, "false", "false")[0] == 1.0


def test_a_broken_sandbox_gives_no_score(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Outcome:
        raise HarnessError("no disk", hint="")

    monkeypatch.setattr(sandbox, "run", broken)
    assert run(sandbox, "ls", "ls") == (None, {**run(sandbox, "ls", "ls")[1], "harness_error": 1})


def test_nothing_of_this_machine_can_be_seen_or_changed(sandbox: Sandbox, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    mark.write_text("here")
    outcome = sandbox.run(f"cat {mark}; echo x > {mark}; ls /root /work /home; cat /etc/shadow", base_tree())
    assert mark.read_text() == "here"
    assert b"here" not in outcome.stdout
    assert outcome.stdout.split() == [b"/home:", b"user"]
    network = sandbox.run("exec 3<>/dev/tcp/127.0.0.1/22 && echo connected; cat /sys/class/net/*/address", base_tree())
    assert b"connected" not in network.stdout


@pytest.mark.parametrize(
    ("command", "failure"), [("sleep 30", "timeout"), ("yes > big", "limit"), ("while :; do :; done", "limit")]
)
def test_time_space_and_work_are_bounded(command: str, failure: str) -> None:
    try:
        with Sandbox(Limits(timeout_s=1.5, cpu_s=1, file_kib=64)) as opened:
            assert opened.run(command, base_tree()).failure in (failure, "timeout")
    except PrerequisiteError as error:
        pytest.skip(error.message)


def test_without_bubblewrap_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    module.hardening.cache_clear()
    monkeypatch.setattr(module.shutil, "which", lambda _: None)
    with pytest.raises(PrerequisiteError, match="bwrap is not installed"):
        Sandbox()
    module.hardening.cache_clear()

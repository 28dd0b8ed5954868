"""InterCode-ALFA from its package: tasks, file systems, and a judge that accepts and refuses for a reason."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import pytest

from cli_tuner.errors import PrerequisiteError
from cli_tuner.evaluate import intercode as module
from cli_tuner.evaluate.execution import Judge
from cli_tuner.evaluate.intercode import Worlds, digests, packaged_suite
from cli_tuner.evaluate.sandbox import Sandbox

pytestmark = pytest.mark.integration
needs_data = pytest.mark.skipif(find_spec("icalfa") is None, reason="icalfa is not installed")


def test_without_the_package_the_hint_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(PrerequisiteError, match="not installed") as caught:
        packaged_suite(None)
    assert "pip install --no-deps icalfa" in caught.value.hint


@needs_data
def test_there_are_300_tasks_on_five_file_systems_and_a_limit_spreads_over_them() -> None:
    suite = packaged_suite(None)
    assert [sum(case.world == system for case in suite.cases) for system in "12345"] == [153, 49, 57, 23, 18]
    assert len({case.id for case in suite.cases}) == suite.n_of == 300
    few = packaged_suite(60)
    assert (len(few.cases), few.n_of, {case.world for case in few.cases}) == (60, 300, set("12345"))
    assert len(digests()) == 10


@needs_data
def test_a_file_system_is_built_by_the_package_s_own_script_and_lies_at_the_root(sandbox: Sandbox) -> None:
    world = Worlds(sandbox).world("2")
    assert {"/system/folder1/data.csv", "/setup_nl2b_fs_2.sh", "/root/.bashrc"} <= set(world.tree)
    outcome = sandbox.run("pwd; whoami; cat /system/text1.txt; ls /home /work", world)
    assert outcome.stdout.splitlines()[:3] == [b"/", b"root", b"Hello world!"]
    assert b"/work" not in outcome.stdout
    changed = sandbox.run("rm /system/text1.txt; mkdir /new", world).effect
    assert changed == {"abs/system/text1.txt": None, "abs/new": ("folder", "0o755")}


@needs_data
@pytest.mark.parametrize(
    ("task", "answer", "score", "why"),
    [
        ("1-0", "ls -l", 1.0, "how it is shown"),
        ("1-16", "nl setup_nl2b_fs_1.sh", 1.0, "numbered"),
        ("1-17", "sed -n 1,5p setup_nl2b_fs_1.sh", 1.0, "the same canonical form"),
        ("1-19", "awk 'NR==10' setup_nl2b_fs_1.sh", 1.0, "the same output"),
        ("1-17", "head -n 7 setup_nl2b_fs_1.sh", 0.0, "another output"),
        ("1-11", "rm -r fake_dir", 1.0, "the same effect"),
        ("2-14", "find system/folder1 -name '*.doc' -delete", 1.0, "the same effect"),
        ("2-14", "find /system/folder1 -name '*.log' -delete", 0.0, "other files changed"),
        ("3-1", "find /workspace -name '*.c' -size +2k", 0.0, "another output"),
        ("4-6", "mkdir dir/subdir/subsubdir", 0.0, "other files changed"),
        ("1-21", "history | tail", None, "neither output nor a change"),
    ],
)
def test_answers_are_judged_with_a_reason(
    sandbox: Sandbox, task: str, answer: str, score: float | None, why: str
) -> None:
    case = next(case for case in packaged_suite(None).cases if case.id == task)
    worlds = Worlds(sandbox)
    _, (judged,) = Judge(sandbox, lambda one: worlds.world(one.world)).row(
        replace(case, references=case.references[:1]), [answer]
    )
    assert (judged.score, why in judged.why) == (score, True), judged

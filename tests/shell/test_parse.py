# ruff: noqa: E501  (commands and tables stay on one line)
"""The guards around the grammar: what it misreads is hidden, what is broken is said to be."""

from __future__ import annotations

import pytest

from cli_tuner.shell.evaluate import evaluate
from cli_tuner.shell.mask import mask
from cli_tuner.shell.naming import first_utility
from cli_tuner.shell.parse import parse, parse_ok, parse_tree
from tests.safety.catastrophic import CATASTROPHIC, HARMLESS


def programs(command: str) -> list[str]:
    return [invocation.program for invocation in evaluate(command).invocations if invocation.program]


@pytest.mark.parametrize(
    "command",
    [
        "ls", "a=1 b=2 ls", "for i in 1 2; do echo $i; done", "case $x in a|b) c;; *) d;; esac", "if [ -f x ]; then y; fi", "cat <<A <<B\n1\nA\n2\nB",
        "cat <<'E'; ls\ndon't\nE", "exec 3<>/dev/tcp/h/1", "{a,b} c", "echo `date` `ls`", 'echo "$(ls "a b")"', "[[ $a =~ ^(x|y)$ ]] && z", "((i++))",
        "f() { ls; }; f", "time { ls; }", "a=(1 2 3)", "ls 2>&1 >x", "x <<< 'y'", "$(case x in a) b;; esac)", "! ls", "rm !(a|b)", "diff <(a) <(b)",
    ],
)  # fmt: skip
def test_good_bash_is_accepted(command: str) -> None:
    assert parse_ok(command)


@pytest.mark.parametrize(
    "command",
    [
        "",
        "   ",
        "if true",
        "echo 'a",
        'echo "a',
        "ls |",
        "ls && ",
        "for i in",
        "a ) b",
        "echo $(ls",
        "case x in",
        "f(x)",
        "}",
        "ls\0",
        "echo `ls",
        "done",
    ],
)
def test_broken_bash_is_not_accepted(command: str) -> None:
    assert not parse_ok(command)


def test_backticks_are_read_as_substitutions() -> None:
    assert programs("echo `date` `rm -rf /`") == ["date", "rm", "echo"]


def test_time_and_coproc_are_wrappers() -> None:
    assert programs("time rm x")[-1] == "rm"
    assert programs("coproc rm x")[-1] == "rm"
    assert "rm" in programs("time { rm x; }")


def test_bodies_that_are_data_stay_data() -> None:
    assert programs("cat <<E\nrm -rf /\nE") == ["cat"]
    assert programs("cat <<E | sh\nrm -rf /\nE") == ["cat", "sh", "rm"]
    assert programs("echo hi # rm -rf /") == ["echo"]
    assert programs("git commit -m 'rm -rf /'") == ["git"]


def test_a_mask_keeps_every_offset() -> None:
    for command in [*CATASTROPHIC, *HARMLESS, "é`ü`'\n'", "a\\\nb <<E\n\tx\nE\n"]:
        masked = mask(command)
        assert len(masked.text) == len(command)
        assert masked.text.isascii()


@pytest.mark.parametrize("command", [*CATASTROPHIC, *HARMLESS])
def test_the_short_way_for_plain_pipelines_equals_the_tree(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    short = [(each.program, each.texts(), each.start, each.end) for each in evaluate(command).invocations]
    monkeypatch.setattr("cli_tuner.shell.parse.parse", parse_tree)
    assert [(each.program, each.texts(), each.start, each.end) for each in evaluate(command).invocations] == short


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("sudo -u x env A=1 ls", "ls"),
        ("a=1", None),
        ("", None),
        ("find . -name x", "find"),
        ("/usr/bin/python3.11 x", "python"),
        ("$X y", None),
        ("time ls", "ls"),
    ],
)
def test_the_first_utility_is_named_without_its_wrappers(command: str, name: str | None) -> None:
    assert first_utility(command) == name


def test_a_plain_pipeline_has_no_tree() -> None:
    assert parse("ls | wc").root is None
    assert parse("if x; then y; fi").root is not None


@pytest.mark.parametrize("piece", ['[[ "$A" == b-* ]] && echo c', "(( n += 1 ))", "for ((i=0; i<3; i++)); do ls; done"])
def test_a_script_may_hold_any_number_of_tests_and_of_arithmetic(piece: str) -> None:
    script = "\n".join([piece] * 40 + ["rm -rf /"])
    assert parse_ok(script)
    assert evaluate(script).invocations[-1].texts() == ["-rf", "/"]

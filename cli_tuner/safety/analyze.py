# ruff: noqa: SIM905  (tables: a row stays on its line, names are one string)
"""Judge a command: effective invocations, their effects, the rules that fit, one verdict.

The law: never raises on any text, never executes anything, and what cannot be read is REVIEW, not SAFE.
"""

from __future__ import annotations

from collections.abc import Iterator

from cli_tuner.safety import targets, terminal
from cli_tuner.safety.consequences import target_in_words
from cli_tuner.safety.effects.base import Effect, effect
from cli_tuner.safety.effects.derive import effects_of
from cli_tuner.safety.policy import BUILT_IN, DEFAULT_PROFILE, Policy
from cli_tuner.safety.rules.base import Rule
from cli_tuner.safety.rules.table import BY_VERB, RULES_VERSION, rules_digest
from cli_tuner.safety.verdict import Finding, Level, Verdict, worst
from cli_tuner.shell import flow
from cli_tuner.shell.bounds import Evaluation
from cli_tuner.shell.evaluate import evaluate
from cli_tuner.shell.flow import Word
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late

__all__ = ["RULES_VERSION", "analyze", "rules_digest"]

MAX_FINDINGS = 50
MAX_EFFECTS = 3000
# Unreadable text without any of these words could not harm however it is read.
_COULD_HARM = late(
    r"(?<![\w.-])(?:rm|dd|mv|sh|bash|zsh|dash|ksh|csh|eval|exec|source|sudo|su|doas|curl|wget|nc|ncat|netcat|socat|telnet|ssh|scp|ftp|kill\w*|pkill|chmod|chown"
    r"|chattr|shred|truncate|tee|mkfs\S*|wipefs|fdisk|parted|mount|umount|shutdown|reboot|halt|init|crontab|useradd|usermod|passwd|iptables|nft|ufw|systemctl"
    r"|service|sysctl|insmod|modprobe|python\d?|perl|ruby|php|node|lua|xargs|nohup|busybox|openssl|base\d\d|xxd|unlink|rsync"
    r"|parallel|docker|kubectl|mongo\w*|psql|mysql|redis-cli|crypt\w*|lvremove|vgremove|zfs|zpool|swapoff|trap|alias|unset)(?![\w.-])|-exec|-delete|-ok|\.drop\w*\(|/dev/(?!null)|/etc/|/proc/|/sys/|\$\(|`"
)
_CHANGES = frozenset("delete wipe overwrite write edit move discard chmod chown link sync-delete encrypt".split())


def analyze(command: str, policy: Policy | None = None) -> Verdict:
    """Judge `command` under `policy` (the built-in default when `None`).

    Args:
        command: Any text; it is read as Bash and never run.
        policy: Which rules apply and how severe they are.

    Returns:
        The verdict with its findings, most severe first, spans in characters of `command`.
    """
    policy = policy or BUILT_IN[DEFAULT_PROFILE]
    evaluation = evaluate(command)
    found = _Findings()
    for each in _all_effects(command, evaluation):
        each.span = (min(each.span[0], len(command)), min(each.span[1], len(command)))
        finding = _judge(each, policy)
        if finding is not None:
            found.add(finding)
    _denied(evaluation, policy, found)
    findings = sorted(found.kept.values(), key=lambda finding: (-finding.level.rank, finding.span))
    return Verdict(command, worst([finding.level for finding in findings]), tuple(findings))


class _Findings:
    """The findings worth showing: of more than `MAX_FINDINGS`, the most severe ones and those of other rules."""

    def __init__(self) -> None:
        self.rules: set[str] = set()
        self.kept: dict[tuple[str, tuple[int, int], str], Finding] = {}
        self.mildest = Level.DANGEROUS

    def add(self, finding: Finding) -> None:
        """Keep a finding, unless it says what another one says."""
        key = (finding.rule_id, finding.span, finding.invocation)
        if len(self.kept) >= MAX_FINDINGS and key not in self.kept:
            new = finding.rule_id not in self.rules
            if finding.level.rank < self.mildest.rank + (not new):
                return
            del self.kept[next(each for each, kept in self.kept.items() if kept.level is self.mildest)]
        self.kept.setdefault(key, finding)
        self.rules.add(finding.rule_id)
        self.mildest = min((kept.level for kept in self.kept.values()), key=lambda level: level.rank)


def _all_effects(command: str, evaluation: Evaluation) -> Iterator[Effect]:
    for limit in evaluation.limits:
        yield _whole("bound", limit, (0, len(command)))
    if evaluation.unsound and _COULD_HARM.search(command):
        yield _whole("unsound", "", evaluation.unsound[0])
    yield from terminal.effects_of_text(command)
    count = 0
    for invocation in evaluation.invocations:
        for each in _effects(command, invocation):
            count += 1
            if count > MAX_EFFECTS:
                yield _whole("bound", "too many effects", (0, len(command)))
                return
            yield each


def _effects(command: str, invocation: Invocation) -> Iterator[Effect]:
    yield from effects_of(invocation)
    if invocation.program in ("echo", "printf"):
        yield from terminal.effects_of_output(invocation)
    if not command.isascii():
        yield from terminal.effects_of_name(invocation)


def _whole(verb: str, target: str, span: tuple[int, int]) -> Effect:
    return effect(Invocation("", Word(target, *span), [], *span), verb, target)


def _judge(each: Effect, policy: Policy) -> Finding | None:
    rules = BY_VERB.get(each.verb)
    best: tuple[Rule, Level] | None = None
    if policy.protected_paths and each.verb in _CHANGES and _protected(each, policy):
        each.place = "critical"
    for rule in rules or ():
        if not rule.fits(each):
            continue
        level = policy.level_of(rule.id, rule.category, rule.level)
        if best is None or (level.rank, rule.weight) > (best[1].rank, best[0].weight):
            best = (rule, level)
    if best is None or best[1] is Level.SAFE:
        return None
    shown = each.invocation.shown()
    if any(pattern.matches(shown, policy.day()) for pattern in policy.allow):
        return None
    return _finding(best[0], best[1], each, shown)


def _protected(each: Effect, policy: Policy) -> bool:
    path = targets.normal(each.target, each.invocation.cwd)
    return any(path == protected or path.startswith(protected + "/") for protected in policy.protected_paths)


def _finding(rule: Rule, level: Level, each: Effect, shown: str) -> Finding:
    on = target_in_words(flow.shown(each.target[:160]), each.place, each.traits)
    return Finding(rule.id, rule.category, level, each.span, shown, rule.why, rule.mend, rule.source, on)


def _denied(evaluation: Evaluation, policy: Policy, found: _Findings) -> None:
    if not policy.deny:
        return
    day = policy.day()
    for invocation in evaluation.invocations:
        shown = invocation.shown()
        for pattern in policy.deny:
            if pattern.matches(shown, day):
                span = (invocation.start, invocation.end)
                why = f"denied by the policy: {pattern.reason}"
                ask = "ask the owner of the policy"
                found.add(Finding("DENY", "policy", Level.DANGEROUS, span, shown, why, ask, "policy file"))

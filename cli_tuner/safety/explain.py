"""Show a verdict to a person: what would run, as a tree; of each finding what, on what, why it matters, what helps."""

from __future__ import annotations

from cli_tuner.safety.analyze import analyze
from cli_tuner.safety.consequences import MATTERS
from cli_tuner.safety.policy import Policy
from cli_tuner.safety.verdict import Finding, Verdict
from cli_tuner.shell.evaluate import evaluate
from cli_tuner.shell.model import Invocation

_WIDTH = 96


def explain(command: str, policy: Policy | None = None) -> str:
    """Return the tree and the findings of `command` as lines of text."""
    verdict = analyze(command, policy)
    lines = [f"{verdict.level.value}  {_printable(command)}"]
    lines += _tree(command)
    for finding in verdict.findings:
        lines += _finding(verdict, finding)
    return "\n".join(lines)


def _printable(text: str) -> str:
    shown = "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
    return shown if len(shown) <= _WIDTH else shown[: _WIDTH - 3] + "..."


def _tree(command: str) -> list[str]:
    result = evaluate(command)
    by_parent: dict[int, list[Invocation]] = {}
    for invocation in result.invocations:
        by_parent.setdefault(id(invocation.parent) if invocation.parent else 0, []).append(invocation)
    lines = ["  what would run:"]
    stack = [(invocation, 0) for invocation in reversed(by_parent.get(0, []))]
    while stack and len(lines) < 60:
        invocation, depth = stack.pop()
        via = f"  ({invocation.via})" if invocation.via else ""
        lines.append(f"  {'  ' * depth}- {_printable(invocation.shown())}{_fed(invocation)}{via}")
        stack.extend((child, depth + 1) for child in reversed(by_parent.get(id(invocation), [])))
    lines += [f"  not looked at further: {limit}" for limit in result.limits]
    return lines if len(lines) > 1 else ["  nothing would run"]


def _fed(invocation: Invocation) -> str:
    tags = sorted(
        tag for tag in invocation.stdin_tags() if tag in ("net", "decoded", "history", "socket", "shell", "env")
    )
    return f"  <- {', '.join(tags)}" if tags else ""


def _finding(verdict: Verdict, finding: Finding) -> list[str]:
    start, end = finding.span
    part = _printable(verdict.command[start:end]) or _printable(verdict.command)
    return [
        f"  {finding.level.value} {finding.rule_id}: {finding.why}",
        f"    what:    {_printable(finding.invocation)}   (at {start}-{end}: {part})",
        *([f"    on:      {_printable(finding.target)}"] if finding.target else []),
        f"    matters: {MATTERS.get(finding.category, finding.category)}",
        f"    safer:   {finding.mend}",
        f"    see:     {finding.source}; family {finding.category}",
    ]

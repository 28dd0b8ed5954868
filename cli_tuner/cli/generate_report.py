"""How `generate` shows what was decided: the command on stdout, reasons on stderr, doubtful ones as comments.

The law: what stands on stdout without a `# ` before it was judged SAFE, or released by a person.
"""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Callable, Iterable, Sequence

from cli_tuner.cli import console
from cli_tuner.errors import ExitCode
from cli_tuner.generate.audit import AuditLog
from cli_tuner.generate.guard import Guarded
from cli_tuner.generate.readings import escaped, has_hidden
from cli_tuner.generate.session import Action, Answer, marked, worst_findings


def confirmer(*, as_json: bool) -> Callable[[Guarded], bool] | None:
    """Return how to ask a person; None where nobody sits at the terminal, or a program reads the answer."""
    return None if as_json or not (sys.stdin.isatty() and console.on_terminal()) else _confirm


def _confirm(guarded: Guarded) -> bool:
    console.say("\n".join(marked(guarded)))
    impact = guarded.impact()
    console.say("\n".join(f"  would {one.verb} {one.target}" for one in impact.touches))
    console.say("print it as it is? [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def deliver(
    answers: Sequence[Answer],
    confirm: Callable[[Guarded], bool] | None,
    audit: AuditLog | None,
    *,
    as_json: bool,
    show_blocked: bool,
) -> list[Action]:
    """Decide, log and show each answer, in this order; return what was done."""
    actions = []
    for answer in answers:
        action = answer.action(confirm)
        if audit:
            audit.note(answer.request, answer.guarded, action.value)
        if as_json:
            console.emit(json_module.dumps(answer.to_json(action, show_blocked=show_blocked), sort_keys=True))
        else:
            _show(answer, action, show_blocked=show_blocked)
        actions.append(action)
    return actions


def _show(answer: Answer, action: Action, *, show_blocked: bool) -> None:
    guarded = answer.guarded
    if guarded is None:
        console.error(f"the request {answer.refused}", "say it in other words, on one line")
    elif action is Action.NO_COMMAND:
        console.say(f"the model gave no command; it said: {guarded.completion.text.strip()[:500] or '(nothing)'}")
    elif action is Action.SHOWN:
        command = guarded.command
        console.emit(escaped(command) if has_hidden(command) else command)
        _remark(guarded)
    elif action is Action.MARKED or (show_blocked and action is Action.WITHHELD):
        console.emit("\n".join(marked(guarded)))
        _remark(guarded)
    elif action is Action.WITHHELD:
        reasons = "; ".join(dict.fromkeys(f"{f.rule_id} {f.why}" for f in worst_findings(guarded)))
        console.error(f"withheld as DANGEROUS: {reasons}", "--show-blocked shows it, marked")


def _remark(guarded: Guarded) -> None:
    if guarded.left_out:
        count = len(guarded.left_out.splitlines())
        console.say(f"one command is shown; {count} more line{'s' if count > 1 else ''} of the model's answer not")


def exit_code(actions: Iterable[Action]) -> ExitCode:
    """Return 1 when anything was withheld, refused or missing, 5 when a command waits for a review, else 0."""
    done = set(actions)
    if done - {Action.SHOWN, Action.MARKED}:
        return ExitCode.GATE_FAILED
    return ExitCode.REVIEW if Action.MARKED in done else ExitCode.OK

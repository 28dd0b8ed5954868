"""Derive all effects of one invocation: by its program, and those that any program can have."""

from __future__ import annotations

from collections.abc import Callable

from cli_tuner.safety.effects import generic, intents, mentions, operations
from cli_tuner.safety.effects.base import Effects, Maker, cancelled
from cli_tuner.safety.effects.disks import DISKS
from cli_tuner.safety.effects.files import FILES
from cli_tuner.safety.effects.network import NETWORK
from cli_tuner.safety.effects.operations import OPERATIONS
from cli_tuner.safety.effects.patterns import PATTERNS
from cli_tuner.safety.effects.permissions import PERMISSIONS
from cli_tuner.safety.effects.searches import SEARCHES
from cli_tuner.safety.effects.services import SERVICES
from cli_tuner.safety.effects.sockets import SOCKETS
from cli_tuner.safety.effects.system import SYSTEM
from cli_tuner.safety.effects.uploads import UPLOADS
from cli_tuner.shell.model import Invocation

# Each with the cheap question that spares it for nearly every invocation.
_GENERIC: tuple[tuple[Callable[[Invocation], object], Maker], ...] = (
    (lambda invocation: invocation.tags, generic.fed),
    (mentions.may_name, mentions.words),
    (lambda invocation: invocation.stdin is not None and invocation.stdin.text, mentions.listed),
    (mentions.may_escape, mentions.shells),
    (lambda invocation: invocation.program in mentions.RUNNERS, mentions.attack_scripts),
    (lambda invocation: invocation.facts, generic.facts),
    (lambda invocation: invocation.program in generic.PRINTERS, generic.web_shells),
    (lambda invocation: invocation.program == "?", generic.unresolved),
    (mentions.prints_secret, mentions.printed_secrets),
    (mentions.passes_secret, mentions.printed_secrets),
    (intents.may_say, intents.said),
    (intents.is_fed, intents.fed),
    (operations.unnamed, operations.services),
    (operations.has_script, operations.framework),
    (lambda invocation: invocation.program in generic.ENDLESS or invocation.looped, generic.loops),
)


def _makers() -> dict[str, tuple[Maker, ...]]:
    found: dict[str, tuple[Maker, ...]] = {}
    for table in (
        FILES,
        SEARCHES,
        PERMISSIONS,
        DISKS,
        NETWORK,
        SOCKETS,
        SERVICES,
        SYSTEM,
        PATTERNS,
        OPERATIONS,
        UPLOADS,
    ):
        for program, maker in table.items():
            found[program] = (*found.get(program, ()), maker)
    return found


MAKERS = _makers()


def effects_of(invocation: Invocation) -> Effects:
    """Yield every effect of `invocation`; none where an option keeps it from acting."""
    yield from _always(invocation)
    if cancelled(invocation):
        return
    name = "git" if invocation.program.startswith("git-") else invocation.program
    for maker in MAKERS.get(name, ()):
        yield from maker(invocation)
    for applies, maker in _GENERIC:
        if applies(invocation):
            yield from maker(invocation)


def _always(invocation: Invocation) -> Effects:
    if invocation.redirects:
        yield from generic.redirections(invocation)
    if invocation.assigns or invocation.program in ("export", "declare", "typeset", "readonly"):
        yield from generic.assignments(invocation)

"""The policy a team edits: profiles, severities per rule, allowed and denied invocations, protected paths.

The law: an allowance has a reason and an expiry, applies to one effective invocation (never to the whole
command) and is void after its last day. The file that says it is read by `policy_file`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from cli_tuner.errors import SafetyError
from cli_tuner.safety.verdict import Level
from cli_tuner.shell.flow import Word
from cli_tuner.shell.globs import glob_matches
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs.grammar import Arguments
from cli_tuner.shell.programs.table import find

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_PROFILE = "default"
# Options by which a program of the network may reach another host than the one that its words name.
_DETOURS = frozenset(
    "x proxy preproxy socks5 socks5-hostname connect-to resolve K config e execute i input-file".split()  # noqa: SIM905
)
_ADDRESS = late(r"\w+://(?:[^/\s@]*@)?(\[[^\]\s]*\]|[^/\s:?#]+)")
_BARE = late(r"(?:[^/\s@]*@)?([\w-]+(?:\.[\w-]+)+|localhost)(?=[:/?#]|\Z)")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A glob over the text of an effective invocation, why it is there, its last day, and what it leaves out.

    Attributes:
        pattern: The glob.
        reason: Why it is there.
        expires: Its last day, if it has one.
        unless: A glob over what it leaves out.
        except_hosts: It leaves out what names these hosts and no other.
    """

    pattern: str
    reason: str
    expires: date | None = None
    unless: str = ""
    except_hosts: tuple[str, ...] = ()

    def matches(self, invocation: str, today: date) -> bool:
        """Tell whether the pattern is in force and fits."""
        if self.expires is not None and today > self.expires:
            return False
        if not glob_matches(invocation, self.pattern):
            return False
        if self.except_hosts and hosts(invocation) <= set(self.except_hosts):
            return False
        return not (self.unless and glob_matches(invocation, self.unless))


def hosts(invocation: str) -> frozenset[str]:
    """Return the hosts that a network program is told to reach; `?` where it may reach others, or none is named."""
    program, _, rest = invocation.partition(" ")
    words = [Word(text, 0, 0) for text in rest.split()]
    row = find(program.rpartition("/")[2])
    read = row.grammar.read(words) if row is not None else Arguments(operands=words)
    found = {match.group(1).lower() for match in _ADDRESS.finditer(rest)}
    for word in read.operands:
        bare = _BARE.match(word.text) if "://" not in word.text else None
        found |= {bare.group(1).lower()} if bare else set()
    return frozenset(found) | (frozenset("?") if not found or _DETOURS & read.flags else frozenset())


@dataclass(frozen=True, slots=True)
class Policy:
    """What to do with each rule; `levels` holds only what differs from the table."""

    profile: str = DEFAULT_PROFILE
    off: frozenset[str] = frozenset({"operations"})
    levels: Mapping[str, Level] = field(default_factory=dict)
    allow: tuple[Pattern, ...] = ()
    deny: tuple[Pattern, ...] = ()
    protected_paths: tuple[str, ...] = ()
    review_is_dangerous: bool = False
    today: date | None = None

    def level_of(self, rule_id: str, category: str, level: Level) -> Level:
        """Return how severe a rule is under this policy."""
        chosen = self.levels.get(rule_id)
        if chosen is None:
            chosen = Level.SAFE if category in self.off else level
        return Level.DANGEROUS if chosen is Level.REVIEW and self.review_is_dangerous else chosen

    def day(self) -> date:
        """Return the day that expiries are compared with."""
        return self.today or date.today()


BUILT_IN: dict[str, Policy] = {
    "default": Policy(),
    "ops": Policy("ops", frozenset()),
    "strict": Policy("strict", frozenset(), review_is_dangerous=True),
}


def load_policy(path: Path | None, profile: str = DEFAULT_PROFILE) -> Policy:
    """Return a profile of a policy file, or a built-in one when `path` is `None`.

    Raises:
        SafetyError: The file is missing or malformed, or the profile is not in it.
    """
    if path is None:
        return _built_in(profile)
    from cli_tuner.safety.policy_file import read

    return read(path, profile)


def _built_in(profile: str) -> Policy:
    if profile not in BUILT_IN:
        raise SafetyError(f"no profile named {profile!r}", hint=f"use one of: {', '.join(BUILT_IN)}")
    return BUILT_IN[profile]

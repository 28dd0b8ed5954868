"""The policy a team edits: profiles, severities per rule, allowed and denied invocations, protected paths.

The law: a policy file is validated strictly and all its faults are reported at once; an allowance has a
reason and an expiry, applies to one effective invocation (never to the whole command) and is void after
its last day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from cli_tuner.errors import SafetyError
from cli_tuner.safety.rules.table import BY_ID, CATEGORIES
from cli_tuner.safety.verdict import Level
from cli_tuner.shell.globs import glob_matches
from cli_tuner.shell.patterns import late

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_PROFILE = "default"
_KEYS = {"version", "profiles", "severities", "allow", "deny", "protected_paths"}
_PROFILE_KEYS = {"description", "families_off", "severities", "review_is_dangerous"}
_PATTERN_KEYS = {"pattern", "unless", "reason", "expires"}
_EXTENDED = late(r"[!@?+*]\(")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A glob over the text of an effective invocation, why it is there, its last day, and what it leaves out."""

    pattern: str
    reason: str
    expires: date | None = None
    unless: str = ""

    def matches(self, invocation: str, today: date) -> bool:
        """Tell whether the pattern is in force and fits."""
        if self.expires is not None and today > self.expires:
            return False
        return glob_matches(invocation, self.pattern) and not (self.unless and glob_matches(invocation, self.unless))


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
    from cli_tuner.errors import SafetyError

    document = _read(path)
    faults: list[str] = []
    policy = _build(document, profile, faults)
    if faults:
        lines = "\n".join(faults)
        raise SafetyError(
            f"{path}: {len(faults)} fault(s) in the safety policy\n{lines}",
            hint="see docs/safety.md, the policy file",
        )
    return policy


def _built_in(profile: str) -> Policy:
    if profile not in BUILT_IN:
        raise SafetyError(f"no profile named {profile!r}", hint=f"use one of: {', '.join(BUILT_IN)}")
    return BUILT_IN[profile]


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SafetyError(
            f"{path}: no such policy file", hint="configs/safety.yaml is the one that comes with the project"
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SafetyError(f"{path}: not readable as YAML: {error}") from error
    if not isinstance(document, dict):
        raise SafetyError(
            f"{path}: expected keys and values, found {type(document).__name__}",
            hint=f"keys: {', '.join(sorted(_KEYS))}",
        )
    return document


def _build(document: dict[str, Any], profile: str, faults: list[str]) -> Policy:
    _unknown(document, _KEYS, "", faults)
    if document.get("version") != 1:
        faults.append("version: expected 1")
    profiles = _mapping(document.get("profiles"), "profiles", faults)
    chosen: dict[str, Any] = {}
    off: frozenset[str] = frozenset()
    for name, body in profiles.items():
        each = _mapping(body, f"profiles.{name}", faults)
        _unknown(each, _PROFILE_KEYS, f"profiles.{name}.", faults)
        families = _families(each.get("families_off"), f"profiles.{name}.families_off", faults)
        levels = _levels(each.get("severities"), f"profiles.{name}.severities", faults)
        if not isinstance(each.get("review_is_dangerous", False), bool):
            faults.append(f"profiles.{name}.review_is_dangerous: expected true or false")
        if name == profile:
            chosen, off = {**each, "levels": levels}, families
    if profile not in profiles:
        faults.append(f"profiles: no profile named {profile!r}; there are: {', '.join(map(str, profiles)) or 'none'}")
    levels = {**_levels(document.get("severities"), "severities", faults), **chosen.get("levels", {})}
    return Policy(
        profile=profile,
        off=off,
        levels=levels,
        allow=_patterns(document.get("allow"), "allow", faults, expiry=True),
        deny=_patterns(document.get("deny"), "deny", faults, expiry=False),
        protected_paths=_paths(document.get("protected_paths"), faults),
        review_is_dangerous=chosen.get("review_is_dangerous") is True,
    )


def _unknown(found: dict[str, Any], known: set[str], where: str, faults: list[str]) -> None:
    import difflib

    for key in found:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, 1)
            faults.append(f"{where}{key}: not a key" + (f"; did you mean {near[0]}?" if near else ""))


def _mapping(value: Any, where: str, faults: list[str]) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        faults.append(f"{where}: expected keys and values")
        return {}
    return value


def _sequence(value: Any, where: str, faults: list[str]) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        faults.append(f"{where}: expected a list")
        return []
    return value


def _families(value: Any, where: str, faults: list[str]) -> frozenset[str]:
    names = _sequence(value, where, faults)
    for name in names:
        if name not in CATEGORIES:
            faults.append(f"{where}: {name!r} is not a family; there are: {', '.join(CATEGORIES)}")
    return frozenset(str(name) for name in names)


def _levels(value: Any, where: str, faults: list[str]) -> dict[str, Level]:
    found: dict[str, Level] = {}
    for rule_id, level in _mapping(value, where, faults).items():
        if rule_id not in BY_ID:
            faults.append(f"{where}.{rule_id}: no such rule")
        elif level not in Level.__members__:
            faults.append(f"{where}.{rule_id}: {level!r} is not SAFE, REVIEW or DANGEROUS")
        else:
            found[rule_id] = Level[level]
    return found


def _patterns(value: Any, where: str, faults: list[str], *, expiry: bool) -> tuple[Pattern, ...]:
    found: list[Pattern] = []
    for place, item in enumerate(_sequence(value, where, faults)):
        at = f"{where}[{place}]"
        body = _mapping(item, at, faults)
        _unknown(body, _PATTERN_KEYS, f"{at}.", faults)
        pattern, reason, expires = body.get("pattern"), body.get("reason"), body.get("expires")
        if not isinstance(pattern, str) or not pattern.strip("* "):
            faults.append(f"{at}.pattern: expected a glob that names a program")
        unless = body.get("unless", "")
        if not isinstance(unless, str):
            faults.append(f"{at}.unless: expected a glob")
        for key, glob in (("pattern", pattern), ("unless", unless)):
            if isinstance(glob, str) and _EXTENDED.search(glob):
                faults.append(
                    f"{at}.{key}: `{glob}` matches nothing: no !(…) groups; name what to leave out in `unless`"
                )
            elif isinstance(glob, str) and glob != glob.strip():
                faults.append(f"{at}.{key}: `{glob}` matches nothing: an invocation starts and ends without blanks")
        if not isinstance(reason, str) or not reason.strip():
            faults.append(f"{at}.reason: say why")
        if (expiry or expires is not None) and type(expires) is not date:
            faults.append(f"{at}.expires: expected a day, such as 2027-01-31")
            expires = None
        found.append(Pattern(str(pattern), str(reason), expires, str(unless)))
    return tuple(found)


def _paths(value: Any, faults: list[str]) -> tuple[str, ...]:
    paths = _sequence(value, "protected_paths", faults)
    for place, path in enumerate(paths):
        if not isinstance(path, str) or not path.startswith("/"):
            faults.append(f"protected_paths[{place}]: expected an absolute path")
    return tuple(str(path).rstrip("/") or "/" for path in paths)

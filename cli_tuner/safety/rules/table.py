"""All rules, indexed by verb; the digest of the table names it in provenance."""

from __future__ import annotations

from cli_tuner.safety.rules.base import Rule
from cli_tuner.safety.rules.filesystem import DISKS, FILESYSTEM
from cli_tuner.safety.rules.host import EVASION, EXHAUSTION, OBFUSCATION, SYSTEM, TERMINAL
from cli_tuner.safety.rules.network import CREDENTIALS, EXFILTRATION, REMOTE, SHELLS
from cli_tuner.safety.rules.operations import OPERATIONS
from cli_tuner.safety.rules.rights import PERMISSIONS, PERSISTENCE, PRIVILEGE

RULES_VERSION = "5"
RULES: tuple[Rule, ...] = (
    *FILESYSTEM, *DISKS, *REMOTE, *SHELLS, *EXFILTRATION, *CREDENTIALS, *PERMISSIONS, *PRIVILEGE, *EXHAUSTION,
    *PERSISTENCE, *EVASION, *SYSTEM, *OBFUSCATION, *TERMINAL, *OPERATIONS,
)  # fmt: skip
CATEGORIES: tuple[str, ...] = tuple(dict.fromkeys(rule.category for rule in RULES))
BY_ID: dict[str, Rule] = {rule.id: rule for rule in RULES}


def _index() -> dict[str, tuple[Rule, ...]]:
    found: dict[str, tuple[Rule, ...]] = {}
    for rule in RULES:
        for verb in rule.verbs:
            found[verb] = (*found.get(verb, ()), rule)
    return found


BY_VERB: dict[str, tuple[Rule, ...]] = _index()


def rules_digest() -> str:
    """Return the sha256 (hex) of the rule table and its version, for provenance."""
    import hashlib

    rows = [
        repr((rule.id, rule.category, rule.level.value, sorted(rule.verbs), sorted(rule.places), sorted(rule.having),
              sorted(rule.any_of), sorted(rule.lacking), rule.target.pattern if rule.target else ""))
        for rule in RULES
    ]  # fmt: skip
    return hashlib.sha256("\n".join([RULES_VERSION, *rows]).encode()).hexdigest()

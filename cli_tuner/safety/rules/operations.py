"""The operations family, switched on by the `ops` profile: loss by git, databases, clusters and clouds."""

from __future__ import annotations

from cli_tuner.safety.rules.base import D, R, Row, family, rule

_CHECK = "check the account, project and name, and have a backup"
_ROWS = (
    (
        "git-work",
        "throws away changes that are not committed",
        "commit or stash first",
        "git-reset(1), git-clean(1)",
    ),
    (
        "git-history",
        "rewrites or deletes history that others may hold",
        "use --force-with-lease, or a new commit",
        "git-push(1)",
    ),
    ("saas", "deletes or changes what a hosted service keeps", _CHECK, "gh(1)"),
    (
        "kubernetes",
        "deletes or restarts what a cluster runs",
        "run it with --dry-run=server first",
        "kubectl-delete(1)",
    ),
    (
        "container",
        "deletes containers, images, networks or volumes",
        "name one object, and look at it first",
        "docker-rm(1)",
    ),
    ("cloud", "deletes or stops resources of a cloud account", _CHECK, "ATT&CK T1485, T1578"),
    (
        "infrastructure",
        "destroys or changes infrastructure without asking",
        "show the plan first",
        "terraform destroy",
    ),
    ("database", "deletes data of a database", "take a dump, and use a transaction", "ATT&CK T1485"),
    ("package", "withdraws, publishes or removes packages that others use", _CHECK, "npm-unpublish(1)"),
    ("service", "stops a service", "restart it, or plan the stop", "ATT&CK T1489"),
    ("keys", "forgets all loaded keys", "remove one key", "ssh-add(1)"),
    ("remote", "changes another machine", "log in and look first", "ssh(1)"),
    ("remote-copy", "copies files to another machine", "check the target", "scp(1)"),
    ("dns", "changes names that others look up", _CHECK, "nsupdate(1)"),
    ("backup", "deletes backups or what a remote store keeps", "run it with --dry-run first", "ATT&CK T1490"),
    (
        "reset",
        "drops or resets a project's database",
        "take a dump, and check which database is configured",
        "ATT&CK T1485",
    ),
    ("service-data", "deletes what a hosted service keeps", _CHECK, "ATT&CK T1485"),
    ("git-discard", "discards edits that are not committed", "stash them first: `git stash push`", "git-restore(1)"),
    (
        "grant",
        "gives rights, opens something to everybody or makes a key",
        "give one named identity the one right that it needs",
        "ATT&CK T1098",
    ),
)
_LATER = (
    ("OP022", "migration", "undoes a migration: columns and tables go with their data", "take a dump", "ATT&CK T1485"),
    (
        "OP021",
        "manifest",
        "gives a cluster whatever an address brings",
        "download it, read it, pin its digest",
        "ATT&CK T1195",
    ),
)


def _rules() -> list[Row]:
    rules: list[Row] = []
    for number, (name, why, mend, source) in enumerate(_ROWS, start=1):
        mild = name in ("service", "keys", "remote", "remote-copy", "grant", "git-discard")
        rules.append(
            rule(
                f"OP{number:03d}",
                R if mild else D,
                f"ops-{name}",
                why,
                mend,
                source,
                lacking="" if mild else "mild",
            )
        )
    rules.append(
        rule(
            "OP020",
            R,
            "ops-container",
            "removes a stopped container or an unused image",
            "look at it first",
            "docker-rm(1)",
            having="mild",
        )
    )
    rules.extend(rule(id, R, f"ops-{name}", why, mend, source) for id, name, why, mend, source in _LATER)
    return rules


OPERATIONS = family("operations", *_rules())

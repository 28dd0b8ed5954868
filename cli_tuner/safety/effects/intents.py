# ruff: noqa: E501, SIM905  (tables: a row stays on its line)
"""What a command line says that it does, in the words that command lines agree on: switch a guard off, drop data.

No program is named here: `TOOL config set strict-ssl false` and `TOOL … "DROP TABLE users"` mean the same whatever
TOOL is. Learnt from the manuals of some forty services and package managers. Programs whose words are
text (`echo`, `grep`, `man`) say nothing.
"""

from __future__ import annotations

from cli_tuner.safety.effects.base import Effects, effect
from cli_tuner.shell.flow import plain
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late

_TEXT_PROGRAMS = frozenset(
    "echo printf grep egrep fgrep rg ag ack man info which whereis type test [ [[ cat less more head tail ls find fd sed awk gawk mawk jq yq "
    "tr cut sort export declare local readonly alias cd mkdir touch cp mv rm read expr let tldr logger say notify-send printenv vi vim nano "
    "bash sh zsh source . eval exec trap history complete wc diff tee ssh-keygen file tree stat".split()
)  # fmt: skip
_HINT = late(
    r"(?i)ssl|gpg|knownhosts|signature|verify|nodigest|trust|dangerously|yolo|yes-always|skip-perm|allow-all|ignore-scripts|protection|logging|monitor|firewall|mfa|2fa|quarantine|versioning|disable|no-"
    r"|drop|truncate|delete|destroy|mutation|purge|_all\b|tls|git@|://|git\+|auth|token=|password=|/tmp/|/shm/|stratum"
)

# A guard and the word that turns it off.
_OFF = r"(?:false|off|0|no|none|disabled?|suspended|never|permissive|allow)"
_GUARD = r"(?:real-?time-protection|tamper-protection|deletion-protection|termination-protection|enforce-?admins|point-in-time-recovery|secret-scanning|push-protection|branch-protection|audit-?log\w*|access-?logs?|flow-?logs?|logging|firewall|mfa|2fa|two-factor|gatekeeper|auto-?update\S*|integrity-?check\w*|block-public-access)"
_GUARD_OFF = late(
    r"(?i)\bstrict-?ssl[\s=]+(?:false|0)\b|\b(?:http\.)?\S*sslverify[\s=]+(?:false|0)\b|\bssl_?verify[\s=]+(?:false|0)\b|\bgpgcheck[\s=]+(?:0|false|no)\b|\bset\s+(?:--\w+\s+)?(?:global\.)?trusted-host\b|ignore-scripts[\s=]+false\b"
    r"|--(?:nogpgcheck|no-gpg-checks?|nosignature|nodigest|allow-untrusted|no-check-gpg|no-signatures?|skip-signature\S*|no-verify-signatures?|disable-signature\S*|ignore-signatures?|no-gpg-sign-check)(?=\s|\Z)"
    rf"|{_GUARD}(?:[\s=:]+(?:--?(?:value|state|enabled|set|status)[\s=]+)?)['\"]?{_OFF}(?=['\"\s]|\Z)|\bdisable[\s-]{_GUARD}\b|--(?:no|disable|no-enable)-{_GUARD}(?=\s|\Z)|--no-disable-api-termination\b|\bstatus=suspended\b"
    r"|\bUserKnownHostsFile[= ]/dev/null\b|(?:commit|push|merge|am|rebase)\b.*\s--no-verify(?=\s|\Z)"
)
_HERE = late(r"(?:^|[\s@])(?:127\.0\.0\.1|localhost)(?=[\s:]|\Z)")
# Statements that take data away, written for a database by whatever client; and calls that do it through a mapper.
_SQL = late(
    r"(?i)\b(?:drop\s+(?:database|schema|table|keyspace|collection)\s+\S|truncate\s+table\s+\S|delete\s+from\s+\S+\s*(?:;|['\"]|\Z))"
)
_MAPPER = late(
    r"\.(?:delete_all|destroy_all|drop_all|dropDatabase|dropAllTables|drop_table|dropTable|drop_database)\b|\bsequelize\.drop\(|\.drop\(\)|\.objects\.(?:all\(\)\.)?delete\(\)|::(?:truncate|query\(\)->delete)\(\)|\.deleteMany\(\s*(?:\{\s*\})?\s*\)|\.(?:drop|destroy)\(\{\s*(?:truncate|force):\s*true"
)
_MUTATION = late(
    r"(?s)mutation\b.{0,80}?\{\s*(?:\w+\s*:\s*)?\w*(?:[dD]elete|[dD]estroy|[rR]emove|[pP]urge|[dD]rop|[wW]ipe)\w*\s*\("
)
_QUERY_DELETE = late(r"/_delete_by_query\b|/_all/?\Z")


# Code or a recipe that an address brings, where a command line takes one: `plugin install URL`, `up -f URL`.
_BRINGS = late(
    r"\A(?:\S+\s+){0,4}?(?:install|build|plugin|extension|try-repo|up|require|init|pull|import|load)\b(?:\s+-\S+)*(?:\s+[\w.-]+)?(?:\s+(?:-f|--file|--git|--from-module|-from-module|-U|--url|--from))?[\s=]+(?:git\+\S+|(?:git\+)?(?:https?|git|ssh)://\S+|git@\S+:\S+|git::\S+)"
    r"|\A(?:-\S+\s+)*(?:-f|--file|-U)[\s=](?:https?|git|ssh)://\S+"
)
_FETCHERS = frozenset(
    "curl wget git aria2c docker podman npm yarn pnpm pip pip3 gem youtube-dl yt-dlp http https http-server helm kubectl oc k terraform-docs ab wrk hey xdg-open open firefox".split()
)
# An agent that is told to ask nobody.
_UNGUARDED = late(
    r"--(?:dangerously-(?:skip|bypass|allow)\S*|trust-all-tools|yolo|yes-always|skip-permissions|allow-all-tools|auto-approve-all)(?=\s|\Z)"
)
# A service that anybody may use without a password.
_OPEN = late(
    r"(?i)--no-?auth\b|--disable-auth\S*|\.(?:token|password)=(?:''|\"\"|\s|\Z)|--protected-mode[\s=]+no\b|(?:-H|--host)[\s=]tcp://(?!127\.|localhost)\S*|--without-authentication|--allow-anonymous|--insecure-port[\s=][1-9]|--anonymous-auth[\s=]true|--unsafely-\S*"
)


# A plug-in, an engine or a script that a program loads from where anybody may write.
_PLUGIN = late(
    r"(?:^|\s)--?(?:engine|provider\S*|script|scripts|plugin\S*|module\S*|load\S*|extension\S*|library|preload|lib|init|startup|source)[\s=]+(?:/tmp/|/var/tmp/|/dev/shm/)\S+"
)


def may_say(invocation: Invocation) -> bool:
    """Tell whether the words may say something of this kind."""
    if not invocation.words or invocation.program in _TEXT_PROGRAMS:
        return False
    return _HINT.search(" ".join([word.text for word in invocation.words])) is not None


def said(invocation: Invocation) -> Effects:
    """What the words of any command line say that it does."""
    texts = invocation.texts()
    joined = plain(" ".join(text for text in texts[:40] if len(text) < 400))
    if "--help" in texts:
        return
    if _GUARD_OFF.search(joined) and not _HERE.search(joined):
        yield effect(invocation, "guard-off", joined[:80])
    if _UNGUARDED.search(joined):
        yield effect(invocation, "unguarded", joined[:80])
    if _PLUGIN.search(joined):
        yield effect(invocation, "helper", joined[:80], "temp")
    if "stratum+" in joined:
        yield effect(invocation, "mine", joined[:80])
    if _OPEN.search(joined + " "):
        yield effect(invocation, "serve", joined[:80])
    if invocation.program not in _FETCHERS and _BRINGS.search(joined):
        yield effect(invocation, "foreign-package", joined[:80])
    for word in invocation.words:
        text = word.text
        if len(text) < 8:
            continue
        if _SQL.search(text) or _MAPPER.search(text):
            yield effect(invocation, "ops-database", text[:100], word=word)
        elif _MUTATION.search(text) or _QUERY_DELETE.search(text):
            yield effect(invocation, "ops-saas", text[:100], word=word)


def is_fed(invocation: Invocation) -> bool:
    """Tell whether a program that is no filter is given text on standard input."""
    flow = invocation.stdin
    return flow is not None and bool(flow.text) and invocation.program not in _TEXT_PROGRAMS


def fed(invocation: Invocation) -> Effects:
    """Statements for a database on standard input, whatever its client is called."""
    text = (invocation.stdin.text if invocation.stdin is not None else None) or ""
    if _SQL.search(text[:4096]):
        yield effect(invocation, "ops-database", text[:80])

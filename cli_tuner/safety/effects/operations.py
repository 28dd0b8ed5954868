# ruff: noqa: E501  (tables: a row stays on its line, names are one string)
"""Effects of operations tools: git history, databases, Kubernetes, clouds, containers, packages.

A family that a policy switches on (`ops`); each row is (programs, pattern over the words, verb). Patterns are
searched in the words joined by single blanks, options before the subcommand taken off for git and kubectl.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from cli_tuner.safety.effects.base import Effects, Maker, effect
from cli_tuner.shell.flow import plain
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs import git

_GIT = r"\A(?:(?:-C|-c|--git-dir|--work-tree|--namespace)[= ]\S+ |-\S+ )*"
_KUBE = r"\A(?:(?:-n|--namespace|--context|--kubeconfig|--cluster|-s|--server|--user|--as)[= ]\S+ |-\S+ )*"
_END = r"(?=\s|\Z)"
_ROWS: tuple[tuple[str, str, str], ...] = (
    ("git", _GIT + r"push\b.*(?:\s--force(?!-with-lease|-if-includes)|\s-\w*f\w*" + _END + r"|\s--mirror|\s--delete|\s-d\s|\s:\S+|\s\+\S+|\s--prune)", "git-history"),
    ("git", _GIT + r"(?:reset\b.*--(?:hard|merge|keep)|reset\s*\Z|clean\b(?!.*--dry-run).*(?:\s-\w*f|--force)|checkout\b.*(?:\s-\w*f" + _END + r"|--force|\s(?:--\s)?(?:\.|\./|\*)(?=\s|\Z))|restore\b(?!.*--staged(?!.*--worktree)).*\s(?:\.|\./|\*|:/)(?=\s|\Z)|switch\b.*(?:\s-f|--discard-changes|--force))", "git-work"),
    ("git", _GIT + r"(?:branch\b.*(?:\s-D(?=\s|\Z)|-\w*d\w*\s.*--force|--delete\s.*(?:--force|-f)|--force\s.*(?:-d|--delete))|tag\b.*\s(?:-d|--delete)|stash\s+(?:clear|drop)|reflog\s+(?:expire|delete)|gc\b.*--prune=(?:now|all|0)|prune\b|update-ref\b.*(?:-d|--delete)|filter-branch|filter-repo|rebase\b.*(?:-i|--root)|replace\b|remote\s+(?:rm|remove)|submodule\s+deinit|worktree\s+(?:add|remove|prune)|bisect\s+\w+|rm\b.*\s(?:\.|\*|-r\S*\s.*)\s*\Z|lfs\s+prune|notes\s+prune)", "git-history"),
    ("git", r"\Acheckout\b.*\s--\s+\S|\Arestore\b(?!.*--staged(?!.*--worktree)).*\s[^-\s]", "git-discard"),
    ("git", _GIT + r"read-tree\b.*--reset", "git-work"), ("git", _GIT + r"lfs\s+migrate\s+import\b", "git-history"),
    ("gh glab", r"\bpr\s+merge\b.*--admin\b|\bapi\b.*(?:-X|--method)[= ]?(?:PUT|PATCH|POST)\b.*(?:protection|collaborators|keys|rulesets|hooks)", "grant"),
    ("k3s-uninstall.sh k3s-agent-uninstall.sh rke2-uninstall.sh", r"", "kubernetes"), ("talosctl", r"\breset\b", "kubernetes"), ("buildah", r"\brmi?\b.*(?:-a|--all)", "container"),
    ("npm pnpm yarn bun make gmake just task invoke", r"(?:^|\s)(?:\S*(?:db|database|data)[:_-]?(?:drop|reset|wipe|nuke|purge|destroy|fresh)\S*|\S*(?:drop|reset|wipe|nuke|purge|destroy)[:_-]?(?:db|database|data|all|prod\w*)|db:push\b.*--(?:force|accept-data-loss)|destroy)(?=\s|\Z)", "reset"),
    ("gh", r"\bsecret\s+set\b|\bapi\b.*visibility=public", "grant"),
    ("hdfs hadoop", r"-rm(?:r|dir)?\b|-expunge\b", "service-data"), ("http https xh curlie", r"\A(?:-\S+\s+)*DELETE\b", "saas"), ("wget", r"--method[= ]DELETE\b", "saas"), ("heroku", r"\bps:scale\b.*=0(?=\s|\Z|:)", "cloud"),
    ("rails rake artisan knex sequelize sequelize-cli alembic mix flask", r"\b(?:db:rollback|db:migrate:(?:down|undo|redo)|migrate:rollback|ecto\.rollback|downgrade)\b", "migration"),
    ("gh glab", r"\b(?:repo|release|secret|variable|gist|run|cache|ssh-key|gpg-key|label|issue|codespace|project|extension|workflow|environment|alias|autolink|ruleset|deploy-key)\s+(?:delete|remove|rm|archive|rename|disable)\b|\brepo\s+edit\b.*--visibility|\bapi\b.*(?:-X|--method)[= ]?DELETE|\brepo\s+deploy-key\s+delete", "saas"),
    ("kubectl k oc kubectl.exe", _KUBE + r"(?:delete|drain|cordon|taint|scale|evict)\b(?!.*--dry-run(?:=client|=server)?" + _END + r")|" + _KUBE + r"(?:rollout\s+(?:restart|undo|pause|resume)|set\s+\w+|replace\b.*--force|apply\b.*(?:--force" + _END + r"|--prune)|patch\b|label\b.*--overwrite|annotate\b.*--overwrite|autoscale|edit\b|create\s+(?:cluster)?rolebinding\b.*(?:cluster-admin|=admin))(?!.*--dry-run)", "kubernetes"),
    ("kubectl k oc", r"\b(?:apply|create|replace)\b.*(?:-f|--filename|-k|--kustomize)[= ]?(?:https?|git)\S*://", "manifest"), ("helm", r"\b(?:install|upgrade|plugin\s+install)\b(?:\s+\S+)?\s+(?:https?|oci)://\S+", "manifest"),
    ("helm helmfile", r"\b(?:uninstall|delete|del|un|rollback|destroy)\b(?!.*--dry-run)|\bupgrade\b(?!.*--dry-run).*--force", "kubernetes"),
    ("kind minikube k3d eksctl kops kubeadm k3s-uninstall.sh", r"\b(?:delete|reset|destroy)\b", "kubernetes"),
    ("argocd flux istioctl", r"\b(?:delete|uninstall|remove|purge)\b", "kubernetes"),
    ("docker podman nerdctl", r"\A(?:(?:--?\w[\w-]*[= ]\S+) )*(?:(?:container |image |volume |network |system |builder |buildx |swarm |node |service |stack |secret |config |context |plugin )?(?:prune|rm|rmi|remove)\b.*|swarm\s+leave.*|(?:stop|kill|restart|pause)\b.*)", "container"),
    ("docker-compose podman-compose", r"\bdown\b.*(?:\s-\w*v" + _END + r"|--volumes|--rmi)|(?<![-\w])rm\b.*\s-\w*[fsv]", "container"),
    ("docker", r"\bcompose\b.*\b(?:down\b.*(?:\s-\w*v" + _END + r"|--volumes|--rmi)|(?<![-\w])rm\b.*\s-\w*[fsv])|\brun\b.*--privileged(?!=false)", "container"),
    ("podman", r"\brun\b.*--privileged(?!=false)|\b(?:system\s+reset|pod\s+rm)\b", "container"),
    ("crictl ctr", r"\b(?:rm|rmi|rmp|remove|delete)\b", "container"),
    ("aws aliyun", r"\bschedule-\S+-deletion\b|\bput-\S*lifecycle-configuration\b|\bleave-organization\b|\bchange-resource-record-sets\b|--desired-(?:count|capacity)[= ]0\b|(?:^|\s)(?:admin-|batch-)?(?:delete|terminate|remove|deregister|detach|revoke|disable|purge|release|destroy|reset|stop|reboot|deactivate|unassign|disassociate|batch-delete|cancel)-\S+|\bs3\s+(?:rm|rb|mv)\b(?!.*--dryrun)|\bs3\s+sync\b(?!.*--dryrun).*--delete|\bput-(?:bucket-acl|bucket-policy|user-policy|role-policy|public-access-block)\b|\battach-(?:user|role|group)-policy\b.*AdministratorAccess|\bauthorize-security-group-ingress\b.*0\.0\.0\.0/0|\bmodify-db-instance\b|\bcreate-access-key\b", "cloud"),
    ("aws aliyun gcloud az oci ibmcloud doctl kubectl oc gh glab gsutil bq heroku fly flyctl cf", r"allUsers|allAuthenticatedUsers|AdministratorAccess|roles/(?:owner|editor)\b|cluster-admin|0\.0\.0\.0/0|::/0|--no-public-access-prevention|public-access[= ](?:true|enabled)|--source-address-prefixes[= ]['\"]?\*|public-read|--publicly-accessible|--visibility[= ]public|--principal[= ]['\"]?\*|--operation-type[= ]add|\b(?:create|add|attach|update|set)-(?:user|access-key|login-profile|role|\w+-policy|user-to-group|permission|grant|assume-role-policy|policy-version|iam-policy)\b|\brole\s+assignment\s+create\b|\bcreate-for-rbac\b|\bcredential\s+reset\b|\bkeys\s+(?:create|renew)\b|\bservice-accounts\s+create\b|\broles\s+(?:create|update)\b|\bcreate\s+(?:clusterrolebinding|rolebinding|token)\b|\baccess:add\b|\bcollaborators?\b.*(?:PUT|add)", "grant"),
    ("az", r"\b(?:delete|purge|remove|deallocate|revoke|stop|reset|disable)\b", "cloud"),
    ("gcloud", r"\bstorage\s+(?:rm|mv)\b|\bstorage\s+rsync\b.*--delete|\b(?:delete|remove-iam-policy-binding|reset|destroy|disable|stop|add-iam-policy-binding|undelete|remove)\b", "cloud"),
    ("gsutil", r"(?:^|\s)(?:rm|rb|mv)\b|\brsync\b.*-d|\bacl\b.*(?:public|allUsers|AllUsers)|\biam\s+ch\b.*allUsers|\bdefacl\b", "cloud"),
    ("bq", r"(?:^|\s)rm\b|DROP|DELETE", "cloud"),
    ("doctl linode-cli hcloud ibmcloud oci scw civo vultr-cli exo openstack nova upctl", r"\b(?:delete|remove|destroy|rm|terminate|purge|rebuild|delete-all|linode-delete|delete-\w+)\b", "cloud"),
    ("fly flyctl", r"\b(?:destroy|delete|remove|suspend)\b|\bsecrets\s+unset\b|\bscale\s+count\s+0\b", "cloud"),
    ("heroku", r"\A\s*(?:\S+:)?\S*(?:destroy|detach|disable|kill|reset|restart|remove|leave|rename|rotate|unset|stop|delete|:rm|:on|:update|clear|transfer|promote|:clear)\b", "cloud"),
    ("netlify ntl", r"\b(?:sites:delete|env:unset|env:clone|unlink|functions:delete|api\s+delete\w+)(?=\s|\Z)", "cloud"),
    ("vercel now", r"\b(?:remove|rm)\b|\brollback\b", "cloud"),
    ("wrangler railway render surge firebase supabase amplify sam serverless sls cdk copilot eb amplify", r"\b(?:delete|remove|destroy|teardown|purge|terminate|unset|unlink|firestore:delete|hosting:disable|reset|down)\b", "cloud"),
    ("terraform tofu terragrunt", r"\A(?:-\S+\s+)*(?:run-all\s+)?destroy\b|\b(?:apply|run-all apply)\b.*-(?:auto-approve|destroy|replace)|\bstate\s+(?:rm|mv|push|replace-provider)\b(?!.*-dry-run)|\bforce-unlock\b|\bworkspace\s+delete\b.*\s-(?:force|lock)|\btaint\b|\bworkspace\s+delete\s+\S+", "infrastructure"),
    ("pulumi", r"\b(?:destroy|stack\s+rm|state\s+delete|cancel|up\b.*(?:-y|--yes|-f|--skip-preview))\b", "infrastructure"),
    ("ansible ansible-playbook", r"state=absent|-m\s+(?:shell|command|raw)\b", "infrastructure"),
    ("vagrant", r"\b(?:destroy|box\s+remove|snapshot\s+delete)\b", "infrastructure"),
    ("packer salt chef knife puppet", r"\b(?:delete|destroy|purge|bulk\s+delete)\b|cmd\.run", "infrastructure"),
    ("virsh", r"\b(?:destroy|undefine|vol-delete|pool-delete|vol-wipe|snapshot-delete|net-destroy)\b", "infrastructure"),
    ("VBoxManage vboxmanage", r"\bunregistervm\b.*--delete|\bclosemedium\b.*--delete|\bcontrolvm\b.*poweroff", "infrastructure"),
    ("multipass lxc incus qm pct", r"\b(?:delete|purge|destroy|stop\b.*--all)\b", "infrastructure"),
    ("psql mysql mariadb sqlite3 sqlcmd sqlplus clickhouse-client cqlsh mysqlsh usql pgcli mycli duckdb cockroach beeline hive snowsql trino presto", r"(?i)\b(?:drop\s+(?:database|table|schema|user|role|index|view|keyspace|owned|tablespace|collection|column|type|function|all)|truncate(?:\s+table)?\s+\S|delete\s+from\s+\S+\s*(?:;|\"|'|\Z)|update\s+\S+\s+set\s+(?!.*\bwhere\b)|alter\s+table\s.*\bdrop\b|shutdown\b|grant\s+all|flush\s+(?:tables|logs))", "database"),
    ("dropdb dropuser mysqladmin pg_resetwal pg_dropcluster", r"\A(?!.*--help)(?:.*\b(?:drop|shutdown|flush-\S+|kill)\b.*|(?!status|ping|processlist|version|variables|extended|create|-u\s).*)", "database"),
    ("pg_restore", r"(?:^|\s)(?:-c|--clean)\b", "database"),
    ("redis-cli valkey-cli keydb-cli", r"(?i)\b(?:flushall|flushdb|shutdown|debug\s+segfault|config\s+(?:set|rewrite)|script\s+flush|cluster\s+(?:reset|flushslots)|replicaof|slaveof|acl\s+deluser|--eval.*flush|del\s+\S|unlink\s+\S)", "database"),
    ("mongo mongosh", r"(?i)\b(?:drop(?:Database|Indexes?|User|Role|AllUsers\w*)?\s*\(|deleteMany\s*\(\s*\{\s*\}|remove\s*\(\s*\{?\s*\}?\s*\)|shutdownServer|\.drop\(\))", "database"),
    ("rabbitmqadmin kafka-consumer-groups kafka-consumer-groups.sh nats pulsar-admin", r"\b(?:delete|purge|rm|reset-offsets)\b", "database"),
    ("mongorestore", r"--drop\b", "database"),
    ("influx cypher-shell etcdctl consul vault rabbitmqctl kafka-topics kafka-topics.sh curator_cli nomad", r"(?i)\b(?:drop|delete|detach\s+delete|del\b|kv\s+delete|kv\s+destroy|kv\s+metadata\s+delete|lease\s+revoke|token\s+revoke|secrets\s+disable|auth\s+disable|operator\s+seal|purge_queue|delete_\w+|reset|stop_app|force_reset|stop\b|system\s+gc|kv\s+rm)", "database"),
    ("npm pnpm yarn", r"\b(?:unpublish|deprecate|owner\s+(?:rm|add)|dist-tag\s+rm|access\s+(?:public|restricted|grant|revoke|set)\b|publish(?!.*--dry-run)|token\s+(?:revoke|delete)|cache\s+clean\b.*--force|team\s+(?:destroy|rm)|org\s+rm|profile\s+set|hook\s+rm)\b", "package"),
    ("cargo", r"\b(?:yank|owner\b.*--remove)\b", "package"),
    ("gem", r"\b(?:yank|owner\b.*(?:-r|--remove))\b|\buninstall\b.*(?:-a|--all)", "package"),
    ("twine poetry flit hatch", r"\b(?:upload|publish)\b", "package"),
    ("pip pip3", r"\buninstall\b.*(?:-y|--yes)\b.*(?:-r|freeze)", "package"),
    ("apt apt-get aptitude yum dnf zypper pacman apk brew snap flatpak dpkg rpm port emerge pkg nix-env conda mamba", r"\b(?:purge|autoremove|remove|uninstall|erase|del|delete|-Rns?|-Rdd|--purge|--uninstall|-e|--delete-data|collect-garbage|--unmerge)\b(?!.*(?:--dry-run|--simulate|-s\b))", "package"),
    ("systemctl service", r"\b(?:stop|disable|mask)\b", "service"),
    ("ssh-add", r"(?:^|\s)-D\b", "keys"),
    ("ssh", r"\A\S+\s+.*\b(?:rm\s+-\w*r|reboot|shutdown|poweroff|systemctl\s+(?:stop|disable))\b", "remote"),
    ("scp rsync", r"\S+:\S*\Z", "remote-copy"),
    ("nginx apachectl apache2ctl haproxy caddy traefik", r"(?:-s\s+(?:stop|quit)|-k\s+(?:stop|graceful-stop)|\bstop\b|-sf\b|-st\b)", "service"),
    ("nsupdate", r"", "dns"),
    ("curl", r"(?:-X|--request)[= ]?DELETE\b", "saas"),
    ("cf cfcli flarectl", r"\b(?:delete|rm|remove|d)\b", "cloud"),
    ("jenkins-cli circleci buildkite travis gitlab-runner", r"\b(?:delete|remove|unregister|delete-job|delete-builds|delete-node)\b", "saas"),
    ("restic kopia", r"\A(?!.*--dry-run)(?:\S+\s+)*?(?:forget\b.*--prune|forget\s|prune\b|unlock\s+--remove-all|snapshot\s+delete|policy\s+delete)", "backup"),
    ("borg borgmatic", r"\A(?!.*--dry-run|.*\s-n\s)(?:-\S+\s+)*(?:delete|prune|compact)\b", "backup"),
    ("rclone", r"\A(?!.*--dry-run|.*\s-n(?:\s|\Z))(?:-\S+\s+)*(?:purge|delete|deletefile|rmdirs?|sync|cleanup|move)\b", "backup"),
    ("s3cmd mc s5cmd gsutil azcopy", r"\A(?!.*--dry-?run)(?:-\S+\s+)*(?:rb|rm|del|remove|delete|jobs\s+remove)\b", "backup"),
    ("duplicity", r"\bremove-(?:older-than|all-\S+)\b.*--force|\bcleanup\b.*--force", "backup"), ("tmutil", r"\A(?:delete\w*|disable)\b", "backup"), ("velero barman pgbackrest wal-g", r"\b(?:delete|expire|stanza-delete)\b", "backup"),
    ("prisma", r"\A(?:db\s+push\b.*--(?:force-reset|accept-data-loss)|migrate\s+reset|db\s+execute\b.*drop)", "reset"), ("rails rake", r"\A(?:\S+=\S+\s+)*db:(?:drop|reset|purge|schema:load|truncate_all|setup|migrate:reset|seed:replant)", "reset"),
    ("artisan", r"\A(?:migrate:(?:fresh|reset|refresh)|db:wipe)", "reset"), ("manage.py django-admin", r"\A(?:flush|reset_db|sqlflush|migrate\s+\S+\s+zero)\b", "reset"),
    ("sequelize sequelize-cli typeorm knex mikro-orm", r"\A(?:db:drop|schema:drop|migrate:rollback\b.*--all|db:migrate:undo:all|schema:fresh)", "reset"), ("mix", r"\Aecto\.(?:drop|reset)", "reset"), ("alembic flask", r"\bdowngrade\s+(?:base|-\d)", "reset"),
    ("flyway liquibase", r"(?i)\b(?:clean|drop-?all)\b", "reset"), ("drizzle-kit", r"\A(?:drop|push\b.*--force)", "reset"), ("console doctrine", r"\Adoctrine:(?:database:drop|schema:drop)\b.*--force", "reset"), ("wp drush", r"\A(?:db\s+(?:reset|drop|clean)|sql[:-]drop|site:install)", "reset"),
    ("stripe twilio sentry-cli datadog newrelic auth0 okta slack doppler op bw lpass 1password", r"\b(?:delete|remove|rm|revoke|purge|archive|trash|disable)\b", "saas"),
)  # fmt: skip
_DOCKER_MILD = late(
    r"\A(?:(?:container\s+)?rm\s+(?!.*(?:-\w*f|--force|\$\(|-\w*v))|(?:image\s+rm|rmi)\s+(?!.*(?:-\w*f|--force))|(?:container\s+)?(?:stop|kill|restart|pause)\s+(?!.*\$)|buildx?\s+prune(?!.*(?:-\w*a|--all))|image\s+prune(?!.*(?:-\w*a|--all))|system\s+prune(?!.*(?:-\w*a|--all|--volumes))|builder\s+prune(?!.*-a))"
)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _make(rows: list[tuple[str, str]]) -> Maker:
    def make(invocation: Invocation) -> Effects:
        program = invocation.program
        isgit = program == "git" or program.startswith("git-")
        texts = git.canonical(program, invocation.words) if isgit else invocation.texts()
        joined = " ".join(_word(text) for text in texts)
        if "--help" in joined:
            return
        if rows[0][1] == "database" and invocation.stdin is not None and invocation.stdin.text:
            joined += " " + _word(invocation.stdin.text[:4096])
        for pattern, verb in rows:
            if _compiled(pattern).search(joined):
                mild = verb == "container" and _DOCKER_MILD.search(joined + " ") and "--privileged" not in joined
                yield effect(invocation, f"ops-{verb}", joined[:100], *(("mild",) if mild else ()))
                return

    return make


def _word(text: str) -> str:
    return plain(text).replace("\ue001", "$( )").replace("\ue000", "$x").replace("\ue002", "$_")


def _index() -> dict[str, Maker]:
    rows: dict[str, list[tuple[str, str]]] = {}
    for programs, pattern, verb in _ROWS:
        for program in programs.split():
            rows.setdefault(program, []).append((pattern, verb))
    return {program: _make(found) for program, found in rows.items()}


OPERATIONS: dict[str, Maker] = _index()

# Command lines of services name a thing, then what is done to it: `NAME projects delete p`. Learnt from the manuals of 40 of them.
_DELETES = late(
    r"(?:delete|destroy|purge|terminate|deprovision|drop|nuke|wipe|erase|teardown|expunge)(?:-\S+|:\S+)?|\S+[:-](?:delete|destroy|drop|purge|terminate)"
    r"|(?:delete|destroy|remove|purge)[A-Z]\w+|\w+(?:Delete|Destroy|Purge)"
)
# Verbs that also mean less: what they are done to decides.
_CLEARS = late(r"(?:remove|rm|reset|prune|clear|flush|truncate|reinit|recreate)(?:-all)?")
_KEPT = late(
    r"(?:db|databases?|data|clusters?|projects?|state|schemas?|storage|buckets?|volumes?|disks?|tables?|collections?|index|indices|indexes|snapshots?|backups?|apps?|services?|instances?|queues?|topics?|streams?|repos?|repositor(?:y|ies)|deployments?|namespaces?|orgs?|accounts?|users?|domains?|zones?|stacks?|site|sites|machines?|vms?|servers?|droplets?|secrets?|branch(?:es)?|environments?)"
)
_FIRST = frozenset(["delete", "destroy", "purge", "wipe", "nuke", "terminate"])
_NOUN = late(r"[a-z][A-Za-z0-9_-]*(?::[a-z-]+)?")


def services(invocation: Invocation) -> Effects:
    """Noun and verb of a service's command line that this table does not name."""
    texts = invocation.texts()
    if {"--dry-run", "--help", "-h", "--what-if"} & set(texts):
        return
    operands = [text for text in texts[:8] if text[:1] != "-"][:6]
    for place, text in enumerate(operands[:5]):
        if not _NOUN.fullmatch(text):
            return
        before = operands[place - 1] if place else ""
        deletes = _DELETES.fullmatch(text) and (before or ":" in text or not text.islower())
        first = not place and text in _FIRST and len(operands) > 1
        if (deletes and len(texts) > place + 1) or first or (_CLEARS.fullmatch(text) and _KEPT.fullmatch(before)):
            yield effect(invocation, "ops-service-data", " ".join(texts)[:100])
            return


def framework(invocation: Invocation) -> Effects:
    """A project's own command, run by its language: `php artisan …`, `python manage.py …`."""
    script = invocation.words[0]
    name = script.text.rsplit("/", 1)[-1]
    if name in _FRAMEWORKS:
        yield from OPERATIONS[name](replace(invocation, program=name, head=script, words=invocation.words[1:]))


_FRAMEWORKS = frozenset({"artisan", "manage.py", "console", "rails", "rake"})


def has_script(invocation: Invocation) -> bool:
    """Tell whether an interpreter is given a script."""
    return bool(invocation.words) and invocation.program in ("php", "python", "ruby")


def unnamed(invocation: Invocation) -> bool:
    """Tell whether the words may be those of a service that has no row."""
    return len(invocation.words) > 1 and invocation.program not in OPERATIONS and invocation.program not in _NO_SERVICES


_NO_SERVICES = frozenset(
    [
        "echo",
        "printf",
        "ls",
        "cat",
        "grep",
        "rg",
        "find",
        "man",
        "which",
        "type",
        "test",
        "[",
        "alias",
        "export",
        "make",
        "npm",
        "npx",
        "yarn",
        "pnpm",
        "cd",
        "mkdir",
        "cp",
        "mv",
        "rm",
        "touch",
        "ssh",
        "say",
        "logger",
    ]
)

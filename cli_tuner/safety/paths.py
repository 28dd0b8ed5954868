# ruff: noqa: E501  (tables: a row stays on its line, names are one string)
"""Paths with a meaning: secrets, what starts by itself, logs, security settings; as tables of patterns.

A trait is the name that rules ask for. Sources: ATT&CK T1003, T1552, T1053, T1543, T1546, T1547, T1548,
T1556, T1070, T1562 and the file lists of their Linux procedures.
"""

from __future__ import annotations

from functools import lru_cache

from cli_tuner.shell.flow import plain
from cli_tuner.shell.patterns import late

_HOME = r"(?:^|/)"
_TRAITS: tuple[tuple[str, str], ...] = (
    ("secret", r"/etc/(?:g?shadow-?|master\.passwd|security/opasswd|krb5\.keytab|spwd\.db|ssh/ssh_host_\w+_key|ipsec\.secrets|ppp/\w+-secrets)(?![\w.])"),
    ("secret", r"/etc/(?:\?+|sh[\w?*\[\]]*[?*\[]\S*|s\*w|\*shadow|shado[?*])(?![\w.])"),
    ("secret", r"\.ssh/(?:id_[a-z0-9]+|id_[\w*?]*[*?]|identity|[\w*?-]*\.pem|\*|[\w-]*_rsa)(?!\S*\.pub)(?![\w.])|(?:^|[/\s@])id_(?:rsa|dsa|ecdsa|ed25519)(?![\w.])"),
    ("secret", r"(?<!\w)\.(?:aws/credentials|git-credentials|pgpass|netrc|my\.cnf|azure/(?:accessTokens|azureProfile|msal)\S*|vault-token)(?![\w])"),
    ("secret", r"(?<!\w)\.(?:kube/config|docker/config\.json|config/gcloud\S*(?:credential|token)\S*|gnupg(?:/\S*)?|password-store\S*|pypirc|terraform\.d/credentials\S*|config/gh/hosts\.yml|electrum\S*|bitcoin/wallet\.dat|ethereum/keystore\S*)(?![\w])"),
    ("secret", r"(?:logins\.json|key[34]\.db|Login Data(?:\?\S*)?|cookies\.sqlite|Cookies(?:\.binarycookies)?(?:\?\S*)?|wallet\.dat|/secrets/kubernetes\.io\S*|serviceaccount/token|/run/secrets/\S+|login\.keychain\S*|ntds\.dit|/var/lib/sss/\S*)\Z"),
    ("secret", r"/proc/(?!self/|\$)[^/\s]*/(?:environ|mem)\Z|/proc/self/mem\Z|/dev/k?mem\Z|/proc/kcore\Z"),
    ("secret", r"/etc/(?:ssl/private|pki/tls/private|letsencrypt/(?:live|archive)/[^/\s]+)/[^/\s]*(?:key|\*)[^/\s]*"),
    ("credential", r"/proc/self/environ\Z|/etc/passwd(?![\w.])|(?:^|/)\.env(?!\.(?:example|sample|template|dist|defaults?|schema)\Z)(?:\.\w+)?\Z|\.(?:bash|zsh|python|mysql|psql)_history\Z|(?:^|/)\.history\Z|\.npmrc\Z|wp-config\.php\Z|(?:^|/)[\w-]*(?:private|secret)[\w-]*\.(?:key|pem)\Z|(?:^|/)credentials(?:\.\w+)?\Z|\.htpasswd\Z|(?:^|/)\.(?:ssh|aws|kube|gnupg|docker|password-store)/?\Z|(?:^|/)(?:secrets?|passwords?)\.(?:ya?ml|json|txt|env|kdbx)\Z|\.kdbx\Z"),
    ("secret", r"/etc/(?:NetworkManager/system-connections/\S+|wpa_supplicant/\S+\.conf|wireguard/\S+|kubernetes/pki/\S*key)|/var/lib/jenkins/(?:secrets/\S+|credentials\.xml)|/var/lib/kubelet/pki/\S+|(?:^|/)config/master\.key\Z"),
    ("credential", r"(?:^|/)\.(?:mozilla|thunderbird)(?:/firefox)?/?\Z|\.config/(?:google-chrome|chromium|BraveSoftware|microsoft-edge)(?:/\S*)?\Z|Library/Keychains(?:/\S*)?\Z"),
    ("credential", r"globalStorage/state\.vscdb\Z"),
    ("workflow", r"(?:^|/)\.github/workflows/\S+\.ya?ml\Z|(?:^|/)\.gitlab-ci\.yml\Z"),
    ("credential", r"\.config/[\w.-]+/(?:auth|hosts|credentials?|tokens?|secrets?|rclone)\.(?:json|ya?ml|toml|conf)\Z|\.config/(?:glab-cli/config\.yml|containers/auth\.json)\Z|\.aws/(?:credentials?[?*.\w-]*|(?:sso|cli)/cache/\S*|config)\Z|/etc/(?:kubernetes/\S+\.conf|rancher/\S+\.yaml)\Z|(?:^|/)\.(?:boto|s3cfg|dockercfg|databrickscfg|terraformrc|snowsql/config|cargo/credentials(?:\.toml)?|gem/credentials|m2/settings\.xml|codex/auth\.json|claude/\.credentials\.json|config/gcloud/\S+\.(?:db|json)|kube/\S*config\S*|env\?|oci/config)\Z|\.ssh/id_\w+\.(?:bak|backup|old|orig|save|\d+)\Z|\.ssh/id_\w+~\Z"),
    ("key-material", r"(?:^|/)(?![\w.-]*(?:pub|cert|chain|bundle|sample|example)[\w.-]*\Z)[\w.-]+\.(?:key|pem|p12|pfx|jks|keystore|ppk)(?:\.(?:bak|old|backup))?\Z"),
    ("repository", r"(?:^|/)[\w-]*\.git/(?!hooks(?:/|\Z)|index\.lock\Z|\w+\.lock\Z|COMMIT_EDITMSG)"),
    ("agent", r"(?:^|/)\.(?:claude|codex|gemini|cursor|copilot|continue|aider\S*)/(?:settings(?:\.local)?\.json|config\.toml|mcp\.json|hooks\.json|permissions\.json)\Z|(?:^|/)\.mcp\.json\Z"),
    ("editor", r"(?:^|/)\.vscode/(?:settings|tasks|mcp)\.json\Z|(?:^|/)(?:Code|Cursor|Windsurf)/User/(?:settings|mcp)\.json\Z"),
    ("package-source", r"/etc/(?:apt/(?:sources\.list\S*|trusted\.gpg\S*|keyrings/\S*)|yum\.repos\.d/\S*|zypp/repos\.d/\S*|apk/(?:repositories|keys/\S*)|pacman\.(?:conf|d/\S*))|/usr/share/keyrings/\S*"),
    ("preload", r"/etc/ld\.so\.preload"),
    ("loader", r"/etc/ld\.so\.conf(?:\.d\S*)?|/etc/ld-musl\S*"),
    ("sudoers", r"/etc/(?:sudoers(?:\.d\S*|\.tmp)?|doas\.conf|polkit-1/\S+)(?![\w])"),
    ("pam", r"/etc/(?:pam\.d(?:/\S*)?|pam\.conf|security/\S+|nsswitch\.conf)|/lib\S*/security/pam\S*"),
    ("accounts", r"/etc/(?:passwd|group|g?shadow|master\.passwd|subuid|subgid)-?(?![\w.])"),
    ("keys", r"authorized_keys2?(?![\w.])"),
    ("cron", r"/etc/(?:cron(?:tab|\.\w+)?|anacrontab)(?:/\S*)?(?![\w])|/var/spool/(?:cron|at|anacron)\S*|/var/cron\S*|/usr/lib/cron\S*"),
    ("unit", r"/Library/StartupItems\S*|/etc/emond\.d/\S*|com\.apple\.loginwindow\S*|/(?:etc|lib|usr/lib|run|usr/local/lib)/systemd/(?:system|user|system-generators|user-generators)\S*|\.config/systemd/user\S*|/etc/(?:init\.d|rc\d?\.d|init|inittab|rc\.local|rc\.common|rc\.conf|xinetd\.d|inetd\.conf|udev/rules\.d|update-motd\.d|NetworkManager/dispatcher\.d|network/if-\w+\.d|modules-load\.d|modules|dhcp/\S*hooks\S*|binfmt\.d|sv|runit)(?:/\S*)?(?![\w])|/usr/local/etc/rc\.d\S*|Library/Launch(?:Agents|Daemons)\S*|\.config/autostart\S*|/etc/xdg/autostart\S*|/lib/udev/\S*"),
    ("apt-settings", r"/etc/apt/apt\.conf(?:\.d/\S*)?"),
    ("startup", r"(?:^|/)\.(?:bashrc|bash_profile|bash_login|bash_logout|profile|zshrc|zprofile|zlogin|zshenv|kshrc|cshrc|tcshrc|login|logout|shrc|xinitrc|xprofile|xsession|xsessionrc|inputrc|vimrc|bash_aliases|pam_environment|config/fish/\S+|ssh/rc|ssh/config|gitconfig|pythonrc|lessfilter)\Z|/etc/(?:profile(?:\.d\S*)?|bash\.bashrc|bashrc|zsh\S*|zshrc|csh\.\w+|environment|skel/\S+|fish/\S+|inputrc)(?![\w])"),
    ("hook", r"(?:^|/)\.git/hooks/[\w-]+\Z|(?:^|/)(?:sitecustomize|usercustomize)\.py\Z|(?:site|dist)-packages/\S*\.pth\Z|/root/\.(?:ssh|bashrc|profile)\S*"),
    ("sshd", r"/etc/ssh/sshd_config\S*"),
    ("trust", r"/(?:etc/(?:pki|ca-certificates\S*|ssl/certs)|usr/(?:local/)?share/ca-certificates)(?:/\S*)?(?![\w])"),
    ("names", r"/etc/(?:hosts(?:\.allow|\.deny)?|resolv\.conf)(?![\w.])"),
    ("log", r"/var/(?:log|adm|account|audit)(?:/\S*)?\Z|(?:^|/)(?:wtmp|btmp|utmp|lastlog|faillog)\Z|/run/utmp\Z|/var/run/utmp\Z|/run/log/\S*|-json\.log\Z"),
    ("login-log", r"(?:/var/(?:log|run)/|/run/)(?:wtmp|btmp|utmp|lastlog|faillog)\Z"),
    ("history", r"(?:^|/)\.(?:bash|zsh|sh|ash|python|mysql|psql|node_repl)?_?history\Z|(?:^|/)\.lesshst\Z|fish_history\Z"),
    ("sysrq", r"/proc/sysrq-trigger"),
    ("kernel", r"/proc/sys/\S+|/sys/(?:kernel|module|power|firmware|class|bus|devices|fs|block)/\S+|/proc/(?:acpi|irq|bus)/\S+"),
    ("hardening", r"/proc/sys/(?:kernel/(?:randomize_va_space|kptr_restrict|dmesg_restrict|yama/ptrace_scope|unprivileged_bpf_disabled|perf_event_paranoid)|net/ipv4/tcp_syncookies)"),
    ("core_pattern", r"core_pattern|/proc/sys/kernel/(?:modprobe|hotplug)|uevent_helper|release_agent"),
    ("boot", r"/boot(?:/\S*)?\Z|/etc/(?:default/grub|grub\.d\S*)|/sys/firmware/efi\S*"),
    ("security", r"/(?:sys/fs/selinux|selinux)/enforce|/etc/(?:selinux/config|audit/\S+|apparmor\S*|fail2ban\S*|iptables\S*|ufw\S*|nftables\S*|rsyslog\S*|syslog\S*|firewalld\S*|systemd/journald\S*|security/audit\S*|default/ufw)"),
    ("site-data", r"\A/(?:srv|opt|var/www)/[^/]"),
    ("socket", r"docker\.sock|containerd\.sock|crio\.sock"),
)  # fmt: skip
_COMPILED = tuple((name, late(pattern)) for name, pattern in _TRAITS)
# One search decides for nearly every word that no table needs to be asked.
HOT = late(
    r"/etc|keyrings|\.boto|\.s3cfg|cfg|\.p12|\.pfx|\.jks|\.ppk|keystore|\.claude|\.codex|\.gemini|\.cursor|\.vscode|\.copilot|\.continue|\.aider|mcp|\.cargo|\.gem/|\.m2/|\.oci|terraformrc|\.snowsql|selinux|shadow|passwd|sudoers|\.ssh|id_|cron|systemd|\.git|\.aws|credential|cookie|Cookies|logins|key[34]|Login|history|hist|/proc|/sys"
    r"|/dev/|/var/|/srv/|/opt/|\.\w*rc\b|profile|authorized|ld\.so|\.env|\.kube|\.docker|\.gnupg|\.netrc|\.pgpass|secret|wallet|/lib|/boot|/run|token|pem\b"
    r"|\.key|keytab|Launch|autostart|/root|sock\b|kdbx|\.log|login|htpasswd|wtmp|btmp|utmp|\.xinit|\.xsession|\.xprofile|ntds|\.my\.cnf|\.azure"
    r"|\.config|\.vault|\.electrum|\.bitcoin|password|wp-config|/private|\.pth|sitecustom|usercustom|release_agent|state\.vscdb|\.mozilla|\.thunderbird|Keychains|\.github|gitlab-ci|StartupItems|emond|loginwindow|/etc|NetworkManager|jenkins|kubelet|master\.key|_rsa|\.bash|\.zsh|aliases|pam_env|sysrq"
)
NOTHING: frozenset[str] = frozenset()


@lru_cache(maxsize=4096)
def traits(path: str) -> frozenset[str]:
    """Return the traits of a path (or of a word that holds one)."""
    path = plain(path)
    if not HOT.search(path):
        return NOTHING
    return frozenset(name for name, pattern in _COMPILED if pattern.search(path))

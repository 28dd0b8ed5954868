# ruff: noqa: E501  (tables: a row stays on its line, names are one string)
"""Effects told by the words of one program: firewall, accounts, kernel, logs, packages, clocks; one row each.

A row is (programs, pattern over the words joined by blanks, verb, traits). Patterns are searched, so they
anchor what must come first.
"""

from __future__ import annotations

import re
from functools import cache

from cli_tuner.safety.effects.base import Effects, Maker, effect
from cli_tuner.shell.flow import plain
from cli_tuner.shell.model import Invocation

_ROWS: tuple[tuple[str, str, str, str], ...] = (
    ("iptables ip6tables iptables-legacy ip6tables-legacy", r"(?:^|\s)(?:-F|--flush|-X|--delete-chain)\b|-P\s+\w+\s+ACCEPT\b|--policy\s+\w+\s+ACCEPT\b", "firewall-off", ""),
    ("iptables ip6tables", r"(?:^|\s)(?:-Z|-D|--delete|-P|--policy)\b|-[AI]\s+\w+\s+-j\s+(?:ACCEPT|DROP|REJECT)\s*\Z", "firewall-change", ""),
    ("iptables-restore ip6tables-restore", r"", "firewall-change", ""),
    ("ebtables arptables", r"(?:^|\s)(?:-F|--flush|-X)\b", "firewall-off", ""),
    ("nft", r"\b(?:flush|delete|destroy)\s+(?:ruleset|table|chain)\b", "firewall-off", ""),
    ("ufw", r"\b(?:disable|reset)\b(?!.*--dry-run)", "firewall-off", ""),
    ("ufw", r"\b(?:default\s+allow|allow\s+(?:from\s+any|proto\s+any)|delete)\b", "firewall-change", ""),
    ("firewall-cmd", r"--panic-on|--set-default-zone[= ]trusted|--remove-\S+|--complete-reload", "firewall-change", ""),
    ("pfctl", r"(?:^|\s)-\w*[dF]", "firewall-off", ""),
    ("ipset", r"\b(?:flush|destroy)\b", "firewall-change", ""),
    ("netsh", r"advfirewall.*off", "firewall-off", ""),
    ("setenforce", r"\A(?:0|[Pp]ermissive)", "mandatory-off", ""),
    ("aa-teardown aa-disable aa-complain", r"", "mandatory-off", ""),
    ("apparmor_parser", r"(?:^|\s)-\w*R", "mandatory-off", ""),
    ("semodule", r"(?:^|\s)-[rd]\b|--remove|--disable", "mandatory-off", ""),
    ("setsebool", r"\b(?:on|1)\b", "mandatory-off", "mild"),
    ("auditctl", r"(?:^|\s)(?:-e\s*0|-D|-d)\b|--delete-all", "audit-off", ""),
    ("spctl csrutil", r"--master-disable|disable", "mandatory-off", ""),
    ("journalctl", r"--vacuum-(?:size|time|files)[= ](?:1\w?|0\S*|1s)\b", "log-clear", ""),
    ("journalctl", r"--vacuum-\w+", "log-clear", "mild"),
    ("log", r"\Aerase\b", "log-clear", ""), ("tccutil", r"\Areset\b", "guard-off", ""), ("xattr", r"\A-\w*d\w*\s.*com\.apple\.quarantine|\A-\w*c", "guard-off", ""),
    ("defaults", r"\bwrite\b.*com\.apple\.loginwindow\s+Log(?:in|out)Hook", "job-installed", ""), ("ufw", r"\blogging\s+off\b", "guard-off", ""),
    ("ARDAgent kickstart", r"-activate\b", "serve", ""), ("ldapadd ldapmodify ldapdelete net-ads samba-tool ipa", r"\A(?!.*(?:\bshow\b|\blist\b|-n\b)).*\S", "account", "plain"),
    ("journalctl", r"--rotate", "log-clear", "mild"),
    ("wevtutil", r"\bcl\b", "log-clear", ""),
    ("logrotate", r"(?:^|\s)(?:-f|--force)\b", "log-clear", "mild"),
    ("bleachbit", r"--(?:clean|shred|overwrite)", "log-clear", "mild"),
    ("useradd adduser", r"-o\b.*(?:-u|--uid)[= ]?0\b|(?:-u|--uid)[= ]?0\b|--non-unique|(?:-g|--gid)[= ]?(?:0|root)\b|-\w*G\S*\s*\S*(?:sudo|wheel|root|docker|admin|adm)\b|--groups[= ]\S*(?:sudo|wheel|root|docker)", "account", "privileged"),
    ("useradd adduser newusers pw", r"(?:-p|--password)\b|\b(?:useradd|adduser|usermod|mod\s+user)\b.*-g\s+(?:wheel|0)\b|\b(?:mod\s*user|usermod|useradd|adduser)\b.*-h\s+0", "account", "password"),
    ("usermod", r"(?:-u|--uid)[= ]?0\b|-o\b|-\w*G\S*\s*\S*(?:sudo|wheel|root|admin|adm|disk|shadow)\b|--groups[= ]\S*(?:sudo|wheel|root)|(?:-g|--gid)[= ]?(?:0|root)\b", "account", "privileged"),
    ("usermod", r"-\w*G\S*\s*\S*(?:docker|lxd)\b", "account", "plain"),
    ("usermod", r"(?:-p|--password|-U|--unlock)\b", "account", "password"),
    ("gpasswd", r"(?:-a|-M|--add)\b.*\b(?:sudo|wheel|root|docker|admin|shadow|disk)\b", "account", "privileged"),
    ("adduser addgroup", r"\A\S+\s+(?:sudo|wheel|root|docker|admin|adm)\b", "account", "privileged"),
    ("dscl", r"-append\s+/Groups/admin|-create\s+/Users", "account", "privileged"), ("dscl", r"-delete\s+/Users", "account-removed", ""), ("dscl", r"-passwd\b", "password", ""),
    ("sysadminctl", r"-admin\b|-guestAccount\s+on|-resetPasswordFor", "account", "privileged"), ("sysadminctl", r"-addUser\b", "account", "plain"), ("sysadminctl", r"-deleteUser\b", "account-removed", ""),
    ("dsenableroot", r"", "account", "privileged"), ("dseditgroup", r"(?=.*-a\s)(?=.*\b(?:admin|wheel|staff)\b)", "account", "privileged"),
    ("net", r"localgroup\s+administrators\s+.*/add|user\s+.*/add", "account", "privileged"),
    ("passwd", r"(?:^|\s)(?:-d|--delete|-u|--unlock)\b|\broot\b", "password", "weakens"),
    ("passwd", r"(?:^|\s)(?:-l|--lock|-e|--expire)\b", "password", "lock"),
    ("passwd", r"\A\w+|--stdin", "password", ""),
    ("chpasswd pwconv pwunconv grpunconv smbpasswd", r"", "password", ""),
    ("userdel deluser", r"(?:^|\s)root\s*\Z", "account", "privileged"),
    ("userdel deluser", r"", "account-removed", ""),
    ("groupdel delgroup", r"", "account-removed", "group"),
    ("groupmod groupadd", r"(?:-o|-g\s*0)\b", "account", "privileged"),
    ("useradd adduser", r"\A(?=.*(?:-s|--shell)[= ]\S*/(?:ba|z|k|da)?sh\b)(?!.*(?:--help|(?:-u|--uid)[= ]?(?:\$|[1-9]))).*\S", "account", "plain"), ("useradd adduser", r"\A(?!.*(?:--help|--system|--disabled-(?:password|login)|\s-\w*r\w*\s|\A-\w*r\w*\s|(?:-u|--uid)[= ]?[1-9]|-D\s)).*\S", "account", "plain"),
    ("pw", r"\b(?:useradd|usermod|userdel|adduser|mod\s+user)\b", "account", "plain"),
    ("chsh usermod", r"\A(?!.*(?:-l|--list)\b)(?=.*\broot\s*\Z).*(?:-s|--shell)\s", "account", "privileged"),
    ("usermod chsh chfn", r"(?:-s|--shell)\b|(?:-L|--lock|-e|--expiredate|-l|--login)\b", "account", "plain"),
    ("vipw vigr", r"", "account", "password"),
    ("visudo", r"\A(?!.*(?:-c|--check|-V|-h)\b)", "sudoers", ""),
    ("sysrq", r"", "sysrq", ""),
    ("kexec", r"(?:^|\s)(?:-l|-e|-p|--load|--exec|--force)\b", "kexec", ""),
    ("setterm", r"-?-dump", "shutdown", "sleep"),
    ("ifconfig", r"\b(?:down)\b", "link-down", ""),
    ("ip", r"\blink\s+(?:set\s+)?.*\bdown\b|\blink\s+(?:del|delete)\b|\broute\s+(?:flush|del\s+default|delete\s+default)|\baddr(?:ess)?\s+flush|\brule\s+flush|\broute\s+flush|-\w+\s+route\s+flush|\bneigh\s+flush\s+all", "link-down", ""),
    ("ip", r"\b(?:route|addr|address)\s+(?:del|delete|replace)\b", "link-change", ""),
    ("ifdown", r"\A(?!.*--help).*\S", "link-down", ""),
    ("route", r"\bdel(?:ete)?\b|\bflush\b", "link-down", ""),
    ("nmcli", r"\b(?:networking|n|net)\s+off\b", "link-down", ""),
    ("nmcli", r"\bradio\s+all\s+off\b|\bcon\w*\s+(?:del\w*)\b", "link-change", ""),
    ("networksetup", r"-set\w+power\s+\S+\s+off", "link-change", ""), ("networksetup", r"-set(?:secure)?webproxy\b|-setsocksfirewallproxy\b|-setautoproxyurl\b|-setdnsservers\b", "link-change", ""),
    ("tc", r"\bqdisc\s+(?:add|del|replace|change)\b", "link-change", ""),
    ("arp", r"(?:^|\s)-[ds]\b", "link-change", ""),
    ("brctl", r"\bdel", "link-change", ""),
    ("timedatectl", r"\bset-(?:time|ntp)\b", "clock", ""),
    ("hwclock", r"(?:--set|--systohc|-w\b|--hctosys|-s\b)", "clock", "mild"),
    ("hostnamectl", r"\bset-hostname\b", "host", ""),
    ("ldconfig", r"\A(?!.*-p\b).*\S", "host", ""),
    ("update-grub grub-mkconfig update-initramfs mkinitcpio dracut grub2-mkconfig", r"", "boot", "mild"),
    ("grub-install grub2-install lilo bootctl", r"\A(?!.*(?:--help|status|list)).*\S", "boot", ""),
    ("update-ca-certificates update-ca-trust", r"", "trust", ""),
    ("trust", r"\A(?:extract|anchor)\b", "trust", ""),
    ("security", r"add-trusted-cert|(?:dump-keychain|find-\w+-password)", "secrets", ""),
    ("mimikatz mimipenguin secretsdump pypykatz unshadow gcore procdump", r"", "secrets", ""),
    ("gpg gpg2", r"--export-secret-\w*keys", "secrets", ""),
    ("ssh-keygen", r"-R\s", "known-hosts", ""),
    ("secret-tool", r"\b(?:lookup|search|clear)\b", "secrets", "mild"),
    ("pass", r"\b(?:rm|delete|remove)\b", "secrets", "mild"),
    ("stress stress-ng stressapptest cpuburn burnP6 memtester", r"\A(?!.*(?:--help|--version|--dry-run|-n\b)).*\S", "stress", ""),
    ("openssl", r"\bspeed\b.*-multi", "stress", ""),
    ("ulimit", r"(?:^|\s)-u\s+unlimited", "stress", "mild"),
    ("head", r"(?:-c|--bytes)[= ]?(?:\d+[TPEZY]|\d{3,}G)", "fill", "big"), ("truncate", r"(?:-s|--size)[= ]?\+?(?:\d+[PEZY]|\d{3,}T)", "fill", "big"),
    ("update-alternatives alternatives", r"(?:--set|--install)\s.*\s/(?:tmp|var/tmp|dev/shm|home)/", "loader", ""),
    ("pip pip3", r"\buninstall\b.*(?:-y|--yes)\b.*(?:-r|--requirement)\s+/dev/fd", "packages-removed", "forced"),
    ("fallocate", r"-l\s*\d{2,}\s*[GTPE]|-l\s*\d{12,}", "fill", "big"),
    ("script", r"/dev/tcp", "reverse-shell", ""),
    ("curl", r"(?=.*(?:docker|containerd|crio)\.sock|.*:237[56]/)(?=.*(?:\"Binds\"|HostConfig|Privileged))", "container-escape", ""), ("socat", r"(?i)TCP4?-LISTEN:\S*fork\S*\s+TCP4?:", "tunnel", ""),
    ("npm pnpm yarn", r"\bset\s+ignore-scripts[\s=]+false", "guard-off", ""),
    ("go", r"\Arun\s+(?:-\S+\s+)*[\w.-]+\.[a-z]+/\S+@\S+", "foreign-package", ""), ("nmap", r"(?:^|\s)-s[SUNFXAO]\b|/(?:8|16|24)(?=\s|\Z)(?!.*-sn\b)|--script[= ]\S*(?:vuln|exploit|brute)", "attack", "mild"),
    ("sudo", r"\A(?:-\w+\s+)*(?:-R\s*|--chroot[= ])(?:/tmp|/var/tmp|/dev/shm|\.|[^/\s-])", "helper", "temp"), ("loginctl", r"\benable-linger\b", "install-unit", ""),
    ("chage", r"-E\s*-1|-M\s*-1|-I\s*-1", "password", "mild"),
    ("faillock pam_tally2", r"--reset", "password", "mild"),
    ("aa-exec", r"", "mandatory-off", "mild"),
    ("debsums", r"", "nothing", ""),
    ("dpkg-statoverride", r"--add", "permission-override", ""),
    ("rkhunter", r"--propupd", "audit-off", "mild"),
    ("xauth", r"\b(?:extract|merge|nextract)\b", "secrets", "mild"),
    ("xhost", r"\A\+\s*\Z|\A\+", "display-open", ""),
    ("xinput", r"\btest\b|test-xi2", "spy", ""),
    ("arecord ffmpeg", r"(?:-f|--format)\s+(?:x11grab|v4l2|avfoundation).*(?:http|rtmp|udp|tcp)://", "spy", ""),
    ("tcpdump tshark dumpcap", r"(?:-z|-Z)\s+\S*sh\b", "shell-escape", ""),
    ("logkeys xspy keylogger", r"", "spy", ""),
    ("apt apt-get aptitude yum dnf dpkg rpm zypper", r"(?:remove|purge|erase|-r|-e|-P)\b.*?(?:\s\*(?=\s|\Z)|\s(?:libc6|glibc|systemd|bash|coreutils|sudo|dpkg|apt|linux-image\S*|kernel)(?=\s|\Z))", "packages-removed", "core"),
    ("pip pip3 npm yarn pnpm gem", r"\b(?:install|add|i)\b.*(?<!-url)(?<!\s-i)(?<!\s-f)(?<!-links)(?<!--registry)(?<!-host)(?<!\s-c)(?<!-proxy)\s(?:git\+|https?:|git:)\S+", "foreign-package", ""),
    ("dpkg rpm", r"--(?:force-all|nodeps)\b.*-?-(?:r|e|P|remove|purge|erase)\b|-?-(?:purge|remove|erase|e|r|P)\b.*--(?:force-\S+|nodeps)|-e\s+--nodeps", "packages-removed", "forced"),
    ("apt apt-get aptitude yum dnf zypper pacman apk", r"\b(?:remove|purge|autoremove|erase|del)\b.*?\s(?:sudo|systemd|libc6|glibc|musl|busybox|alpine-base|coreutils|bash|linux-image\S*|grub\S*|openssh-server|apt|dpkg|util-linux|init|base-files|login|passwd|kernel|auditd|ufw|apparmor|fail2ban|clamav\S*|selinux\S*|rsyslog)\b|-R\w*\s+(?:\S+\s+)*(?:glibc|linux|systemd|pacman|bash|coreutils)\b", "packages-removed", "core"),
    ("yum dnf rpm apt apt-get dpkg pip pip3 gem", r"(?:install|-i\S*|-U\S*|-ivh|localinstall)\s+(?:\S+\s+)*(?:http|ftp)://\S+\.(?:rpm|deb)", "foreign-package", ""),
    ("apt apt-get", r"--allow-unauthenticated|--force-yes|AllowInsecure", "foreign-package", ""),
    ("pip pip3 npm", r"--(?:extra-)?index-url[= ]http://|--registry[= ]http://|--trusted-host", "foreign-package", ""),
    ("npm pnpm yarn", r"\bconfig\s+set\s+(?:--\S+\s+)*(?:script-shell|shell|node-gyp|git|editor)[\s=]", "loader", ""), ("npm pnpm yarn pip pip3 uv poetry", r"\bconfig\s+(?:set\s+)?(?:--\S+\s+)*\S*(?:registry|index-url|repositories)\S*[\s=]+http://(?!localhost|127\.)", "package-source", ""),
    ("git", r"(?i)\A(?=.*\bconfig\b)(?!.*--(?:get|unset|list)).*\b(?:url\.\S+\.insteadof\s+\S|init\.templatedir\s+/(?!usr/|etc/)|protocol\.ext\.allow\s+always|credential\.\S*helper\s+['\"]?!)", "loader", ""), ("git", r"\bclone\b.*--template[= ]/(?:tmp|var/tmp|dev/shm)", "loader", ""),
    ("chage", r"-E\s*0\b", "password", "lock"), ("docker podman", r"\bbuild\b(?:\s+-\S+(?:\s+[^-\s]\S*)?)*\s(?:https?://|git@|git://)\S+", "foreign-package", ""),
    ("cargo", r"\A(?:install|add)\b.*--git[= ]", "foreign-package", ""), ("brew", r"\Ainstall\b.*\shttps?://", "foreign-package", ""), ("brew", r"\Atap\s+\S+\s+https?://", "package-source", ""),
    ("code codium cursor windsurf", r"--install-extension[= ]\S*\.vsix\b", "foreign-package", ""), ("gem", r"(?:--source|-s)[= ]http://", "foreign-package", ""), ("flatpak", r"\Ainstall\b.*https?://", "foreign-package", ""), ("snap", r"\Ainstall\b.*--dangerous\b", "foreign-package", ""),
    ("pip pip3 uv", r"\binstall\b.*(?:-i|--index-url|--extra-index-url|--default-index)[= ]?http://", "foreign-package", ""), ("luarocks cpanm cpan composer conda mamba R CMD dotnet nuget", r"\b(?:install|require|add)\b.*\s(?:git\+|https?:|git:)\S+", "foreign-package", ""),
    ("claude codex gemini cursor-agent copilot amp qwen", r"\bmcp\s+add(?:-json)?\b", "agent-tool", ""),
    ("curl wget", r"(?:^|\s)(?:-k|--insecure|--no-check-certificate)\b.*\|", "nothing", ""),
    ("gdb", r"(?:^|\s)(?:-p|--pid)\b.*(?:dump\s+memory|generate-core|gcore)", "secrets", ""),
    ("docker podman nerdctl finch", r"\b(?:run|create)\b.*(?:--privileged(?!=false)|(?:-v|--volume)[= ]?/(?:etc|root|boot)/?:(?!\S*:ro\b)|-v\s*/:|--volume[= ]/:|--mount\s+\S*source=/,|--pid[= ]host|--cap-add[= ](?:ALL|SYS_ADMIN)|docker\.sock)", "container-escape", ""),
    ("docker podman nerdctl finch", r"\b(?:run|create)\b.*(?:--security-opt[= ]\S*unconfined|--device[= ]/dev/(?:sd|nvme|vd|mem|kmsg)|--userns[= ]host)", "container-escape", "mild"), ("docker podman nerdctl finch", r"\b(?:run|create)\b.*(?:-v|--volume)[= ]?/(?:home|Users)(?:/[^/\s:]+)?/?:(?!\S*:ro\b)", "container-escape", "mild"),
    ("kubectl k oc kubecolor", r"\bdebug\b.*\bnode/", "container-escape", ""), ("oc", r"\bdebug\s+no", "container-escape", ""), ("ctr", r"\brun\b.*(?:--privileged|src=/,)", "container-escape", ""),
    ("kubectl k oc", r"\b(?:run|debug|create)\b.*(?:hostPID|hostPath|hostNetwork|privileged\W{1,4}true|--privileged(?!=false)|--profile[= ]sysadmin)", "container-escape", ""),
    ("lxc incus", r"security\.privileged[= ]true|source=/(?:\s|\Z)", "container-escape", ""),
    ("umask", r"\A0*(?:[0-7]?[0-7]?[014589])?0\s*\Z", "umask", "open"),
    ("getent", r"\bg?shadow\b", "secrets", ""),
    ("nmap", r"--interactive\b", "shell-escape", ""),
    ("newgrp sg", r"\A(?:docker|lxd|disk|shadow|sudo|wheel|root)\b", "root-shell", ""),
    ("certctl", r"\brehash\b", "trust", ""),
    ("rfkill", r"\bblock\s+(?:all|wifi|wlan)", "link-change", ""),
    ("pivot_root switch_root", r"", "boot", ""),
    ("nsenter", r"(?:-t|--target)[= ]?1\b", "container-escape", ""),
    ("unshare", r"-\w*[Ur]\w*m|--map-root-user", "container-escape", "mild"),
    ("capsh", r"--(?:gid=0|uid=0)|^--\s*\Z", "shell-escape", ""),
    ("sudo doas", r"\A(?:-\w+\s+)*(?:-i|-s|--login|--shell)\s*\Z|\A(?:-\w+\s+)*(?:su|bash|sh|zsh|/bin/\w*sh)(?:\s+-)?\s*\Z", "root-shell", ""),
    ("su", r"\A(?:-|-l|--login)?\s*(?:root)?\s*\Z", "root-shell", ""),
    ("pkexec", r"\A(?:/bin/)?\w*sh\b", "root-shell", ""),
    ("chsh", r"\A(?!.*(?:-l|--list)).*\broot\b", "account", "privileged"),
    ("enable", r"-f\s", "preload", ""),
    ("setfattr", r"security\.(?:capability|selinux)", "setcap", "strong"),
    ("dhclient", r"-r\b", "link-change", ""),
    ("git", r"(?i)\A(?=.*\bconfig\b).*\bcore\.(?:hookspath[\s=]+(?!\.?[\w.-])|fsmonitor[\s=]+(?!true|false)|sshcommand[\s=]+(?!['\"]?ssh\b))[\s=]*\S", "loader", ""),
    ("claude codex gemini aider copilot cursor-agent goose opencode amp qwen crush auggie", r"--(?:dangerously-\S+|yolo|full-auto|yes-always|allow-all-\S+|auto-approve\S*|skip-permissions|approval-mode[= ]yolo|ask-for-approval[= ]never|permission-mode[= ]bypassPermissions|trust-all-tools|sandbox[= ]danger-full-access|trust-tools[= ]?\*)|\A-y\b", "unguarded", ""),
    ("cursor-agent", r"(?:^|\s)(?:-f|--force)(?=\s|\Z)", "unguarded", ""), ("apt-key", r"\b(?:add|adv)\b", "package-source", ""), ("add-apt-repository", r"\A(?!.*(?:--remove|-r\b|--help)).*(?:ppa:|https?:|deb\s)", "package-source", ""), ("rpm", r"--import\b", "package-source", ""), ("dnf yum yum-config-manager", r"(?:--add-repo|config-manager\s+addrepo)\b.*https?:", "package-source", ""),
    ("npx bunx pipx uvx uv pnpm yarn bun", r"\A(?:(?:-\S+|run|tool|dlx|x)\s+)*(?:--from[= ]|--spec[= ]|-p[= ]|--package[= ])?(?:git\+|https?:|git:|git@|github:|gitlab:|bitbucket:)\S+", "run", "net"), ("nix", r"\A(?:-\S+\s+)*(?:run|shell|develop)\s+(?:-\S+\s+)*(?:github:|gitlab:|git\+|https?:|sourcehut:)\S+", "foreign-package", ""),
    ("npx bunx pipx uvx", r"\A(?:run\s+)?(?:-\S+\s+)*(?:git\+|https?:|git:)\S+", "foreign-package", ""),
    ("git", r"\A(?=.*\bapply\b)(?=.*--unsafe-paths)(?=.*--directory[= ]/(?:\s|\Z))", "write-outside", "root"),
    ("git", r"\A(?=.*\bapply\b)(?=.*--unsafe-paths)", "write-outside", ""),
    ("dosbox", r"\A(?=.*mount\s\w\s/(?:\s|\Z))(?=.*\b(?:type|copy|echo|del|move|ren)\b)", "host-files", "acts"),
    ("dosbox qemu-system-x86_64 qemu-system-i386 wine", r"mount\s+\w\s+/\s*(?=\Z|\s)|-(?:hda|drive|cdrom)\s+\S*/dev/", "host-files", ""),
    ("rlogin rsh rexec", r"", "clear-login", ""),
)  # fmt: skip


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _make(rows: list[tuple[str, str, tuple[str, ...]]]) -> Maker:
    def make(invocation: Invocation) -> Effects:
        joined = plain(" ".join(invocation.texts()))
        for pattern, verb, traits in rows:
            if _compiled(pattern).search(joined):
                if verb != "nothing":
                    yield effect(invocation, verb, joined[:80], *traits)
                return

    return make


def _index() -> dict[str, Maker]:
    rows: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {}
    for programs, pattern, verb, traits in _ROWS:
        for program in programs.split():
            rows.setdefault(program, []).append((pattern, verb, tuple(traits.split())))
    return {program: _make(found) for program, found in rows.items()}


PATTERNS: dict[str, Maker] = _index()

# ruff: noqa: E501  (tables: a row stays on its line, names are one string)
"""Permissions, ownership, privilege, accounts and what starts by itself."""

from __future__ import annotations

from cli_tuner.safety.rules.base import D, R, family, rule

_NARROW = "name one file or folder and the mode it needs"
_BY_HAND = "let an administrator do it by hand"

PERMISSIONS = family(
    "permissions",
    rule("PM001", D, "chmod chown acl", "changes permissions or owner of the root of the filesystem", _NARROW, "ATT&CK T1222.002; chmod(1)", places="root maybe", lacking="filtered broad searched"),
    rule("PM002", D, "chmod chown acl", "changes permissions or owner of a whole system tree", _NARROW, "ATT&CK T1222.002", places="system", having="recursive", lacking="filtered broad"),
    rule("PM015", D, "chmod acl", "changes permissions of whole homes", _NARROW, "ATT&CK T1222.002", places="home", having="recursive", lacking="filtered broad"),
    rule("PM003", D, "chmod acl", "lets everybody write to a file that the system needs", _NARROW, "ATT&CK T1222.002; CWE-732", places="critical system dotfile", having="open", lacking="sticky"),
    rule("PM025", D, "chown", "gives everything in a home to root: its user is locked out", _NARROW, "ATT&CK T1222.002, T1531", places="home", having="to-root", any_of="recursive every", lacking="filtered"),
    rule("PM004", D, "chmod", "takes away all access to what the system needs", _NARROW, "ATT&CK T1222.002", places="critical system home", having="closed"),
    rule("PM005", D, "chmod", "changes permissions or owner of everything in the working directory or its parent", _NARROW, "ATT&CK T1222.002", places="here", having="recursive", any_of="open closed setid no-mode", lacking="filtered broad searched"),
    rule("PM006", D, "chmod acl chown", "opens secrets or account files", _NARROW, "CWE-732; ATT&CK T1222.002", any_of="secret accounts sudoers pam", lacking="closed tight"),
    rule("PM007", R, "chmod acl", "lets everybody write", "give the group the right instead: 775 or 664", "CWE-732", having="open", lacking="sticky"),
    rule("PM023", D, "chmod chown", "changes permissions or owner of everything in the folder above", _NARROW, "ATT&CK T1222.002", places="here", having="recursive", target=r"^\.\.(?:/|$)", lacking="filtered broad mild"),
    rule("PM008", R, "chmod chown acl", "changes permissions or owner in the system's folders", _NARROW, "ATT&CK T1222.002", places="root system critical maybe", lacking="filtered"),
    rule("PM017", R, "chmod", "takes access away by a filter over the system's folders", _NARROW, "ATT&CK T1222.002", places="root system critical", having="filtered", any_of="closed unsetid"),
    rule("PM024", R, "chmod", "takes all access to a whole tree away", _NARROW, "ATT&CK T1222.002, T1531", having="closed recursive"),
    rule("PM018", R, "umask", "lets everybody write to every new file", "umask 022 or 027", "CWE-276; umask(1)", having="open"),
    rule("PM019", D, "chmod acl", "lets everybody write all over the system, or takes all access away", _NARROW, "ATT&CK T1222.002; CWE-732", places="root system", having="every", any_of="open closed setid"),
    rule("PM020", D, "chown", "gives every file of the system another owner", _NARROW, "ATT&CK T1222.002", places="root", having="every"),
    rule("PM021", D, "chmod acl", "lets everybody write to a raw disk", _NARROW, "CWE-732", places="device", having="open"),
    rule("PM022", D, "chattr", "unlocks what starts by itself, accounts or rights", _BY_HAND, "ATT&CK T1222.002", having="unlock", any_of="cron accounts sudoers keys preload pam unit secret log"),
    rule("PM016", R, "chmod chown acl", "changes permissions or owner of a tree in the system's folders", _NARROW, "ATT&CK T1222.002", places="beneath site home", having="recursive", lacking="site-data"),
    rule("PM009", R, "chown chmod", "changes everything that the working directory holds", _NARROW, "chown(1)", places="here", having="recursive", lacking="mild"),
    rule("PM010", R, "chattr", "unlocks a file that was made unchangeable", _BY_HAND, "ATT&CK T1222.002; chattr(1)", having="unlock"),
    rule("PM011", R, "chattr", "makes a file unchangeable", _BY_HAND, "ATT&CK T1222.002; chattr(1)", having="lock"),
    rule("PM012", D, "chattr", "unlocks or locks the system's own files", _BY_HAND, "ATT&CK T1222.002", places="root system critical", any_of="lock unlock", target=r"^(?!/etc/(?:resolv\.conf|hosts)$)"),
    rule("PM013", R, "permission-override", "overrides permissions of a package", _BY_HAND, "dpkg-statoverride(1)"),
    rule("PM014", R, "acl", "restores permissions from a file", _BY_HAND, "setfacl(1)", target="^restore$"),
)  # fmt: skip

PRIVILEGE = family(
    "privilege",
    rule("PR001", D, "chmod", "makes a program run with the rights of its owner", "use sudo with one named command", "ATT&CK T1548.001; CWE-250", having="setid"),
    rule("PR002", D, "setcap", "gives a program rights of root", "use sudo with one named command", "ATT&CK T1548; capabilities(7)", having="strong"),
    rule("PR003", R, "setcap", "gives a program a capability", _BY_HAND, "capabilities(7)", having="weak"),
    rule("PR004", D, "sudoers", "changes who may become root", "edit with visudo, reviewed by a second person", "ATT&CK T1548.003"),
    rule("PR005", D, "write overwrite edit link touch-config", "changes who may become root", "edit with visudo, reviewed by a second person", "ATT&CK T1548.003", having="sudoers"),
    rule("PR006", D, "account", "makes or changes an account with the rights of root", _BY_HAND, "ATT&CK T1136.001, T1098", having="privileged"),
    rule("PR007", D, "account", "makes or changes an account with a password given in the command", "let the user set the password", "ATT&CK T1136.001, T1098", having="password"),
    rule("PR008", R, "account", "makes or changes an account", _BY_HAND, "ATT&CK T1136.001", having="plain"),
    rule("PR009", D, "password", "removes or sets a password of root, or unlocks an account", _BY_HAND, "ATT&CK T1098", having="weakens"),
    rule("PR010", R, "password", "changes a password or locks an account", _BY_HAND, "ATT&CK T1098, T1531"),
    rule("PR011", R, "account-removed", "removes an account or group", _BY_HAND, "ATT&CK T1531"),
    rule("PR012", D, "write overwrite edit link", "changes account data by hand", "use useradd, usermod and passwd", "ATT&CK T1136, T1098", having="accounts", lacking="copied"),
    rule("PR013", D, "write overwrite edit link touch-config", "changes how users are authenticated", _BY_HAND, "ATT&CK T1556.003", having="pam"),
    rule("PR014", R, "root-shell", "opens a shell as root: nothing it runs is checked", "run one named command with sudo", "ATT&CK T1548.003"),
    rule("PR015", D, "setuid", "code that takes the rights of root", _BY_HAND, "ATT&CK T1548.001"),
    rule("PR016", D, "container-escape", "gives a container the rights of the host", "mount one named folder and drop --privileged", "ATT&CK T1611", lacking="mild"),
    rule("PR017", R, "container-escape", "makes a new namespace with the rights of root in it", _BY_HAND, "ATT&CK T1611", having="mild"),
    rule("PR018", R, "shell-escape", "starts a shell from another program: its rights pass on", "run the shell's command by itself", "GTFOBins Shell"),
    rule("PR024", D, "shell-escape", "starts a shell with the rights of root out of another program", "run one named command with sudo", "GTFOBins Sudo; ATT&CK T1548.003", having="as-root"),
    rule("PR025", D, "host-files", "reads or writes the host's files through an emulator", "give it one named folder", "GTFOBins dosbox", having="acts"),
    rule("PR026", D, "bind-mount", "hides a process from whoever looks", "leave /proc as it is", "ATT&CK T1564", target=r"^/proc/(?:\d|\$|\ue000|\ue001|\ue002)"),
    rule("PR023", R, "host-files", "gives an emulator the whole filesystem of the host", "give it one named folder", "GTFOBins dosbox"),
    rule("PR022", R, "chmod", "makes a program run with the rights of its group", "use sudo with one named command", "ATT&CK T1548.001", having="setgid", lacking="searched"),
    rule("PR019", D, "write overwrite copied", "puts a shell where it can be run with other rights", "leave the shell where it is", "ATT&CK T1548.001", having="shell copied", places="beneath temp"),
    rule("PR020", R, "read", "talks to the socket that controls all containers", "use the docker client", "ATT&CK T1611", having="socket"),
    rule("PR021", R, "bind-mount", "puts one folder over another", "mount it at an empty folder", "mount(8)", places="root system critical home"),
)  # fmt: skip

_WRITES = "write overwrite edit link touch-config downloaded"
PERSISTENCE = family(
    "persistence",
    rule("PS001", D, _WRITES, "makes the loader put a library into every program", "load it into one program, in a test", "ATT&CK T1574.006", having="preload"),
    rule("PS002", D, _WRITES, "installs a job that runs again and again", "show the job and let the owner install it with `crontab -e`", "ATT&CK T1053.003", having="cron", lacking="interactive"),
    rule("PS003", D, _WRITES, "installs something that starts by itself", "show the unit and let the owner install it", "ATT&CK T1543.002, T1037", having="unit", lacking="interactive copied linked"),
    rule("PS024", D, _WRITES, "makes the package manager run code, or stop checking what it installs", "show the setting and let the owner add it", "ATT&CK T1546, T1195; apt.conf(5)", having="apt-settings", any_of="said-code said-hook"),
    rule("PS025", R, _WRITES, "changes what the package manager runs or checks", "show the setting and let the owner add it", "ATT&CK T1546; apt.conf(5)", having="apt-settings", any_of="said-unknown copied downloaded"),
    rule("PS004", D, _WRITES, "lets a new key log in", "use ssh-copy-id, by the owner of the account", "ATT&CK T1098.004", having="keys", lacking="said-unknown interactive copied"),
    rule("PS005", D, _WRITES, "makes every new shell run code", "show the line and let the owner add it", "ATT&CK T1546.004", having="startup", any_of="said-code said-text truncate"),
    rule("PS006", R, _WRITES, "changes what every new shell runs", "show the line and let the owner add it", "ATT&CK T1546.004", having="startup", lacking="said-benign"),
    rule("PS007", R, _WRITES, "changes what starts by itself, what may log in or what is trusted", "show the change and let the owner make it", "ATT&CK T1053, T1543, T1098.004, T1553.004", any_of="cron unit keys hook sshd trust names loader"),
    rule("PS008", D, "job-installed", "installs a job that talks to the network or runs hidden code", "show the job and let the owner install it", "ATT&CK T1053.003", having="network"),
    rule("PS009", R, "job-installed", "installs a job", "show the job and let the owner install it", "ATT&CK T1053", lacking="interactive"),
    rule("PS010", D, "jobs-removed", "removes all jobs of a user", "remove one line with `crontab -e`", "ATT&CK T1489; crontab(1)", lacking="one"),
    rule("PS011", D, "preload", "loads a library into a program", "link the program against it", "ATT&CK T1574.006", lacking="installed"),
    rule("PS016", R, "preload", "loads an installed library into a program", "link the program against it", "ATT&CK T1574.006", having="installed"),
    rule("PS017", R, "hooked", "runs code at every command of this shell", "call the code where it is needed", "ATT&CK T1546.005"),
    rule("PS012", R, "loader", "changes what a program loads before it starts", "set it in the program's own settings", "ATT&CK T1574"),
    rule("PS013", R, "install-unit", "installs something that starts by itself", "show the unit and let the owner install it", "ATT&CK T1543"),
    rule("PS018", D, "web-shell", "writes a page that runs what any visitor sends", "take it out", "ATT&CK T1505.003"),
    rule("PS014", R, "trust", "changes which certificates are trusted", _BY_HAND, "ATT&CK T1553.004"),
    rule("PS019", R, "helper", "lets an option or a setting run a program that was not looked at", "read the program first, and name it by its full path", "ATT&CK T1059, T1546"),
    rule("PS020", D, "helper", "lets an option run a program that anybody may replace", "keep it where only its owner may write", "ATT&CK T1059; CWE-377", having="temp"),
    rule("PS021", R, "write overwrite edit link touch-config", "changes what a coding agent may do or run without asking", "let the owner edit it", "ATT&CK T1562, T1546", having="agent"),
    rule("PS022", R, "write overwrite edit link downloaded", "adds a source or a key that packages are trusted from", "use a repository that is already configured", "ATT&CK T1195, T1553", having="package-source", any_of="said-code downloaded net"),
    rule("PS023", R, "package-source", "adds a source or a key that packages are trusted from", "use a repository that is already configured", "ATT&CK T1195, T1553"),
    rule("DE022", R, "unguarded", "starts a coding agent that asks nobody before it acts", "let it ask, or run it in a container without secrets", "ATT&CK T1562"),
    rule("PS015", R, "jobs-removed", "removes a job", "list the jobs first", "at(1)", having="one"),
)  # fmt: skip

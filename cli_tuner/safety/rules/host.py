# ruff: noqa: E501  (tables: a row stays on its line, names are one string)
"""Exhaustion, defence evasion, the state of the system, and what cannot be resolved."""

from __future__ import annotations

from cli_tuner.safety.rules.base import D, R, family, rule

_BY_HAND = "let an administrator do it by hand"

EXHAUSTION = family(
    "exhaustion",
    rule("XH001", D, "recursion", "starts copies of itself without end: a fork bomb", "limit it with `ulimit -u` and run it in a container", "ATT&CK T1499.001; CWE-674", any_of="piped background"),
    rule("XH002", D, "fill", "fills a disk with no end", "give a size (`count=`, `head -c`)", "ATT&CK T1499.001; CWE-400", having="big"),
    rule("XH007", R, "fill", "writes without a limit until the disk is full", "give a size (`count=`, `head -c`)", "ATT&CK T1499.001"),
    rule("XH003", D, "mine", "mines crypto-currency", "remove it", "ATT&CK T1496"),
    rule("XH004", R, "stress", "loads the machine to its limits", "limit the time and the number of workers", "ATT&CK T1499"),
    rule("XH008", R, "spawn", "starts jobs in a loop that has no end", "wait for each job, or limit their number", "ATT&CK T1499.001; CWE-400"),
    rule("XH005", R, "endless", "prints without end", "limit it with `head`", "ATT&CK T1496"),
    rule("XH006", R, "recursion", "calls itself without end", "add an end to the recursion", "CWE-674"),
)  # fmt: skip

EVASION = family(
    "defence-evasion",
    rule("DE001", D, "history-off", "hides what is done from the shell's history", "leave the history on", "ATT&CK T1070.003", lacking="one size"),
    rule("DE002", R, "history-off", "shortens the shell's history", "leave the history on", "ATT&CK T1070.003"),
    rule("DE003", D, "delete wipe overwrite link", "destroys the shell's history", "leave the history where it is", "ATT&CK T1070.003", having="history", lacking="filtered"),
    rule("DE004", D, "delete wipe overwrite", "destroys logs", "let logrotate do it", "ATT&CK T1070.002", having="log", lacking="filtered broad grow"),
    rule("DE005", R, "delete write move edit overwrite wipe", "changes logs", "let logrotate do it", "ATT&CK T1070.002", having="log", lacking="append downloaded errors said-text said-unknown"),
    rule("DE006", D, "log-clear", "clears logs", "let logrotate do it", "ATT&CK T1070.002", lacking="mild"),
    rule("DE007", R, "log-clear", "shortens logs", "let logrotate do it", "ATT&CK T1070.002", having="mild"),
    rule("DE008", D, "firewall-off", "turns the firewall off or removes its rules", "remove one named rule", "ATT&CK T1562.004"),
    rule("DE009", R, "firewall-change", "changes the firewall", "show the rules before and after", "ATT&CK T1562.004"),
    rule("DE010", D, "mandatory-off", "turns mandatory access control off", "write a policy for the one program", "ATT&CK T1562.001", lacking="mild"),
    rule("DE011", R, "mandatory-off", "loosens mandatory access control", "write a policy for the one program", "ATT&CK T1562.001", having="mild"),
    rule("DE012", D, "audit-off", "turns auditing off", "exclude one event by a rule", "ATT&CK T1562.012", lacking="mild"),
    rule("DE013", D, "service-stop", "stops what protects or watches the system", _BY_HAND, "ATT&CK T1562.001, T1489", having="security"),
    rule("DE014", D, "kill-name", "kills what protects or watches the system", _BY_HAND, "ATT&CK T1562.001", having="security"),
    rule("DE019", D, "write overwrite edit move", "changes the records of who logged in", "leave them to the system", "ATT&CK T1070.002", having="login-log", lacking="append"),
    rule("DE020", R, "backdate", "gives a file the time of one of the system's files", "leave file times as they are", "ATT&CK T1070.006", having="from-system"),
    rule("DE021", D, "overwrite wipe", "empties all logs of a kind", "let logrotate do it", "ATT&CK T1070.002", having="log glob"),
    rule("DE018", D, "edit", "edits logs", "leave logs as they are", "ATT&CK T1070.002", having="log", lacking="interactive searched"),
    rule("DE015", R, "backdate", "gives a file another time", "leave file times as they are", "ATT&CK T1070.006", places="system critical beneath"),
    rule("DE016", D, "write overwrite edit", "changes settings of what protects the system", _BY_HAND, "ATT&CK T1562.001", having="security", lacking="interactive copied errors append"),
    rule("DE023", R, "guard-off", "turns a check or a protection off", "leave it on, and fix what it complains about", "ATT&CK T1562; CWE-693"),
    rule("DE024", R, "write", "changes settings of what protects the system", "let an administrator do it by hand", "ATT&CK T1562.001", having="security append"),
    rule("DE017", R, "audit-off", "accepts the present state as trusted", _BY_HAND, "ATT&CK T1562", having="mild"),
)  # fmt: skip

SYSTEM = family(
    "system",
    rule("SY001", D, "shutdown", "stops or restarts the machine", "plan it: `shutdown +10 \"reason\"`, by an administrator", "ATT&CK T1529", lacking="sleep"),
    rule("SY002", R, "shutdown", "changes the run level or suspends the machine", _BY_HAND, "ATT&CK T1529", having="sleep"),
    rule("SY003", D, "write overwrite", "tells the kernel to stop, crash or reboot at once", "use `systemctl reboot`", "ATT&CK T1529; proc(5) sysrq-trigger", having="sysrq"),
    rule("SY004", D, "write overwrite", "changes what the kernel runs on an event", _BY_HAND, "ATT&CK T1611; core(5)", having="core_pattern"),
    rule("SY005", R, "write overwrite kernel-setting", "changes a setting of the running kernel", _BY_HAND, "sysctl(8)", any_of="kernel", lacking="weakens"),
    rule("SY006", D, "kernel-setting", "weakens a protection of the kernel", _BY_HAND, "ATT&CK T1562; sysctl(8)", having="weakens"),
    rule("SY007", R, "kernel-setting", "changes a setting of the running kernel", _BY_HAND, "sysctl(8)"),
    rule("SY008", D, "module-loaded", "puts code into the kernel", "install a signed module package", "ATT&CK T1547.006, T1014", having="path"),
    rule("SY009", R, "module-loaded module-removed", "changes the modules of the kernel", _BY_HAND, "ATT&CK T1547.006"),
    rule("SY010", D, "kexec", "replaces the running kernel", _BY_HAND, "kexec(8)"),
    rule("SY011", D, "kill-all", "kills every process", "name the process", "ATT&CK T1489; kill(1)"),
    rule("SY012", D, "kill-name", "kills what the session or the machine needs", "restart the service with systemctl", "ATT&CK T1489", having="core"),
    rule("SY013", R, "kill-name", "kills every process of a name or a user", "find the one process with `pgrep -a` and kill it by number", "ATT&CK T1489; pkill(1)"),
    rule("SY014", R, "kill", "kills processes that are found only at run time", "look at the list first with `pgrep -a`", "kill(1)", having="computed hard"),
    rule("SY015", D, "service-stop", "stops a service that others depend on", "restart it, or plan the stop", "ATT&CK T1489", having="core"),
    rule("SY016", R, "service-stop", "stops a service", "restart it, or plan the stop", "ATT&CK T1489"),
    rule("SY017", D, "unmount", "unmounts what the system needs", "unmount one named folder", "umount(8)", places="root system", lacking="never"),
    rule("SY018", D, "unmount", "unmounts every filesystem", "unmount one named folder", "umount(8)", having="all"),
    rule("SY019", R, "remount", "remounts a filesystem with other rights", _BY_HAND, "mount(8)", any_of="writable", places="root system critical"),
    rule("SY020", D, "mount", "mounts over what the system needs", "mount it at an empty folder", "mount(8)", places="root system home", having="over"),
    rule("SY028", D, "link-down", "cuts the network of this machine", "have a console at hand", "ATT&CK T1489; ip-link(8)"),
    rule("SY021", R, "link-change", "changes the network of this machine", "have a console at hand", "ATT&CK T1489; ip-link(8)"),
    rule("SY022", R, "clock", "changes the clock", "leave it to NTP", "ATT&CK T1070.006", lacking="mild"),
    rule("SY023", D, "boot", "changes how the machine boots", _BY_HAND, "ATT&CK T1542", lacking="mild"),
    rule("SY024", R, "packages-removed", "removes packages by force", "let the package manager check what depends on them", "apt(8), rpm(8)", having="forced"),
    rule("SY025", D, "packages-removed", "removes packages that the system needs", "let the package manager check what depends on them", "apt(8)", having="core"),
    rule("SY029", D, "write overwrite", "weakens a protection of the kernel", _BY_HAND, "ATT&CK T1562; proc(5)", having="hardening"),
    rule("SY026", R, "known-hosts", "forgets the known key of a host", "check the new key first", "ssh-keygen(1)"),
    rule("SY027", R, "kill", "kills a process at once, without a chance to clean up", "send TERM first", "kill(1)", having="hard"),
)  # fmt: skip

OBFUSCATION = family(
    "obfuscation",
    rule("OB001", D, "run", "runs text that comes out of a decoder and cannot be read here", "decode it, read it, then run it", "ATT&CK T1027, T1140", having="decoded"),
    rule("OB010", R, "run", "runs text that was hidden by an encoding", "write the command out", "ATT&CK T1027, T1140", having="unwrapped"),
    rule("OB002", D, "run", "runs lines of the shell's history", "run the one command that you mean", "bash(1) history", having="history"),
    rule("OB003", D, "run", "runs random bytes", "run a script that you have read", "CWE-94", having="random"),
    rule("OB004", R, "run", "runs text that another command prints", "print the text first and read it", "CWE-94; ATT&CK T1059", any_of="output unknown read items env remote packed"),
    rule("OB005", R, "run", "runs text from a variable that this command does not set", "write the command out", "CWE-94", any_of="variable secret-variable"),
    rule("OB006", R, "unresolved", "runs a program whose name is only known at run time", "write the name of the program out", "CWE-78"),
    rule("OB007", R, "hidden-name", "spells a program's name with wildcards", "write the name of the program out", "ATT&CK T1027"),
    rule("OB008", R, "unsound", "cannot be read as Bash, so nobody can tell what it would do", "fix the syntax: `bash -n`", "CWE-1286"),
    rule("OB009", R, "bound", "is too long or too deeply nested to be judged", "split it into commands that can be read", "CWE-400, CWE-674"),
)  # fmt: skip

TERMINAL = family(
    "terminal",
    rule("TI001", D, "bidi", "shows text in another order than it runs (Trojan Source)", "remove the control characters", "CVE-2021-42574; CWE-1007"),
    rule("TI002", R, "control", "holds characters that a terminal obeys or hides", "remove the control characters", "CWE-150"),
    rule("TI003", D, "homograph", "names a host that only looks like another one", "type the host's name again", "CWE-1007; UTS #39"),
    rule("TI004", R, "hidden-space", "holds blanks or letters that are not what they look like", "type the word again", "CWE-1007"),
)  # fmt: skip

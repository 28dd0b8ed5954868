# ruff: noqa: E501  (tables: a row stays on its line, names are one string)
"""Code from elsewhere, shells over sockets, and data that leaves the machine."""

from __future__ import annotations

from cli_tuner.safety.rules.base import D, R, family, rule

_LOOK = "download to a file, read it, check its digest, then run it"

REMOTE = family(
    "remote-execution",
    rule("RX001", D, "run", "runs code as it comes from the network", _LOOK, "ATT&CK T1105, T1059; CWE-494", any_of="net socket remote"),
    rule("RX002", R, "foreign-package", "installs a package from a plain address", "install from a configured, signed repository", "ATT&CK T1195; CWE-494"),
    rule("RX003", R, "connect", "opens a raw network connection from the shell", "use curl", "ATT&CK T1095; bash(1) /dev/tcp"),
    rule("RX008", D, "connect", "sends hand-made bytes to a port of another machine", "use the protocol's own client", "ATT&CK T1095; CWE-918", having="raw"),
    rule("RX007", R, "run", "runs what came out of a downloaded archive", "check the digest or signature of the archive", "ATT&CK T1105; CWE-494", any_of="unpacked"),
    rule("RX009", R, "run", "runs a download whose digest or signature is checked in the same text", "look where the digest comes from", "ATT&CK T1105", any_of="verified"),
    rule("RX010", R, "patched", "changes files as somebody's patch from the network says", "save the patch, read it, then apply it", "ATT&CK T1195; git-apply(1)"),
    rule("RX006", R, "clear-login", "logs in without encryption", "use ssh", "CWE-319"),
    rule("RX004", D, "attack", "runs an attack tool", "run it only against systems you own, by hand", "ATT&CK T1595, T1110", lacking="mild"),
    rule("RX005", R, "attack", "probes or floods a network", "limit the rate", "ATT&CK T1498, T1595", having="mild"),
)  # fmt: skip

SHELLS = family(
    "reverse-shell",
    rule("SH001", D, "reverse-shell", "gives a shell on this machine to another one", "use ssh with keys", "ATT&CK T1059.004; GTFOBins Reverse shell"),
    rule("SH002", D, "bind-shell", "listens on the network and gives a shell to whoever connects", "use ssh with keys", "ATT&CK T1059.004; GTFOBins Bind shell"),
    rule("SH003", R, "listen", "listens for connections on the network", "bind to 127.0.0.1 and stop it afterwards", "ATT&CK T1571"),
    rule("SH004", R, "tunnel", "opens a tunnel from outside into this network", "use the company's VPN", "ATT&CK T1572, T1090"),
    rule("SH005", R, "display-open", "lets any host use this display", "allow one host or use ssh -X", "ATT&CK T1113"),
)  # fmt: skip

EXFILTRATION = family(
    "exfiltration",
    rule("EX001", D, "send", "sends passwords, keys or account data to another machine", "send only what the task needs, never credentials", "ATT&CK T1041, T1048, T1567", any_of="secret accounts sudoers history", lacking="local"),
    rule("EX002", D, "send", "sends credentials or the environment to another machine", "send only what the task needs, never credentials", "ATT&CK T1048, T1552", any_of="credential env key-material printed-secret", lacking="local"),
    rule("EX003", D, "send", "sends a whole system or home folder to another machine", "send one named folder", "ATT&CK T1048", places="root", having="recursive", lacking="ssh local"),
    rule("EX004", R, "send", "uploads a file to another machine", "check the address and the file", "ATT&CK T1048, T1567", any_of="upload", lacking="local"),
    rule("EX005", D, "send", "hides data in DNS look-ups", "query names that are written out", "ATT&CK T1048.003, T1071.004", having="dns encoded"),
    rule("EX006", R, "send", "sends a system folder or file to another machine", "send one named folder", "ATT&CK T1048", places="system critical root home", any_of="copy stream inline", lacking="local"),
    rule("EX007", R, "serve", "serves files of this machine to the network", "bind to 127.0.0.1 and stop it afterwards", "ATT&CK T1048, T1567"),
    rule("EX008", R, "send", "sends the output of a command to another machine", "print it first", "ATT&CK T1041", having="computed", lacking="local dns"),
    rule("EX019", R, "send", "asks the name server for a name that holds a command's output", "query names that are written out", "ATT&CK T1048.003, T1071.004", having="dns computed", target=r"\ue001\.[\w-]+\.\w"),
    rule("EX009", R, "send", "posts data to another machine and ignores the answer", "check the address", "ATT&CK T1048", having="literal", lacking="local"),
    rule("EX011", D, "send", "sends a secret of the environment over a raw connection", "send only what the task needs, never credentials", "ATT&CK T1048, T1552", having="secret-variable raw", lacking="local"),
    rule("EX012", R, "send", "sends a secret of the environment outside of a header", "pass it in a header, to the service it belongs to", "ATT&CK T1041, CWE-598", having="secret-variable", lacking="local ssh"),
    rule("EX013", R, "send", "sends a dump of a database, of the network or of the clipboard to another machine", "keep it on this machine", "ATT&CK T1048, T1115", any_of="dump clipboard capture", lacking="local ssh"),
    rule("EX014", D, "serve", "serves the whole filesystem or the control of a cluster to the network", "bind to 127.0.0.1 and name one folder", "ATT&CK T1048, T1613", any_of="whole control"),
    rule("EX015", R, "send", "sends a whole folder to another machine", "send one named file", "ATT&CK T1048, T1560", places="here", any_of="stream data-file inline", lacking="local ssh"),
    rule("EX016", R, "send", "sends a file that is named only at run time to another machine", "name the file", "ATT&CK T1048", places="unknown", having="data-file", lacking="local"),
    rule("EX017", D, "stage", "puts a user's keys or credentials into a repository", "leave them out, and list them in .gitignore", "ATT&CK T1567.001, T1552.004", places="dotfile", any_of="secret credential"),
    rule("EX020", D, "stage", "puts the environment or printed secrets into a repository", "leave them out", "ATT&CK T1567.001", having="holds-secrets"),
    rule("EX018", R, "stage", "puts a file that often holds credentials into a repository", "list it in .gitignore", "ATT&CK T1552.001", any_of="secret credential key-material"),
    rule("EX010", R, "send", "sends a file of this machine to a raw network connection", "use scp, and check the address", "ATT&CK T1048", any_of="stream code", lacking="local ssh", places="beneath dotfile"),
)  # fmt: skip

CREDENTIALS = family(
    "credentials",
    rule("CR001", D, "read", "reads password hashes, private keys or tokens", "ask for the one value you need from a secret store", "ATT&CK T1003.008, T1552.004", having="secret"),
    rule("CR002", R, "read", "reads a file that often holds credentials", "name the one setting you need", "ATT&CK T1552.001, T1552.003", having="credential", lacking="accounts"),
    rule("CR003", R, "search-secrets", "searches for passwords or keys", "search one project folder", "ATT&CK T1552.001"),
    rule("CR010", D, "search-secrets", "searches the whole system for passwords or keys", "search one project folder", "ATT&CK T1552.001", places="root", lacking="env"),
    rule("CR004", D, "search-secrets", "searches for passwords or keys and takes what it finds", "search one project folder", "ATT&CK T1552.004", having="taken"),
    rule("CR005", D, "secrets", "dumps stored passwords or keys", "ask for the one value you need from a secret store", "ATT&CK T1003, T1555", lacking="mild"),
    rule("CR006", R, "secrets", "reads or removes a stored password", "check that you may", "ATT&CK T1555", having="mild"),
    rule("CR007", D, "spy", "records keys or the screen of a user", "ask the user", "ATT&CK T1056, T1113"),
    rule("CR009", R, "collect", "packs the settings of the whole system, account files included", "pack the one file you need", "ATT&CK T1560, T1005", places="system root", target=r"^/etc(?:/[\ue010]?)?$|^\.?/?[\ue010]?$"),
    rule("CR012", R, "collect", "packs the settings and keys of a user", "pack the one folder you need", "ATT&CK T1560, T1005", places="dotfile"),
    rule("CR011", R, "printed-secret", "prints a stored secret where everybody who reads along sees it", "pipe it to the program that needs it", "ATT&CK T1552; CWE-532"),
    rule("CR008", R, "copy-accounts", "copies account data to another place", "read it where it is", "ATT&CK T1003.008"),
)  # fmt: skip

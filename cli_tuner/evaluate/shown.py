"""The form of a command without options that only change how its answer is shown, such as `ls -l` beside `ls`.

For commands whose answer lives with the machine (`df`, `free`, `lsof`) nothing else can tell. From the `--help` of GNU
coreutils 9, procps 4, net-tools 2.10, util-linux 2.38, lsof 4.95, tar and gzip: options that add or drop a column, a
heading, a unit or a message, and never choose what is listed or done. Not listed means not dropped.
"""

from __future__ import annotations

import re
from functools import lru_cache

from cli_tuner.shell.canonical import canonical

_SHOWN = {
    program: frozenset(options.split())
    for programs, options in {
        "ls": "-l -h -1 -F -s --color --color=auto",
        "du": "-h -k -m",
        "df": "-h -k -m -P -T",
        "free": "-h -m -g -k",
        "cp mv rm mkdir rmdir ln chmod chown chgrp tar gzip gunzip": "-v",
        "ps": "-f -F",
        "pstree": "-p -a",
        "vmstat": "-t -w",
        "uptime": "-p",
        "w": "-s -h",
        "who": "-H",
        "lsof": "-n -P",
        "route netstat": "-n",
        "last": "-a -i -w -F",
        "openssl": "-a",
        "stat": "-t",
        "lsblk": "-f",
        "date": "-R",
        "umask": "-p",
        "curl": "-s -S -v",
        "jobs": "-p -l",
        "tree": "-p -u -g -f -s -h -D",
        "cat": "-n",
        "md5sum sha1sum sha256sum sha512sum": "-b -t",
    }.items()
    for program in programs.split()
}
_PARTS = re.compile(r"(\s*(?:\|\||&&|[|;&\n])\s*|(?<=-exec)\s+|(?<=xargs)\s+|(?<=sudo)\s+)")
_SAME = {"printenv": "env", "apt-cache": "apt", "egrep": "grep -E", "fgrep": "grep -F"}


@lru_cache(maxsize=1 << 14)
def shown_apart(command: str) -> str:
    """Return the canonical form of `command` without options that only change how its answer is shown."""
    parts = _PARTS.split(canonical(command))
    return "".join(part if number % 2 else _bare(part) for number, part in enumerate(parts))


def _bare(part: str) -> str:
    words = part.split(" ")
    dropped = _SHOWN.get(words[0], frozenset())
    if words[0] == "od" and words[1:3] == ["-A", "n"]:
        words[1:3] = []
    name = _SAME.get(words[0], words[0])
    return " ".join([name, *(word for word in words[1:] if word not in dropped)])

# ruff: noqa: SIM905  (tables: names are one string)
"""Does a text read as a Bash command, or as English? Good enough to check columns, not to judge one row.

A command parses, starts with something that can be run, and has few of the words that hold English sentences
together. Measured on NL2Bash: docs/data.md.
"""

from __future__ import annotations

import re

from cli_tuner.shell.naming import first_utility
from cli_tuner.shell.parse import parse_ok

_STOP_WORDS = """
the a an of to in into from with and or for on by that which is are be this these those it its all each any as at whose
where when if using how what then than not only do does should would can i my me you
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

_UTILITIES = """
! ( (( . : [ [[ alias apropos apt apt-get ar arch arp at atq awk b2sum base32 base64 basename bash bc bg bind
blkdiscard blkid blockdev break brew builtin bunzip2 busctl bzcat bzip2 cal cat cd chage chattr chcon chgrp chmod
chown chroot chrt chsh cksum clear cmp col column comm command compgen complete compress continue convert coredumpctl
cp cpio cron crontab csplit curl cut date dc dd declare df diff dig dir dircolors dirname dirs disown dmesg dnf docker
dos2unix dpkg du echo ed egrep eject emacs enable enscript env eval exec exit expand export expr factor fallocate
false fc fdisk ffmpeg fg fgrep file fincore find findfs findmnt finger flock fmt fold for free fsck fstrim ftp
function fuser gawk gcc gdb getcap getconf getent getfacl getopts gio git gpasswd grep groupadd groupdel groups
growpart gunzip gzip hash head help hexdump history host hostname hostnamectl htop iconv id if ifconfig info install
ionice iostat ip ipcs iptables isosize jobs join journalctl jq kill killall last lastlog ldconfig ldd lddtree less let
ln local locale locate logger login logname logout look losetup ls lsattr lsblk lscpu lsfd lsipc lslocks lslogins
lsmem lsns lsof lspci lsusb lzma m4 make man mapfile mcookie md5sum mesg mkdir mkfifo mkfs mknod mktemp more mount
mpstat mtr mv mysql namei nano nawk nc ncat netstat nice nl nm nmap nohup nproc nsenter nslookup numfmt objdump od
open openssl parallel passwd paste patch pathchk pax pbcopy perl pgrep pidof ping pinky pip pip3 pkill pmap popd pr
printenv printf ps pstree pushd pv pwck pwd pwdx pwgen python python3 read readarray readelf readlink readonly
realpath rename renice reset return rev rfkill rg rm rmdir route rpm rsync rtcwake ruby runcon scp screen script sdiff
sed select seq service set setcap setfacl setpriv setsid sftp sh sha1sum sha224sum sha256sum sha384sum sha512sum
shellcheck shift shopt shred shuf shutdown size slabtop sleep snap sort source split sponge ss ssh ssh-add ssh-agent
ssh-copy-id ssh-keygen stat stdbuf strace strings stty su sudo sum suspend swapoff swapon sync sysctl systemctl
systemd-run tac tail tar taskset tee telnet test then time timedatectl timeout tload tmux top touch tput tr traceroute
trap tree true truncate tsort tty type typeset ufw ulimit umask umount unalias uname uncompress unexpand uniq unlink
unset until unxz unzip updatedb uptime useradd userdel usermod users uuidgen vdir vi view vim vmstat w wait wall watch
wc wdctl wget whatis whereis which while who whoami wipefs write xargs xclip xdg-open xdpyinfo xxd xz xzcat yes yum
zcat zgrep zip zless zmore zsh zstd {
"""
UTILITIES = frozenset(_UTILITIES.split())

NOUNS = frozenset("command file script test time users group groups jobs local host set source image display".split())
"""Utilities whose names stand in sentences as nouns: behind `run` or `with` they tell nothing."""

KEYWORDS = frozenset(["for", "if", "while", "until", "case", "select", "time", "!", "{", "("])

_FIRST = re.compile(r"\s*(?:[A-Za-z_]\w*\+?=\S*\s+)*([^\s;|&<>()]+|[({])")
_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(\[[^]]*\])?\+?=")
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")
_SYNTAX = re.compile(r"(?:^|\s)-|[|;&$*><=(]|(?:^|\s)\.{0,2}/")
_RUNNABLE = re.compile(r"(\.{0,2}|~|\$\{?\w+\}?)?(/[^/\s]+)+|\$[({\w].*|[a-z0-9_]+[-._+a-z0-9]*$")


def first_word(text: str) -> str:
    """Return the word that a text would run, without assignments and a backslash before it; empty where none is."""
    match = _FIRST.match(text)
    return match[1].lstrip("\\") if match else ""


def is_assignment(text: str) -> bool:
    """Tell whether a text begins by setting a variable."""
    return _ASSIGNMENT.match(text.lstrip()) is not None


def reads_as_command(text: str) -> bool:
    """Tell whether `text` can be meant as a Bash command."""
    first = first_word(text)
    if not first or not parse_ok(text):
        return False
    if is_assignment(text) or first in KEYWORDS:
        return True
    stops = stop_word_count(text)
    if first.rsplit("/", 1)[-1] in UTILITIES:
        return stops < 2 or stops < 0.25 * len(text.split())
    return stops == 0 and _RUNNABLE.match(first) is not None and not text.rstrip().endswith((".", "?"))


def unquoted(text: str) -> str:
    """Put a letter in the place of each quoted part."""
    return _LITERAL.sub("Q", text)


def has_shell_syntax(text: str) -> bool:
    """Tell whether `text` holds, outside quotes, an option, a path or an operator: `list files` reads as Bash too."""
    return _SYNTAX.search(unquoted(text)) is not None


WRAPPERS = frozenset(
    (
        "sudo",
        "env",
        "time",
        "nice",
        "nohup",
        "command",
        "builtin",
        "exec",
        "timeout",
        "watch",
        "xargs",
        "eval",
        "bash",
        "sh",
        "then",
    )
)


def utility_of(command: str) -> str:
    """Name the first utility that a command runs; the parser is asked only where the first word does not tell."""
    first = command.split(maxsplit=1)[0]
    if first in UTILITIES and first.isalnum() and first not in WRAPPERS:
        return first
    return first_utility(command) or ""


def stop_word_count(text: str) -> int:
    """Count the words outside quotes that mark an English sentence."""
    return sum(word.strip(",.?!:") in STOP_WORDS for word in _QUOTED.sub(" ", text).lower().split())


def reads_as_prose(text: str) -> bool:
    """Tell whether `text` is more likely a sentence than a command."""
    return stop_word_count(text) >= 2 and text.split()[0] not in KEYWORDS and not reads_as_command(text)

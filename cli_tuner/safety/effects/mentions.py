# ruff: noqa: E501, SIM905  (tables: a row stays on its line, names are one string)
"""Effects told by what the words of any program mention: sensitive paths, shells, attack tools."""

from __future__ import annotations

import re

from cli_tuner.safety import paths, targets
from cli_tuner.safety.effects.base import Effects, effect, on_path
from cli_tuner.safety.effects.sockets import ATTACKERS
from cli_tuner.shell.flow import Word
from cli_tuner.shell.interpreters import LANGUAGES, SHELLS
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs import secrets
from cli_tuner.shell.programs.table import find

# Their arguments are data, patterns or names, not files that they open.
_SAYERS = frozenset(
    "echo printf alias export declare local readonly typeset which type whatis apropos logger notify-send say tldr cowsay figlet "
    "pgrep pkill expr test [ [[ unalias complete compgen trap eval hash true false : info help whereis locate mlocate updatedb "
    "basename dirname readlink realpath set gsettings dconf xdg-open zenity history read hostname env printenv apt-cache kill".split()
)
# They look at a file's name or state only.
_LOOKERS = frozenset(
    "ls ll dir stat du df mkdir lsof test tree exa eza lsattr getfacl namei md5sum sha1sum sha256sum sha512sum cksum rmdir cd pushd chsh lsd".split()
)
_WRITERS_ELSEWHERE = frozenset(
    "rm grm unlink shred mv cp install ln tee dd truncate touch chmod chown chgrp chattr setfacl sed gsed rsync curl wget setcap find tar scp sponge".split()
)
_READERS = frozenset(
    "cat tac head tail less more most bat nl grep egrep fgrep rg awk gawk mawk cut sort uniq wc diff cmp comm od xxd hexdump strings vi vim nvim nano view emacs "
    "visudo crontab systemctl source . bash sh zsh diff3 vimdiff sdiff column fold fmt pr paste join rev look zcat zgrep jq yq base64 md5sum systemd-analyze service "
    "augtool pygmentize glow kubectl ansible-playbook ssh make python perl ruby run-parts logrotate cfdisk visual code subl gedit kate sudo sudoedit".split()
)
_IN_WORD = late(r"(?:[@=<:,'\"({\s]|^|[^\w./-])((?:~|\.{0,2})/[^\s'\"),;|&<>]*)")
_SHELL_PATH = late(r"(?:^|[\s!=;:`(\"'|,])(?:/usr)?/bin/(?:ba|da|z|k|c|a|tc|fi)?sh\b")
_SHELL_NAMING = frozenset(
    "chsh useradd adduser usermod cat ls file which whereis stat readlink ln cp chmod dpkg rpm type command install grep echo printf test [ sudo env getent find md5sum sha256sum ldd strings apt crontab xargs pacman head docker podman kubectl pw dscl update-alternatives watch man cmp diff".split()
)


def may_name(invocation: Invocation) -> bool:
    """Tell whether a sensitive path may be among the words."""
    if not invocation.words or invocation.program in _SAYERS:
        return False
    return paths.HOT.search(" ".join([word.text for word in invocation.words])) is not None or any(
        word.flow is not None for word in invocation.words
    )


def may_escape(invocation: Invocation) -> bool:
    """Tell whether a shell may be named or started."""
    return invocation.program in SHELLS or any("sh" in word.text for word in invocation.words)


RUNNERS = SHELLS | frozenset(LANGUAGES)


def words(invocation: Invocation) -> Effects:
    """Sensitive paths among the words of any program."""
    program = invocation.program
    if program in _SAYERS or program in ("", "{"):
        return
    inner = {id(word) for word in invocation.inner}
    for place, word in enumerate(invocation.words):
        text = word.text
        before = invocation.words[place - 1].text if place else ""
        if len(text) > 4096:
            continue
        if id(word) in inner and (before not in _OUTPUT_OPTIONS or id(invocation.words[place - 1]) in inner):
            continue
        if before in ("--output", "--output-file", "--of") and text.startswith("/dev/") and program != "df":
            yield on_path(invocation, "write", word)
        elif text.startswith("/dev/") and program in _READERS:
            yield on_path(invocation, "read", word)
        if paths.HOT.search(text):
            for path in _candidates(text, program):
                yield from _named(invocation, word, path, before)
        for tag in word.tags if word.flow else ():
            if tag.startswith(("found:", "broad:", "glob:", "some:", "owned:", "aged:")):
                yield from _named(invocation, word, tag.partition(":")[2], before)
            elif tag.startswith("file:") and program in _READERS:
                yield from _named(invocation, word, tag[5:], before)


_SCRIPTED = frozenset(
    "ed ex vi vim sqlite3 mysql psql gdb ftp sftp tftp lftp smbclient debugfs less more bc dc cpan".split()
)


def listed(invocation: Invocation) -> Effects:
    """Names on standard input that a program opens: `cpio`, `pax`, `tar -T -`."""
    flow = invocation.stdin
    if invocation.program in ("cpio", "pax", "tar", "rsync", "zip", "wc") and flow is not None and flow.text:
        for line in flow.text.split("\n")[:16]:
            if line.startswith("/"):
                yield from _named(invocation, invocation.head, line, "")
    elif invocation.program in _SCRIPTED and flow is not None and flow.text and paths.HOT.search(flow.text):
        for path in _IN_WORD.findall(flow.text)[:32]:
            yield from _named(invocation, invocation.head, path, "-o")


def _candidates(text: str, program: str) -> list[str]:
    if program in _WHOLE:
        return [text]
    if program in LANGUAGES and (" " in text or "(" in text):
        return _IN_WORD.findall(text)
    found = [match.rstrip("/") or match for match in _IN_WORD.findall(text)]
    if found and found != [text]:
        return [*found, text]
    return [text]


_READING_OPENSSL = ("enc", "base64", "rsautl", "pkeyutl", "smime", "cms")
_OPENSSL_KEYS = frozenset("rsa pkey ec dsa pkcs8 pkcs12".split())
_KEY_USERS = frozenset(
    "ssh scp sftp ssh-copy-id sshfs mosh autossh rsync ansible ansible-playbook ssh-add ssh-keygen".split()
)
_WHOLE = frozenset("git jq man wall mail docker podman kubectl ssh find gfind screen".split())
_OUTPUT_OPTIONS = frozenset(
    "-o --output --output-file -O -w --write --log --log-file -l -L -Logfile --logfile -W --outfile -out --out --save".split()
)


_USES = late(
    r"--?(?:[a-z]+-)*(?:key|creds?|credentials?|passwords?|pass|privkey|token|cert|secret)(?:-(?:file|path|url))?|--out\w*"
)
_PATTERNS = frozenset("-name -iname -path -ipath -wholename -iwholename -regex -iregex".split())


def _named(invocation: Invocation, word: Word, path: str, before: str) -> Effects:
    found = paths.traits(targets.normal(path, invocation.cwd) if path[:1] != "-" else path)
    if not found:
        return
    program = invocation.program
    if (before == "-i" and program in _KEY_USERS) or before == "--authfile":
        return
    if program not in _READERS and (_USES.fullmatch(before) or word.text == "credentials" or program == "kubeseal"):
        found = found - {"credential"}  # a key or password that the program works with, or the name of a thing
    if program in ("find", "gfind") and before in _PATTERNS and not invocation.wraps:
        found = found - {"credential"}  # a name that is looked for
    if program in ("source", ".", "git", "[", "test"):
        found = found - {"credential"}  # loading or unversioning a project's own settings
    texts = invocation.texts()
    keys = program == "openssl" and texts[0] in _OPENSSL_KEYS and not {"-noout", "-pubout", "-check"} & set(texts)
    exempt = _is_metadata(program) and not (keys or (program == "openssl" and texts[0] in _READING_OPENSSL))
    if program in ("mv", "rsync", "scp") and targets.classify(texts[-1], invocation.cwd) == "temp":
        exempt = False  # where others may read it
    written = program in ("cp", "mv", "ln", "install") and word is invocation.words[-1] and len(invocation.words) > 1
    if found & {"secret", "credential", "socket"} and program not in _LOOKERS and not exempt and not written:
        yield on_path(invocation, "read", word, "mentioned", path=path)
    if program in ("xxd", "uniq") and word is invocation.words[-1] and len(invocation.words) > 1:
        before = "-o"
    sensitive = found & {
        "preload",
        "sudoers",
        "pam",
        "cron",
        "unit",
        "keys",
        "startup",
        "hook",
        "sshd",
        "trust",
    }
    quiet = program in _READERS or program in _LOOKERS or program in _WRITERS_ELSEWHERE
    if sensitive and (not quiet or (before in _OUTPUT_OPTIONS and program not in _WRITERS_ELSEWHERE)):
        yield on_path(invocation, "touch-config", word, "mentioned", path=path)


def _is_metadata(program: str) -> bool:
    return program in (
        "chmod",
        "chown",
        "chgrp",
        "touch",
        "rm",
        "ssh-keygen",
        "ssh-add",
        "mkdir",
        "ln",
        "mv",
        "shred",
        "ssh-copy-id",
        "scp",
        "sftp",
        "chattr",
        "setfacl",
        "grm",
        "restorecon",
        "chcon",
        "auditctl",
        "passwd",
        "visudo",
        "rsync",
        "lsattr",
        "mosh",
        "autossh",
        "sshfs",
        "ansible",
        "ansible-playbook",
        "pwck",
        "vipw",
        "useradd",
        "userdel",
        "usermod",
        "openssl",
    )


def prints_secret(invocation: Invocation) -> bool:
    """Tell whether a stored secret would stand on the screen, or in a transcript."""
    if invocation.consumed or any(item.writes for item in invocation.redirects):
        return False
    return secrets.prints(invocation.program, invocation.texts(), scanners=False)


_PASSES = frozenset("base64 jq yq cat tee head tail cut tr sed awk grep xxd od column fold nl more less sort".split())


def passes_secret(invocation: Invocation) -> bool:
    """Tell whether a filter puts a stored secret that it reads on the screen."""
    said = invocation.program in ("echo", "printf") and any("secret-variable" in word.tags for word in invocation.words)
    return (
        (said or ("printed-secret" in invocation.stdin_tags() and invocation.program in _PASSES))
        and not invocation.consumed
        and not any(item.writes for item in invocation.redirects)
    )


def printed_secrets(invocation: Invocation) -> Effects:
    """A stored secret that nothing reads but who looks at the output."""
    yield effect(invocation, "printed-secret", invocation.program)


def attack_scripts(invocation: Invocation) -> Effects:
    """A known attack tool run by an interpreter."""
    if invocation.program in SHELLS or invocation.program in LANGUAGES:
        for word in invocation.words:
            if word.text.rsplit("/", 1)[-1] in ATTACKERS:
                yield effect(invocation, "attack", word.text, word=word)


_STARTERS = frozenset("busybox find fd logsave cpulimit ld.so rsync distcc multitime start-stop-daemon yarn".split())
_AS_ROOT = frozenset("sudo doas pkexec run0".split())
_ODD_WRAPPERS = frozenset("logsave cpulimit ld.so".split())


def _rights(invocation: Invocation) -> tuple[str, ...]:
    """Tell whether the invocation runs as root: one of the programs above it gives those rights."""
    if invocation.program in ("su", "runuser", "login"):
        return ()
    at: Invocation | None = invocation
    while at is not None:
        if at.program in _AS_ROOT:
            return ("as-root",)
        at = at.parent
    return ()


def _started_by_another(invocation: Invocation) -> bool:
    """Tell whether this is an interactive shell that another program starts."""
    parent = invocation.parent
    if parent is None or invocation.program not in SHELLS or invocation.wraps:
        return False
    if any(not re.fullmatch(r"[0-2]|/dev/tty", item.target.text) for item in invocation.redirects):
        return False
    starts = (
        parent.program in LANGUAGES
        or parent.program in _STARTERS
        or ((row := find(parent.program)) is not None and row.escapes)
    )
    starts = starts or invocation.via == "ProxyCommand"
    return starts and not invocation.stdin_tags() and all(word.text[:1] in "-" for word in invocation.words)


def _bare(invocation: Invocation) -> bool:
    return invocation.program in SHELLS and all(word.text[:1] == "-" for word in invocation.words)


def shells(invocation: Invocation) -> Effects:
    """A shell named among the words of a program that is no shell: an escape, where that program is privileged."""
    if _started_by_another(invocation):
        yield effect(invocation, "shell-escape", invocation.program, *_rights(invocation))
    elif _bare(invocation) and invocation.parent and invocation.parent.program == "env" and _rights(invocation):
        yield effect(invocation, "root-shell", invocation.program)
    if (
        (invocation.wraps and invocation.program not in _ODD_WRAPPERS)
        or invocation.program in _SHELL_NAMING
        or invocation.program in _SAYERS
        or invocation.program in SHELLS
    ):
        return
    for word in invocation.words:
        if "sh" in word.text and _SHELL_PATH.search(word.text):
            yield effect(invocation, "shell-escape", word.text[:80], *_rights(invocation), word=word)
            return

"""Effects that any invocation can have: redirections, assignments, paths in its words, what it is fed to run."""

from __future__ import annotations

import re

from cli_tuner.safety import paths, targets
from cli_tuner.safety.effects.network import ATTACKERS
from cli_tuner.safety.effects.base import Effect, Effects, effect, on_path
from cli_tuner.shell.flow import FILLED, OUTPUT, UNSET, Word, plain
from cli_tuner.shell.interpreters import LANGUAGES, SHELLS
from cli_tuner.shell.nested import CARRIERS
from cli_tuner.shell.model import Fact, Invocation

# Their arguments are data, patterns or names, not files that they open.
_SAYERS = frozenset(
    "echo printf alias export declare local readonly typeset which type whatis apropos logger notify-send say tldr cowsay figlet "
    "pgrep pkill expr test [ [[ unalias complete compgen trap eval hash true false : info help whereis locate mlocate updatedb "
    "basename dirname readlink realpath set gsettings dconf xdg-open zenity history read hostname env printenv apt-cache kill".split()
)
# They look at a file's name or state only.
_LOOKERS = frozenset("ls ll dir stat du df mkdir lsof test tree exa eza lsattr getfacl namei md5sum sha1sum sha256sum sha512sum cksum rmdir cd pushd chsh lsd".split())
_WRITERS_ELSEWHERE = frozenset(
    "rm grm unlink shred mv cp install ln tee dd truncate touch chmod chown chgrp chattr setfacl sed gsed rsync curl wget setcap find tar scp sponge".split()
)
_READERS = frozenset(
    "cat tac head tail less more most bat nl grep egrep fgrep rg awk gawk mawk cut sort uniq wc diff cmp comm od xxd hexdump strings vi vim nvim nano view emacs "
    "visudo crontab systemctl source . bash sh zsh diff3 vimdiff sdiff column fold fmt pr paste join rev look zcat zgrep jq yq base64 md5sum systemd-analyze service "
    "augtool pygmentize glow kubectl ansible-playbook ssh make python perl ruby run-parts logrotate cfdisk visual code subl gedit kate sudo sudoedit".split()
)
_IN_WORD = re.compile(r"(?:[@=<:,'\"({\s]|^|[^\w./-])((?:~|\.{0,2})/[^\s'\"),;|&<>]*)")
_SHELL_PATH = re.compile(r"(?:^|[\s!=;:`(\"'|,])(?:/usr)?/bin/(?:ba|da|z|k|c|a|tc|fi)?sh\b")
_SHELL_NAMING = frozenset("chsh useradd adduser usermod cat ls file which whereis stat readlink ln cp chmod dpkg rpm type command install grep echo printf test [ sudo env getent find md5sum sha256sum ldd strings apt crontab xargs pacman head docker podman kubectl pw dscl update-alternatives watch man cmp diff".split())
_PRELOADS = frozenset("LD_PRELOAD LD_AUDIT DYLD_INSERT_LIBRARIES".split())
_LOADERS = frozenset("LD_LIBRARY_PATH BASH_ENV ENV PROMPT_COMMAND PYTHONSTARTUP PERL5OPT RUBYOPT NODE_OPTIONS PERL5LIB GCONV_PATH".split())
_HISTORY = frozenset("HISTFILE HISTSIZE HISTFILESIZE HISTCONTROL HISTIGNORE SAVEHIST".split())


def redirections(invocation: Invocation) -> Effects:
    """Files that redirections read or write."""
    for item in invocation.redirects:
        target = item.target.text
        if item.operator in ("<<", "<<-", "<<<") or (item.operator in (">&", "<&") and re.fullmatch(r"\d*-?", target)):
            continue
        if target.startswith(("/dev/tcp/", "/dev/udp/")):
            yield from _socket(invocation, item.target)
        elif item.writes:
            if item.descriptor in ("", "1") and "file:/etc/passwd" in invocation.stdout.tags and invocation.program == "cat":
                yield effect(invocation, "copy-accounts", target)
            yield _written(invocation, item.operator, item.target, item.descriptor)
        elif "process" not in item.target.tags:
            yield on_path(invocation, "read", item.target, "redirected")


def _written(invocation: Invocation, operator: str, target: Word, descriptor: str) -> Effect:
    append = operator in (">>", "&>>")
    if append:
        return on_path(invocation, "write", target, "append", *_says(invocation))
    blank = invocation.program in ("", ":", "true", "{") or (
        invocation.program in ("echo", "printf", "cat") and not (invocation.stdout.text or "x").strip()
    )
    blank = blank or (invocation.program == "cat" and invocation.texts() == ["/dev/null"])
    traits = ("truncate",) if blank else ("truncate-new", *_says(invocation))
    if descriptor not in ("", "1", "&"):
        traits = ("truncate-new", "errors")
    return on_path(invocation, "overwrite" if blank else "write", target, *traits)


_RUNS_NETWORK = re.compile(r"curl|wget|\bnc\b|/dev/tcp|base64|python|bash -[ci]|\bsh -|eval|socat|NOPASSWD|LD_PRELOAD")
_SETTING = re.compile(r"\A\s*(?:#.*|export\s+[\w]+=.*|alias\s+[\w.-]+=.*|[A-Z_]+=.*|source\s.*|\.\s.*|eval \"?\$\(.*init.*|set -o \w+|bindkey.*|setopt.*|autoload.*|PATH=.*)?\s*\Z", re.DOTALL)


def _says(invocation: Invocation) -> tuple[str, ...]:
    """What kind of line is written: a harmless setting, something that runs, or not known."""
    text = invocation.stdout.text
    if text is None:
        return ("said-unknown",)
    if _RUNS_NETWORK.search(text):
        return ("said-code",)
    return ("said-setting",) if _SETTING.match(text) and "\n" not in text.strip() else ("said-text",)


def _socket(invocation: Invocation, target: Word) -> Effects:
    interactive = invocation.program in SHELLS or "shell" in invocation.stdout.tags
    looped = invocation.program == "{" or "net" in invocation.stdin_tags()
    if interactive or any(item.operator == "&>" for item in invocation.redirects) and looped:
        yield effect(invocation, "reverse-shell", target.text, word=target)
        return
    sent = {tag for word in invocation.words for tag in word.tags} | invocation.stdin_tags() | invocation.stdout.tags
    for tag in sorted(sent):
        kind, _, path = tag.partition(":")
        if kind == "file" and path:
            yield on_path(invocation, "send", target, "stream", path=path)
    if invocation.program in ("cat", "base64", "tar"):
        for word in invocation.words:
            if word.text[:1] != "-":
                yield on_path(invocation, "send", word, "stream")
    yield effect(invocation, "connect", target.text, word=target)


def assignments(invocation: Invocation) -> Effects:
    """Variables that change what is loaded or remembered."""
    pairs = list(invocation.assigns.items())
    if invocation.program in ("export", "declare", "typeset", "readonly"):
        pairs += [(name, value) for name, _, value in (word.text.partition("=") for word in invocation.words) if value or _]
    for name, value in pairs:
        if name in _PRELOADS and value:
            installed = re.match(r"/(?:usr|lib|lib64|opt)/", value)
            yield effect(invocation, "preload", f"{name}={value}", *(("installed",) if installed else ()))
        elif name in _LOADERS and value and name != "LD_LIBRARY_PATH":
            yield effect(invocation, "loader", f"{name}={value}")
        elif name == "PATH" and re.match(r"(?:/tmp|/dev/shm|/var/tmp|\.)(?::|\Z|/)", value):
            yield effect(invocation, "loader", f"PATH={value}")
        elif name in _HISTORY and (value in ("", "0", "/dev/null", "ignorespace", "ignoreboth") and name != "HISTCONTROL" or (name == "HISTIGNORE" and "*" in value)):
            yield effect(invocation, "history-off", f"{name}={value}", *(("size",) if name.endswith("SIZE") else ()))


def fed(invocation: Invocation) -> Effects:
    """Code that comes from somewhere else: a download, a decoder, history, a variable."""
    for tag in sorted(invocation.tags):
        kind, _, source = tag.partition(":")
        if kind == "run" and source:
            name = source.partition(":")[0]
            yield effect(invocation, "run", source, name)
        elif tag == "globbed":
            yield effect(invocation, "hidden-name", invocation.head.text)
    if "recursion" in invocation.tags:
        traits = [each for each in ("piped",) if each in invocation.tags]
        yield effect(invocation, "recursion", invocation.program, *traits, *(("background",) if invocation.background else ()))


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
ENDLESS = frozenset({"yes", "cat", "dd", "cp"})


def words(invocation: Invocation) -> Effects:
    """Sensitive paths among the words of any program."""
    program = invocation.program
    if program in _SAYERS or program in ("", "{"):
        return
    inner = {id(word) for word in invocation.inner}
    for place, word in enumerate(invocation.words):
        text = word.text
        before = invocation.words[place - 1].text if place else ""
        if (id(word) in inner and before not in _OUTPUT_OPTIONS) or len(text) > 4096:
            continue
        if text.startswith("/dev/") and program in _READERS:
            yield on_path(invocation, "read", word)
        if paths.HOT.search(text):
            for path in _candidates(text, program):
                yield from _named(invocation, word, path, before)
        for tag in word.tags if word.flow else ():
            if tag.startswith(("found:", "broad:", "glob:", "some:")):
                yield from _named(invocation, word, tag.partition(":")[2], before)


_SCRIPTED = frozenset("ed ex vi vim sqlite3 mysql psql gdb ftp sftp tftp lftp smbclient debugfs less more bc dc cpan".split())


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


_KEY_USERS = frozenset("ssh scp sftp ssh-copy-id sshfs mosh autossh rsync ansible ansible-playbook ssh-add ssh-keygen".split())
_WHOLE = frozenset("git jq man wall mail docker podman kubectl ssh find gfind screen".split())
_OUTPUT_OPTIONS = frozenset("-o --output --output-file -O -w --write --log --log-file -l -L -Logfile --logfile -W --outfile -out --out --save".split())


def _named(invocation: Invocation, word: Word, path: str, before: str) -> Effects:
    found = paths.traits(targets.normal(path, invocation.cwd) if path[:1] != "-" else path)
    if not found:
        return
    program = invocation.program
    if before == "-i" and program in _KEY_USERS:
        return
    if found & {"secret", "credential", "socket"} and program not in _LOOKERS and not _is_metadata(program):
        yield on_path(invocation, "read", word, "mentioned", path=path)
    if program in ("xxd", "uniq") and word is invocation.words[-1] and len(invocation.words) > 1:
        before = "-o"
    sensitive = found & {"preload", "sudoers", "pam", "cron", "unit", "keys", "startup", "hook", "sshd", "trust"}
    quiet = program in _READERS or program in _LOOKERS or program in _WRITERS_ELSEWHERE
    if sensitive and (not quiet or (before in _OUTPUT_OPTIONS and program not in _WRITERS_ELSEWHERE)):
        yield on_path(invocation, "touch-config", word, "mentioned", path=path)


def _is_metadata(program: str) -> bool:
    return program in ("chmod", "chown", "chgrp", "touch", "rm", "ssh-keygen", "ssh-add", "mkdir", "ln", "mv", "shred", "ssh-copy-id", "scp", "sftp", "chattr", "setfacl", "grm", "restorecon", "chcon", "auditctl", "passwd", "visudo", "rsync", "lsattr", "mosh", "autossh", "sshfs", "ansible", "ansible-playbook", "pwck", "vipw", "useradd", "userdel", "usermod", "openssl")


def attack_scripts(invocation: Invocation) -> Effects:
    """A known attack tool run by an interpreter."""
    if invocation.program in SHELLS or invocation.program in LANGUAGES:
        for word in invocation.words:
            if word.text.rsplit("/", 1)[-1] in ATTACKERS:
                yield effect(invocation, "attack", word.text, word=word)


def shells(invocation: Invocation) -> Effects:
    """A shell named among the words of a program that is no shell: an escape, where that program is privileged."""
    parent = invocation.parent
    if invocation.program in SHELLS and not invocation.wraps and parent is not None and not invocation.redirects:
        if (parent.program in LANGUAGES or parent.program in CARRIERS or parent.program == "busybox") and not invocation.stdin_tags():
            if not any(word.text[:1] not in "-" for word in invocation.words):
                yield effect(invocation, "shell-escape", parent.program)
    if invocation.wraps or invocation.program in _SHELL_NAMING or invocation.program in _SAYERS or invocation.program in SHELLS:
        return
    for word in invocation.words:
        if "sh" in word.text and _SHELL_PATH.search(word.text):
            yield effect(invocation, "shell-escape", word.text[:80], word=word)
            return


def facts(invocation: Invocation) -> Effects:
    """What code in another language would do."""
    if not invocation.facts:
        return
    verbs = {fact.verb for fact in invocation.facts}
    if "socket" in verbs and ("shell" in verbs or "shell_loop" in verbs) and ({"dup", "shell"} & verbs):
        yield effect(invocation, "reverse-shell", "code")
    if "fetch" in verbs and "eval" in verbs:
        yield effect(invocation, "run", "net", "net")
    if "decode" in verbs and "eval" in verbs:
        yield effect(invocation, "run", "decoded", "decoded")
    for fact in invocation.facts:
        yield from _fact(invocation, fact, verbs)


def _fact(invocation: Invocation, fact: Fact, verbs: set[str]) -> Effects:
    head = invocation.words[0] if invocation.words else invocation.head
    if fact.verb in ("fork_loop", "fill", "setuid", "server"):
        yield effect(invocation, {"fork_loop": "recursion", "fill": "fill", "setuid": "setuid", "server": "serve"}[fact.verb], "code", "piped", "big")
    elif fact.verb == "kill":
        yield effect(invocation, "kill-all", "-1")
    elif fact.target:
        if fact.verb == "rmtree":
            yield on_path(invocation, "delete", head, "recursive", path=_home(fact.target))
        elif fact.verb == "unlink":
            yield on_path(invocation, "delete", head, path=_home(fact.target))
        elif fact.verb == "write":
            yield on_path(invocation, "write", head, "truncate-new", path=_home(fact.target))
        elif fact.verb == "chmod":
            yield on_path(invocation, "chmod", head, path=_home(fact.target))
        elif fact.verb == "read":
            yield on_path(invocation, "read", head, path=_home(fact.target))
            if verbs & {"send", "fetch", "socket"}:
                yield on_path(invocation, "send", head, "code", path=_home(fact.target))


def _home(path: str) -> str:
    return "/home/user" + path[1:] if path.startswith("~") else path


def unresolved(invocation: Invocation) -> Effects:
    """A program whose name is not known."""
    if invocation.program != "?":
        return
    text = invocation.head.text
    sources = {tag for tag in invocation.tags if tag.startswith("run:")}
    if OUTPUT in text or FILLED in text or UNSET in text:
        if not sources - {"run:output", "run:read", "run:variable"}:
            kind = "output" if OUTPUT in text else "variable"
            yield effect(invocation, "unresolved", plain(text), kind)


def loops(invocation: Invocation) -> Effects:
    """Endless output into a file, and loops that start jobs without end."""
    if invocation.program == "yes" and not invocation.wraps:
        for item in invocation.redirects:
            if item.target.text != "/dev/null":
                yield effect(invocation, "fill", item.target.text, "big")
        if invocation.background or any(item.target.text == "/dev/null" for item in invocation.redirects):
            yield effect(invocation, "endless", "yes")
    if invocation.program in ("cat", "dd", "cp") and any(text in ("/dev/zero", "/dev/urandom", "if=/dev/zero", "if=/dev/urandom") for text in invocation.texts()):
        for item in invocation.redirects:
            if item.writes and item.target.text != "/dev/null" and item.descriptor in ("", "1"):
                yield effect(invocation, "fill", item.target.text, "big")
    if invocation.looped and invocation.background and invocation.head.text in ("$0", "bash", "sh"):
        yield effect(invocation, "recursion", invocation.head.text, "background")

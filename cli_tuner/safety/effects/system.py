# ruff: noqa: E501  (tables: a row stays on its line, names are one string)
"""Effects on the running system: services, firewall, kernel, users, jobs, logs, processes, power.

Most rows are patterns over the joined words of one program, options included; a program that needs more
has a function.
"""

from __future__ import annotations

import re

from cli_tuner.safety.effects.base import Effects, Maker, effect, on_path, options_of
from cli_tuner.safety.effects.services import SECURITY
from cli_tuner.shell.flow import is_known
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late


def _shutdown(invocation: Invocation) -> Effects:
    texts = invocation.texts()
    if invocation.program == "shutdown" and (set(texts) & {"-c", "--show"} or ("-k" in texts)):
        return
    if invocation.program in ("halt", "reboot", "poweroff") and set(texts) & {"-w", "--wtmp-only"}:
        return
    yield effect(invocation, "shutdown", " ".join(texts))


def _init(invocation: Invocation) -> Effects:
    level = next((text for text in invocation.texts() if text[:1] != "-"), "")
    if level in ("0", "6", "1", "s", "S", "single", "emergency"):
        yield effect(invocation, "shutdown", level)
    elif level:
        yield effect(invocation, "shutdown", level, "sleep")


def _kill(invocation: Invocation) -> Effects:
    words = list(invocation.words)
    texts = invocation.texts()
    if {"-l", "-L", "--list", "--table", "-0"} & set(texts):
        return
    signal = ""
    if texts and re.match(r"-(?:\d+|[A-Za-z]\w*)\Z", texts[0]) and not (texts[0] == "-1" and len(texts) == 1):
        signal = texts[0][1:]
        words = words[1:]
        if signal in ("s", "n") and words:
            signal, words = words[0].text, words[1:]
    hard = ("hard",) if signal.upper().replace("SIG", "") in ("9", "KILL") else ()
    for word in words:
        if word.text == "-1":
            yield effect(invocation, "kill-all", "-1", word=word)
        elif word.text == "1":
            yield effect(invocation, "kill-all", "1", "init", word=word)
        elif word.text != "--":
            for tag in word.tags:
                if tag.startswith("pids:"):
                    yield from _named(invocation, [tag[5:]])
            computed = ("computed",) if word.tags or not is_known(word.text) else ()
            yield effect(invocation, "kill", word.text, *hard, *computed, word=word)


def _killall(invocation: Invocation) -> Effects:
    options = options_of(invocation, "s signal u user U g G P t pgroup session terminal F pidfile o y n ns")
    texts = invocation.texts()
    if options.has("l", "list") or "-0" in texts or not (texts or invocation.program == "killall5"):
        return
    if any(re.fullmatch(r"-(?:SIG)?(?:HUP|USR[12]|CONT|WINCH)", text) for text in texts):
        return  # a signal to reload or report, not to end
    user = options.value("u", "U", "user", "euid", "uid")
    names = [word.text for word in options.operands]
    broad = any(not re.sub(r"[.*^$]", "", name) for name in names) or (user is not None and user.text in ("root", "0"))
    if invocation.program == "killall5" or broad:
        yield effect(invocation, "kill-all", " ".join(names))
    elif user is not None:
        yield effect(invocation, "kill-name", user.text, "user")
    else:
        found = list(_named(invocation, names))
        yield from found or [effect(invocation, "kill-name", " ".join(names))]


_NEEDED = late(r"\^?(?:systemd|init|dbus-daemon|sshd|Xorg|gnome-shell|gdm\d?|lightdm|NetworkManager)\$?")


def _named(invocation: Invocation, names: list[str]) -> Effects:
    if any(SECURITY.search(name) or "cron" in name for name in names):
        yield effect(invocation, "kill-name", " ".join(names), "security")
    elif any(_NEEDED.fullmatch(name) for name in names):
        yield effect(invocation, "kill-name", " ".join(names), "core")


def _fuser(invocation: Invocation) -> Effects:
    if options_of(invocation, "n s").has("k", "kill"):
        yield effect(invocation, "kill-name", " ".join(invocation.texts()))


# Jobs that talk to the network, run hidden code, or run what anybody may replace.
_SUSPECT_JOB = late(
    r"curl|wget|nc |/dev/tcp|base64|python|bash -|(?:^|\s)(?:/tmp|/var/tmp|/dev/shm)/[^\s>]+(?<!\.log)\s*$|/\.\w+\s*$",
    re.MULTILINE,
)


def _chpasswd(invocation: Invocation) -> Effects:
    text = invocation.stdin.text if invocation.stdin else None
    if text and re.search(r"^\s*root:", text, re.MULTILINE):
        yield effect(invocation, "password", "root", "weakens")


def _crontab(invocation: Invocation) -> Effects:
    options = options_of(invocation, "u")
    if "r" in options.flags:
        yield effect(invocation, "jobs-removed", "crontab -r")
    elif options.flags & {"l", "V", "T"} or options.has("help"):
        return
    elif [word.text for word in options.operands] == ["/dev/null"]:
        yield effect(invocation, "jobs-removed", "crontab /dev/null")
    elif options.operands or invocation.stdin is not None:
        text = invocation.stdin.text if invocation.stdin else None
        runs = ("network",) if text and _SUSPECT_JOB.search(text) else ()
        runs = runs or (("network",) if "net" in invocation.stdin_tags() else ())
        yield effect(invocation, "job-installed", "crontab", *runs)
    else:
        yield effect(invocation, "job-installed", "crontab -e", "interactive")


def _at(invocation: Invocation) -> Effects:
    options = options_of(invocation, "f q t")
    if options.flags & {"l", "c", "V", "v"}:
        return
    if options.flags & {"r", "d"}:
        yield effect(invocation, "jobs-removed", "at", "one")
    else:
        yield effect(invocation, "job-installed", "at", "once")


def _systemd_run(invocation: Invocation) -> Effects:
    if any(text.startswith(("--on-", "--timer")) for text in invocation.texts()):
        yield effect(invocation, "job-installed", "systemd-run", "timer")


def _modprobe(invocation: Invocation) -> Effects:
    options = options_of(invocation, "d C S config dirname set-version")
    if invocation.program == "kmod" and options.operands[:1] and options.operands[0].text in ("list", "static-nodes"):
        return
    if options.has("n", "dry-run", "show", "D", "c", "showconfig", "show-depends") or not options.operands:
        return
    if invocation.program == "rmmod" or options.has("r", "remove"):
        yield effect(invocation, "module-removed", options.operands[0].text)
    else:
        named = re.fullmatch(r"diamorphine|reptile\w*|suterusu|adore\w*|azazel|rootkit\w*", options.operands[0].text)
        path = named or "/" in options.operands[0].text or invocation.program in ("insmod", "kldload")
        yield effect(invocation, "module-loaded", options.operands[0].text, *(("path",) if path else ()))


_SYSCTL_BAD = late(
    r"(?:randomize_va_space|kptr_restrict|dmesg_restrict|yama\.ptrace_scope|tcp_syncookies|rp_filter|perf_event_paranoid|unprivileged_bpf\w*|protected_\w+)\s*=\s*[0-]"
    r"|kernel\.(?:sysrq\s*=\s*1|core_pattern\s*=|modprobe\s*=|panic\w*\s*=|modules_disabled\s*=\s*0)|suid_dumpable\s*=\s*[12]|icmp_echo_ignore_all\s*=\s*1|vm\.(?:overcommit_memory|panic_on_oom)|accept_redirects\s*=\s*1|nmi_watchdog\s*=\s*0"
)


def _sysctl(invocation: Invocation) -> Effects:
    joined = " ".join(invocation.texts())
    if _SYSCTL_BAD.search(joined):
        yield effect(invocation, "kernel-setting", joined, "weakens")
    elif "=" in joined or re.search(r"(?:^|\s)-w\b", joined):
        yield effect(invocation, "kernel-setting", joined)


def _mount(invocation: Invocation) -> Effects:
    options = options_of(invocation, "t types o options O L U T source target label uuid")
    joined = " ".join(invocation.texts())
    operands = options.operands
    if invocation.program == "umount":
        for word in operands:
            yield on_path(invocation, "unmount", word, *(("all",) if options.has("a") else ()))
        if options.has("a", "all"):
            yield effect(invocation, "unmount", "all", "all")
        return
    if len(operands) < 1 or options.has("l", "fake", "f"):
        return
    opts = options.value("o", "options")
    remount = opts is not None and "remount" in opts.text
    if remount:
        yield on_path(
            invocation,
            "remount",
            operands[-1],
            *(("writable",) if re.search(r"\brw\b|exec|suid", opts.text if opts else "") else ()),
        )
    elif options.has("bind", "rbind", "B", "R", "M", "move") or (opts is not None and "bind" in opts.text):
        yield on_path(invocation, "bind-mount", operands[-1])
    elif len(operands) > 1:
        yield on_path(
            invocation,
            "mount",
            operands[-1],
            *(("over",) if re.match(r"tmpfs|overlay", operands[0].text) or "-t tmpfs" in joined else ()),
        )


def _history(invocation: Invocation) -> Effects:
    options = options_of(invocation, "d a n r w s p")
    if "c" in options.flags:
        yield effect(invocation, "history-off", "history -c")
    elif "d" in options.flags:
        yield effect(invocation, "history-off", "history -d", "one")
    for name, verb in (("w", "write"), ("a", "write"), ("r", "read")):
        word = options.value(name)
        if word is not None:
            yield on_path(invocation, verb, word)


def _trap(invocation: Invocation) -> Effects:
    texts = invocation.texts()
    if "DEBUG" in texts[1:] or (len(texts) > 1 and re.search(r"\b(?:nohup|setsid|disown|curl|wget)\b", texts[0])):
        yield effect(invocation, "hooked", "DEBUG")


def _set_option(invocation: Invocation) -> Effects:
    joined = " ".join(invocation.texts())
    if re.search(r"\+o\s+history|\+H\b", joined):
        yield effect(invocation, "history-off", joined)


def _unset(invocation: Invocation) -> Effects:
    for word in invocation.words:
        if re.fullmatch(r"HIST(?:FILE|SIZE|FILESIZE|CONTROL|IGNORE)|SAVEHIST|PROMPT_COMMAND", word.text):
            yield effect(invocation, "history-off", word.text, word=word)


def _dmesg(invocation: Invocation) -> Effects:
    if options_of(invocation, "F f l n s").has("C", "clear", "c", "read-clear"):
        yield effect(invocation, "log-clear", "dmesg")


def _date(invocation: Invocation) -> Effects:
    options = options_of(invocation, "d date r reference f file I iso-8601 rfc-3339")
    sets = options.has("s", "set") or any(
        re.fullmatch(r"\d{8}(?:\d{2}){0,2}(?:\.\d\d)?", word.text) for word in options.operands
    )
    if sets and invocation.program == "date":
        yield effect(invocation, "clock", "date")


SYSTEM: dict[str, Maker] = {
    **dict.fromkeys(("shutdown", "reboot", "poweroff", "halt"), _shutdown), **dict.fromkeys(("init", "telinit"), _init),
    "kill": _kill, **dict.fromkeys(("killall", "pkill", "killall5", "skill", "xkill"), _killall), "fuser": _fuser,
    "crontab": _crontab, "chpasswd": _chpasswd, **dict.fromkeys(("at", "batch"), _at), "systemd-run": _systemd_run,
    **dict.fromkeys(("modprobe", "insmod", "rmmod", "kldload", "kextload", "kmod"), _modprobe), "sysctl": _sysctl,
    **dict.fromkeys(("mount", "umount"), _mount), "history": _history, "trap": _trap, "set": _set_option, "unset": _unset, "dmesg": _dmesg, "date": _date,
}  # fmt: skip

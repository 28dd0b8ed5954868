"""The table of programs that run another program given in their words, one row a wrapper.

A row says which options take a value and how many operands go before the command. Sources: the man pages
of util-linux, coreutils, sudo, moreutils, systemd, docker, kubectl; GTFOBins for the less obvious ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from cli_tuner.shell.flow import Word


@dataclass(slots=True, frozen=True)
class Wrapper:
    """How to find the command in a wrapper's words.

    Attributes:
        valued: Options that take a value (letters and long names, without dashes).
        operands: How many operands go before the command.
        assigns: Whether `NAME=value` words may go before the command.
        verb: Subcommands that must come first (`exec`), any one of them.
        inert: Options that keep the command from running.
        after: The command starts after this word (`--`), if it is there.
    """

    valued: frozenset[str] = frozenset()
    operands: int = 0
    assigns: bool = False
    verb: frozenset[str] = frozenset()
    inert: frozenset[str] = frozenset()
    after: str = ""


def _row(
    valued: str = "",
    operands: int = 0,
    *,
    assigns: bool = False,
    verb: str = "",
    inert: str = "",
    after: str = "",
) -> Wrapper:
    words = frozenset
    return Wrapper(words(valued.split()), operands, assigns, words(verb.split()), words(inert.split()), after)


_CONTAINER = (
    "e env u user w workdir v volume p publish name network net m memory cpus entrypoint h hostname l label mount "
    "env-file restart log-driver device cap-add cap-drop security-opt pid ipc userns add-host dns gpus runtime "
    "platform c cpu-shares detach-keys ulimit shm-size tmpfs a attach link expose group-add stop-signal ip "
    "log-opt volumes-from pull cidfile context H host isolation uts privileged-ports cgroupns annotation"
)
_KUBE = "n namespace c container context kubeconfig cluster user f filename s server pod-running-timeout token"

WRAPPERS: dict[str, Wrapper] = {
    "sudo": _row(
        "u user g group p prompt C close-from D chdir h host R chroot r role T command-timeout t type U other-user",
        assigns=True,
        inert="l list v validate V version k-only K e edit help",
    ),
    "doas": _row("u C a", assigns=True, inert="L"),
    "env": _row("u unset C chdir block-signal default-signal ignore-signal", assigns=True, inert="help version"),
    "nohup": _row(inert="help version"),
    "nice": _row("n adjustment"),
    "time": _row("f format o output"),
    "gtime": _row("f format o output"),
    "timeout": _row("k kill-after s signal", 1),
    "gtimeout": _row("k kill-after s signal", 1),
    "stdbuf": _row("i input o output e error"),
    "setsid": _row(),
    "ionice": _row("c class n classdata p pid P u"),
    "chrt": _row("T P D p", 1),
    "taskset": _row("p pid", 1),
    "chroot": _row("userspec groups", 1),
    "unshare": _row("S G w R setuid setgid wd root map-user map-group propagation"),
    "nsenter": _row("t target S setuid G setgid"),
    "setarch": _row("", 1),
    "linux32": _row(),
    "linux64": _row(),
    "setpriv": _row("reuid regid groups inh-caps bounding-set ambient-caps securebits pdeathsig selinux-label"),
    "prlimit": _row("p pid o output"),
    "choom": _row("n adjust p pid"),
    "numactl": _row("N m C i p physcpubind cpunodebind membind"),
    "strace": _row("o e p s u E a I P X b S U output trace"),
    "ltrace": _row("o e p s u a n x l A D F"),
    "exec": _row("a"),
    "command": _row(inert="v V"),
    "builtin": _row(),
    "coproc": _row(),
    "noglob": _row(),
    "nocorrect": _row(),
    "busybox": _row(inert="list list-full install help"),
    "toybox": _row(inert="long help"),
    "xvfb-run": _row("n s f w e p server-num server-args auth-file"),
    "firejail": _row("profile name net private"),
    "bwrap": _row("bind ro-bind dev-bind proc dev tmpfs setenv chdir uid gid hostname dir"),
    "proot": _row("r R S b w q k rootfs bind cwd"),
    "systemd-run": _row("u unit p property M machine H host E setenv G uid gid slice on-calendar on-boot on-active"),
    "systemd-inhibit": _row("what who why mode"),
    "flock": _row("w wait timeout E c command", 1),
    "pkexec": _row("user"),
    "gosu": _row("", 1),
    "su-exec": _row("", 1),
    "setuidgid": _row("", 1),
    "chpst": _row("u U b e m d o p f c r t l L n"),
    "softlimit": _row("d s l a m o f p c r t"),
    "dbus-run-session": _row("config-file dbus-daemon"),
    "dbus-launch": _row(),
    "torsocks": _row("a u p P"),
    "torify": _row(),
    "proxychains": _row("f"),
    "proxychains4": _row("f"),
    "tsocks": _row(),
    "unbuffer": _row(),
    "rlwrap": _row("H s f w b l"),
    "valgrind": _row(),
    "perf": _row("e o p a", 0, verb="stat record trace"),
    "ssh-agent": _row("a t E", inert="k s c"),
    "sshpass": _row("p f d P"),
    "cgexec": _row("g"),
    "faketime": _row("f", 1),
    "daemonize": _row("a c e o p l u E"),
    "fakeroot": _row("l s i b lib faked"),
    "fakechroot": _row(),
    "eatmydata": _row(),
    "catchsegv": _row(),
    "caffeinate": _row("t w"),
    "trickle": _row("d u w t l"),
    "entr": _row(),
    "run0": _row("u user"),
    "aoss": _row(),
    "tini": _row("p e w"),
    "dumb-init": _row("r c"),
    "watchexec": _row("w e i d s watch exts"),
    "nodemon": _row("x exec w e i", inert="x exec"),
    "capsh": _row("", 0, after="--"),
    "ip": _row("", 1, verb="netns", after=""),
    "docker": _row(_CONTAINER, 1, verb="exec run"),
    "podman": _row(_CONTAINER, 1, verb="exec run"),
    "nerdctl": _row(_CONTAINER, 1, verb="exec run"),
    "docker-compose": _row(_CONTAINER + " f file", 1, verb="exec run"),
    "kubectl": _row(_KUBE, 1, verb="exec"),
    "oc": _row(_KUBE, 1, verb="exec rsh"),
    "lxc": _row("", 1, verb="exec"),
    "lxc-attach": _row("n name", after="--"),
    "machinectl": _row("", 1, verb="shell"),
    "poetry": _row("", verb="run"),
    "pipenv": _row("", verb="run"),
    "uv": _row("with p python extra group", verb="run"),
    "bundle": _row("", verb="exec"),
    "rbenv": _row("", verb="exec"),
    "pyenv": _row("", verb="exec"),
    "conda": _row("n name p prefix", verb="run"),
    "direnv": _row("", 1, verb="exec"),
    "dotenv": _row("f file"),
    "npm": _row("c p", verb="exec"),
    "nix-shell": _row("p I", inert="p run"),
    "chronic": _row(),
    "ts": _row("", inert="i s m"),
    "ifne": _row(),
    "tsp": _row("L N D"),
    "errno": _row(),
    "stdoutisatty": _row(),
    "setlock": _row("", 1),
    "scl": _row("", 2, verb="enable"),
    "flatpak-spawn": _row("directory env sandbox-expose forward-fd"),
    "sem": _row("j jobs id"),
    "ld.so": _row("library-path preload argv0 audit inhibit-rpath", inert="list verify help version list-tunables"),
    "distrobox": _row("n name", after="--"),
    "toolbox": _row("c container", verb="run"),
    "arch-chroot": _row("u", 1),
    "systemd-nspawn": _row("D directory i image M machine u user bind bind-ro"),
    "schroot": _row("c chroot u user d directory"),
    "aa-exec": _row("p profile n namespace"),
    "cpulimit": _row("l limit e exe p pid c cpu"),
    "runcon": _row("t u r l", 1),
    "logsave": _row("", 1),
    "nocache": _row(),
    "nq": _row(),
    "npx": _row("p package c call"),
    "bunx": _row("p package"),
    "mise": _row("C", after="--"),
    "op": _row("env-file", verb="run"),
    "doppler": _row("p project c config", verb="run"),
    "aws-vault": _row("d duration", 1, verb="exec"),
    "incus": _row("", 1, verb="exec"),
    "pct": _row("", 1, verb="exec"),
    "crictl": _row("", 1, verb="exec"),
    "pdm": _row("", verb="run"),
    "hatch": _row("", verb="run"),
    "rye": _row("", verb="run"),
    "pixi": _row("", verb="run"),
    "retry": _row("t times d delay"),
    "winpty": _row(),
    "memusage": _row("p png d data n"),
}


def inner_command(wrapper: Wrapper, words: list[Word]) -> tuple[list[Word], list[str]]:
    """Return the words of the command that a wrapper would run, and the `NAME=value` words before it.

    Args:
        wrapper: Its row in the table.
        words: The wrapper's arguments. No words come back where it runs nothing.
    """
    at = 0
    if wrapper.after:
        at = next((place + 1 for place, word in enumerate(words) if word.text == wrapper.after), len(words))
        return words[at:], []
    if wrapper.verb:
        at = next((place + 1 for place, word in enumerate(words) if word.text in wrapper.verb), len(words))
    skip = wrapper.operands
    assigns: list[str] = []
    while at < len(words):
        text = words[at].text
        if text == "--":
            at += 1
            if skip <= 0:
                break
        elif len(text) > 1 and text[0] == "-":
            taken = _option(wrapper, text)
            if taken < 0:
                return [], []
            at += taken
        elif text == "+x" or (wrapper.assigns and _is_assignment(text)):
            assigns.append(text)
            at += 1
        elif skip > 0:
            skip -= 1
            at += 1
        else:
            break
    return words[at:], assigns


def _is_assignment(text: str) -> bool:
    name, equals, _ = text.partition("=")
    return bool(equals) and name.replace("_", "a").isalnum() and not name[0].isdigit()


def _option(wrapper: Wrapper, text: str) -> int:
    """Return how many words an option takes, or -1 where it keeps the command from running."""
    if text.startswith("--"):
        name, equals, _ = text[2:].partition("=")
        if name in wrapper.inert:
            return -1
        long = not equals and (name in wrapper.valued or _abbreviated(name, wrapper.valued))
        return 2 if long else 1
    for place, letter in enumerate(text[1:], start=1):
        if letter in wrapper.inert:
            return -1
        if letter in wrapper.valued:
            return 1 if place + 1 < len(text) else 2
    return 1


def _abbreviated(name: str, valued: frozenset[str]) -> bool:
    return len(name) > 3 and any(each.startswith(name) for each in valued if len(each) > 1)

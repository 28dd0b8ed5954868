"""Runs one command in a bubblewrap sandbox on a fresh copy of a tree; returns output, exit code and effect.

No network, no capabilities, a user and a process namespace of its own, nothing of the host but `/usr` (read-only),
limits on time, memory, processes and file sizes. It is a second wall: callers give it only what the safety analysis
calls SAFE. What goes wrong around the command is a `HarnessError`, never an outcome.
Source: https://github.com/containers/bubblewrap (bwrap(1): --json-status-fd tells an exit code from a failed start).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from cli_tuner.errors import CliTunerError, PrerequisiteError
from cli_tuner.evaluate.tree import HOME, Effect, Entry, Tree, World, changes, plant, snapshot

_BASH = ("/bin/bash", "--norc", "--noprofile", "-c")
_ETC = {
    "passwd": "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
    "user:x:1000:1000:User:/home/user:/bin/bash\n",
    "group": "root:x:0:\nadm:x:4:user\nnogroup:x:65534:\nuser:x:1000:\n",
    "hosts": "127.0.0.1\tlocalhost\n127.0.1.1\tsandbox\n",
    "networks": "default 0.0.0.0\nloopback 127.0.0.0\nlink-local 169.254.0.0\n",
    "resolv.conf": "nameserver 192.0.2.53\nnameserver 192.0.2.54\nsearch example.com\n",
    "shells": "/bin/sh\n/bin/bash\n",
    "hostname": "sandbox\n",
}
"""Files of /etc that commands look at: made up, as nothing of this machine is to be seen."""
_ENVIRONMENT = {
    "HOME": HOME, "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
    "TZ": "UTC", "TERM": "dumb", "USER": "user", "LOGNAME": "user", "SHELL": "/bin/bash",
}  # fmt: skip
_STOPPED = (128 + 9, 128 + 24, 128 + 25)  # SIGKILL, SIGXCPU, SIGXFSZ
_HINT = "install bubblewrap (apt install bubblewrap) on a machine that allows user namespaces, or leave out --execute"


class HarnessError(CliTunerError):
    """The sandbox itself failed: nothing is known about the command."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one command may use.

    Attributes:
        timeout_s: Seconds of wall time; tried once more with twice as many.
        cpu_s: Seconds of processor time of one process.
        memory_kib: Address space of one process.
        file_kib: Size of one file, standard output among them.
        processes: Processes at a time.
        tree_bytes: Bytes of all files afterwards.
    """

    timeout_s: float = 10.0
    cpu_s: int = 5
    memory_kib: int = 1 << 20
    file_kib: int = 4096
    processes: int = 512
    tree_bytes: int = 64 << 20

    def script(self) -> str:
        """Return Bash that sets the limits and then becomes the command."""
        numbers = f"-t {self.cpu_s} -v {self.memory_kib} -f {self.file_kib} -u {self.processes} -c 0"
        return f'ulimit {numbers}; exec {" ".join(_BASH)} "$1" /bin/bash'


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did.

    Attributes:
        stdout: Its standard output.
        exit_code: 0 to 255; -1 where it was not left to end.
        effect: What is different in the tree: path to what it is now, None where it is gone.
        failure: `timeout`, `space`, or `limit` (stopped by a signal of a limit), else empty.
        stderr: The first bytes of its standard error, for reports; not compared.
    """

    stdout: bytes
    exit_code: int
    effect: Effect
    failure: str = ""
    stderr: str = field(default="", compare=False)

    @property
    def observable(self) -> bool:
        """Whether there is anything to compare: output, or a change on disk."""
        return not self.failure and (bool(self.stdout.strip()) or bool(self.effect))


class Sandbox:
    """A way to run commands apart from this machine.

    Args:
        limits: What each command may use.

    Raises:
        PrerequisiteError: bubblewrap is missing or cannot make namespaces here.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._hardening = hardening()
        shared_memory = Path("/dev/shm")  # noqa: S108  (a scratch folder in memory; mkdtemp makes it ours)
        where = shared_memory if os.access(shared_memory, os.W_OK) else None
        self._folder = tempfile.TemporaryDirectory(prefix="cli-tuner-sandbox-", dir=where)
        self._etc = Path(self._folder.name) / "etc"
        self._etc.mkdir()
        for name, text in _ETC.items():
            (self._etc / name).write_text(text)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def facts(self) -> dict[str, object]:
        """Return the isolator and what each command may use."""
        return {"isolator": "bubblewrap", "hardening": list(self._hardening), **asdict(self.limits)}

    def run(self, command: str, where: Tree | World) -> Outcome:
        """Run `command` by Bash in a fresh copy of a tree or world.

        Raises:
            HarnessError: The sandbox could not be started, or broke.
        """
        world = where if isinstance(where, World) else World(where)
        outcome = self._run(command, world, self.limits.timeout_s)
        return outcome if outcome.failure != "timeout" else self._run(command, world, 2 * self.limits.timeout_s)

    def build(self, script: str, world: World) -> dict[str, Entry]:
        """Run a script that sets up a whole world, and return the tree that it left.

        Raises:
            HarnessError: The sandbox could not be started, or the script did not end.
        """
        work = Path(tempfile.mkdtemp(dir=self._folder.name))
        try:
            plant(world, work / "root")
            if self._start(script, work, world, 2 * self.limits.timeout_s) is None:
                raise HarnessError("the script that sets up a file system did not end", hint=_HINT)
            return snapshot(work / "root", world.now)
        finally:
            _remove(work)

    def _run(self, command: str, world: World, timeout_s: float) -> Outcome:
        work = Path(tempfile.mkdtemp(dir=self._folder.name))
        try:
            plant(world, work / "root")
            exit_code = self._start(command, work, world, timeout_s)
            stdout = (work / "stdout").read_bytes()
            stderr = (work / "stderr").read_bytes()[:2000].decode("utf-8", "replace")
            if exit_code is None:
                return Outcome(b"", -1, {}, "timeout", stderr)
            effect = changes(world, work / "root", self.limits.tree_bytes)
            if effect is None:
                return Outcome(b"", -1, {}, "space", stderr)
            return Outcome(stdout, exit_code, effect, "limit" if exit_code in _STOPPED else "", stderr)
        except OSError as error:
            raise HarnessError(f"the sandbox broke: {error}", hint="is the disk full?") from error
        finally:
            _remove(work)

    def _start(self, command: str, work: Path, world: World, timeout_s: float) -> int | None:
        """Return the exit code, None after a time-out."""
        argv = [*self._argv(work, world), *_BASH, self.limits.script(), "_", command]
        status_read, status_write = os.pipe()
        with (
            os.fdopen(status_read, encoding="utf-8") as status,
            (work / "stdout").open("wb") as stdout,
            (work / "stderr").open("wb") as stderr,
        ):
            argv[1:1] = ["--json-status-fd", str(status_write)]
            try:
                child = subprocess.Popen(
                    argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, pass_fds=(status_write,),
                )  # fmt: skip
            finally:
                os.close(status_write)
            try:
                child.wait(timeout_s)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                return None
            found = [json.loads(line) for line in status if line.strip()]
        code = next((each["exit-code"] for each in found if "exit-code" in each), None)
        if code is None:
            raise HarnessError(f"bubblewrap did not start the command: {_first_line(work / 'stderr')}", hint=_HINT)
        return int(code)

    def _argv(self, work: Path, world: World) -> list[str]:
        etc = [part for file in sorted(self._etc.iterdir()) for part in ("--ro-bind", str(file), f"/etc/{file.name}")]
        more = [part for pair in world.variables.items() for part in ("--setenv", *pair)]
        libraries = [
            part for name in ("ld.so.cache", "alternatives") for part in ("--ro-bind-try", *[f"/etc/{name}"] * 2)
        ]
        temporary = ("--bind", str(work / "root/tmp"), "/tmp")  # noqa: S108
        if world.whole:
            root = ("--bind", str(work / "root/abs"), "/")
            variables = ("--setenv", "HOME", "/root", "--setenv", "USER", "root", "--setenv", "LOGNAME", "root", *more)
            return [
                *_isolated(self._hardening, root, user="0"),
                *etc,
                *libraries,
                *temporary,
                *variables,
                "--chdir",
                "/",
            ]
        tops = [part for top in sorted((work / "root/abs").iterdir()) for part in ("--bind", str(top), f"/{top.name}")]
        home = ("--bind", str(work / "root/user"), HOME, "--remount-ro", "/", "--chdir", HOME)
        return [*_isolated(self._hardening), *etc, *libraries, *tops, *temporary, *more, *home]


def _isolated(hardening: Sequence[str], root: Sequence[str] = (), user: str = "1000") -> list[str]:
    usr = [part for name in ("bin", "sbin", "lib", "lib64") for part in ("--symlink", f"usr/{name}", f"/{name}")]
    variables = [part for pair in _ENVIRONMENT.items() for part in ("--setenv", *pair)]
    return [
        "bwrap", "--unshare-all", "--unshare-user", *hardening, "--uid", user, "--gid", user,
        "--hostname", "sandbox", "--cap-drop", "ALL", "--new-session", "--die-with-parent", "--clearenv", *variables,
        *root, "--ro-bind", "/usr", "/usr", *usr, "--proc", "/proc", "--dev", "/dev",
    ]  # fmt: skip


@cache
def hardening() -> tuple[str, ...]:
    """Start bubblewrap once; return the options that only newer versions know.

    Raises:
        PrerequisiteError: It is missing, or the kernel refuses namespaces.
    """
    if shutil.which("bwrap") is None:
        raise PrerequisiteError("bwrap is not installed: commands run in its sandbox or not at all", hint=_HINT)
    why = ""
    for options in (("--disable-userns",), ()):
        done = subprocess.run([*_isolated(options), "/bin/true"], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return options
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    raise PrerequisiteError(f"bwrap cannot make a sandbox here: {why}", hint=_HINT)


def _first_line(path: Path) -> str:
    return (path.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["no reason given"])[0]


def _remove(folder: Path) -> None:
    """Delete a tree in which a command may have locked folders, or dug deeper than Python can follow."""
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):
        subprocess.run(["chmod", "-R", "u+rwX", "--", str(folder)], capture_output=True, check=False)
        subprocess.run(["rm", "-rf", "--", str(folder)], capture_output=True, check=False)

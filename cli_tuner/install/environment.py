"""Makes and fills an environment: torch by pip, everything else by uv from this Python's lock, checked by hashes.

Where uv cannot be had, pip installs the same lock. `--no-deps` everywhere: the lock is the whole closure, and what it
leaves out (locks/excludes.txt) or changes (locks/overrides.txt) must not come back through a dependency.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from cli_tuner.errors import LaunchError, PrerequisiteError
from cli_tuner.install import stamp, start, torch_build

LOCKS = Path(__file__).parent / "locks"
CHECKOUT = Path(__file__).parents[2]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Installer:
    """The two programs that install into one environment.

    Attributes:
        python: The environment's interpreter.
        pip: The words that start a recent pip for it.
        uv: uv's program; None where it cannot be had.
        log: Where both write.
    """

    python: Path
    pip: tuple[str, ...]
    uv: str | None
    log: Path

    def run(self, argv: Sequence[str | Path], environ: Mapping[str, str]) -> None:
        """Run one installation step, its output appended to the log.

        Raises:
            LaunchError: It failed; its last line is the reason.
        """
        with self.log.open("a", encoding="utf-8") as log:
            done = subprocess.run(argv, stdout=log, stderr=subprocess.STDOUT, env=dict(environ))
        if done.returncode:
            raise LaunchError(
                f"{Path(argv[0]).name} ended with {done.returncode}: {_last_line(self.log)}",
                hint=f"the whole output is in {self.log}; the same command continues",
            )

    def install(self, *words: str | Path) -> None:
        """Install `words` without dependencies, by uv or else by pip."""
        if self.uv:
            self.run([self.uv, "pip", "install", "--python", self.python, "--no-deps", *words], _environ())
        else:
            self.run([*self.pip, "install", "--no-deps", *words], _environ())


def locks_for(python: str, *, full: bool) -> list[Path]:
    """Return the lock of a Python line (`3.11`), and the rest of what Axolotl declares where `full` is asked."""
    line = f"py{python.replace('.', '')}"
    return [LOCKS / f"{line}.txt", *([LOCKS / f"{line}-full.txt"] if full else [])]


def make(folder: Path, say: Say, *, full: bool = False, this_python: bool = False) -> None:
    """Make the environment `folder`, continue it, bring it up to its lock, or do nothing where all is well.

    Args:
        folder: The environment's folder.
        say: Writes a line for a person.
        full: Install all that Axolotl declares.
        this_python: Refuse an environment that another version of Python made.

    Raises:
        PrerequisiteError: Something is missing that we cannot install, or the environment is another one's.
        LaunchError: pip or uv failed.
    """
    running = "{}.{}".format(*sys.version_info[:2])
    have = stamp.read(folder)
    if have:
        stamp.check_same_place(have, folder)
        if this_python and have.python != running:
            raise PrerequisiteError(
                f"{folder} is of Python {have.python}, you asked for {running}",
                hint=f"rm -r {folder.name} && make setup",
            )
    python = have.python if have else stamp.interpreter_version(folder) or running
    full = full or bool(have and have.full)
    locks = locks_for(python, full=full)
    wanted = stamp.Stamp(str(folder.resolve()), python, stamp.digest([*locks, *_own_files()]), full)
    if have == wanted and not _lacking(folder, locks):
        return
    start.check_system()
    start.check_venv_module(shutil.which("uv"))
    cuda = start.has_nvidia_gpu()
    start.check_disk(folder, start.bytes_needed(full=full, cuda=cuda) if not have else start.DOWNLOAD_BYTES)
    _announce(folder, have, _lacking(folder, locks), say)
    _create(folder, python)
    (folder / stamp.NAME).unlink(missing_ok=True)
    _fill(folder, locks, say, warn_of_cuda=not cuda)
    wanted.write(folder)


def fill_own(say: Say, *, full: bool = False) -> None:
    """Install the lock into the environment that this process runs in, which the user made for us.

    Raises:
        PrerequisiteError: It is no environment of its own, or has another Axolotl than the lock: nothing is changed.
        LaunchError: pip or uv failed.
    """
    folder = Path(sys.prefix)
    locks = locks_for("{}.{}".format(*sys.version_info[:2]), full=full)
    if sys.prefix == sys.base_prefix:
        raise PrerequisiteError(
            f"{sys.executable} is the system's Python, not an environment",
            hint="uv tool install cli-tuner, or python3 -m venv .venv && .venv/bin/pip install cli-tuner",
        )
    have, wanted = stamp.installed(folder).get("axolotl"), stamp.pinned(locks[0])["axolotl"]
    if have and have != wanted:
        raise PrerequisiteError(
            f"this environment has Axolotl {have}, the lock has {wanted}; a version of yours is not changed",
            hint="cli-tuner setup --here  (adds only what is missing), or use an environment of its own",
        )
    start.check_system()
    cuda = start.has_nvidia_gpu()
    start.check_disk(folder, start.bytes_needed(full=full, cuda=cuda))
    _fill(folder, locks, say, warn_of_cuda=not cuda)


def _lacking(folder: Path, locks: Sequence[Path]) -> list[str]:
    have = stamp.installed(folder)
    return sorted({name for lock in locks for name in stamp.pinned(lock)} - set(have))


def _own_files() -> list[Path]:
    return [path for path in (CHECKOUT / "pyproject.toml",) if path.is_file()]


def _announce(folder: Path, have: stamp.Stamp | None, lacking: Sequence[str], say: Say) -> None:
    if have and lacking:
        say(f"{folder.name} is incomplete ({lacking[0]} is missing): installing the rest")
    elif have:
        say(f"the lock changed: bringing {folder.name} up to it")
    elif folder.exists():
        say(f"{folder.name} was not finished: continuing its installation")
    else:
        say(f"installing the tested environment into {folder.name}: one to three minutes, once")


def _create(folder: Path, python: str) -> None:
    if stamp.interpreter_version(folder) == python and (folder / "pyvenv.cfg").is_file():
        return
    uv = shutil.which("uv")
    if uv:
        argv = [uv, "venv", "--seed", "--clear", "--python", sys.executable, str(folder)]
    else:
        argv = [sys.executable, "-m", "venv", "--clear", str(folder)]
    done = subprocess.run(argv, capture_output=True, text=True, env=_environ())
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise PrerequisiteError(
            f"{folder} cannot be made: {lines[-1] if lines else 'no reason given'}",
            hint="apt install python3-venv (Debian, Ubuntu), or free the folder",
        )


def _fill(folder: Path, locks: Sequence[Path], say: Say, *, warn_of_cuda: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="cli-tuner-") as tools:
        installer = _tools(folder, Path(tools))
        _torch(installer, folder, locks, say, warn_of_cuda=warn_of_cuda)
        started = time.monotonic()
        words: list[str | Path] = []
        for lock in [*locks, *([] if "triton" in stamp.installed(folder) else [LOCKS / "cpu.txt"])]:
            words += ["-r", lock]
        installer.install("--require-hashes", *words)
        if _own_files():
            installer.install("--no-build-isolation", "-e", CHECKOUT)
        say(f"  {len(stamp.installed(folder))} distributions in {time.monotonic() - started:.0f} s")


def _tools(folder: Path, tools: Path) -> Installer:
    """Return a recent pip, and uv from the PATH or beside it; without a network for them, the environment's own pip."""
    python, log, uv = folder / "bin" / "python", folder / "install.log", shutil.which("uv")
    own_pip = (str(python), "-m", "pip")
    makers: list[tuple[str, ...]] = [(*own_pip, "install")]
    if uv:
        makers.insert(0, (uv, "pip", "install", "--python", str(python)))
    words = ("--no-deps", "--require-hashes", "--target", str(tools), "-r", str(LOCKS / "bootstrap.txt"))
    for maker in makers:
        with suppress(LaunchError):
            Installer(python, own_pip, None, log).run([*maker, *words], _environ())
            return Installer(python, (str(python), str(tools / "pip")), uv or str(tools / "bin" / "uv"), log)
    return Installer(python, own_pip, uv, log)


def _torch(installer: Installer, folder: Path, locks: Sequence[Path], say: Say, *, warn_of_cuda: bool) -> None:
    """Install torch with its CUDA libraries, if its build has them, at the versions that the lock has for the rest."""
    version = stamp.pinned(LOCKS / "torch.txt")["torch"]
    if stamp.installed(folder).get("torch", "").partition("+")[0] == version:
        return
    requirement = f"torch=={version}"
    if warn_of_cuda and torch_build.would_take_cuda(installer.pip, requirement, _environ()):
        say(torch_build.NOTICE)
        start.check_disk(folder, start.bytes_needed(full=False, cuda=True))
    started = time.monotonic()
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as versions:
        # Without hashes: pip would demand one for torch too, and the CPU build's is not the lock's business.
        versions.write("\n".join(f"{name}=={pin}" for name, pin in stamp.pinned(locks[0]).items()))
        versions.flush()
        words = ["--quiet", "--no-compile", "-c", versions.name, requirement]
        installer.run([*installer.pip, "install", *words], _environ())
    found = stamp.installed(folder).get("torch", version)
    say(f"  torch {found} in {time.monotonic() - started:.0f} s")


def adopt(say: Say) -> None:
    """Install what we need, and this package, into the running Python; change no version that is there.

    Raises:
        PrerequisiteError: This Python may not be installed into, or one of its versions is older than we need.
    """
    before = _versions()
    own = str(CHECKOUT) if _own_files() else "cli-tuner"
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as held:
        held.write("\n".join(f"{name}=={version}" for name, version in before.items() if name != "cli-tuner"))
        held.flush()
        uv = shutil.which("uv")
        pip = [uv, "pip", "install", "--python", sys.executable] if uv else [sys.executable, "-m", "pip", "install"]
        target = ["-e", own] if _own_files() else [own]
        done = subprocess.run([*pip, "-q", "-c", held.name, *target], capture_output=True, text=True, env=_environ())
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise PrerequisiteError(
            f"{sys.executable} takes no installation: {lines[0] if lines else 'no reason given'}",
            hint="nothing was changed; `cli-tuner` in an environment of its own: make setup",
        )
    after = _versions()
    changed = [name for name, version in before.items() if after.get(name) != version and name != "cli-tuner"]
    if changed:
        raise LaunchError(f"the version of {', '.join(changed)} changed", hint="pip install the one you had; report it")
    new = sorted(set(after) - set(before))
    say(f"added {', '.join(new) or 'nothing'}; no version that was there changed; next:\n  cli-tuner doctor")


def _versions() -> dict[str, str]:
    return {stamp.normalised(one.metadata["Name"]): one.version for one in distributions()}


def _environ() -> dict[str, str]:
    """Return the environment for pip and uv: certificates as the system has them, no question asked."""
    environ = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "UV_SYSTEM_CERTS": "1"}
    environ.pop("VIRTUAL_ENV", None)
    return environ


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text("utf-8", errors="replace").splitlines() if line.strip()]
    told = [line for line in lines if line.lower().startswith(("error", "×", "no space", "oserror"))]
    return (told or lines or ["nothing was printed"])[-1][:300]

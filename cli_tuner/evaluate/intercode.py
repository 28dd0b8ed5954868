"""InterCode-ALFA, the field's public benchmark: 300 tasks on five file systems, read from the package `icalfa`.

J. Yang et al., InterCode (https://arxiv.org/abs/2306.14898) made the tasks; F. Westenfelder et al., NL2SH
(https://arxiv.org/abs/2502.06858) corrected them, gave each a second right answer and published the package (MIT). Only
its data is used, never its code: the file systems are built by its own scripts inside our sandbox, not in Docker.
"""

from __future__ import annotations

import struct
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from cli_tuner.errors import PrerequisiteError
from cli_tuner.evaluate.cases import Case, Suite, intercode_suite, spread
from cli_tuner.evaluate.sandbox import Sandbox
from cli_tuner.evaluate.tree import Entry, World
from cli_tuner.files import sha256_file

VERSION = "0.3.6"
N_SYSTEMS = 5
_DAY = 86_400
_USUAL = {"LS_COLORS": "rs=0:di=01;34:ln=01;36", "EDITOR": "vi"}
_VARIABLES = {"1": {"FILES": "/testbed/hello.c /testbed/FooBar.html"}}
"""What the images of the package set; only the first sets anything. Beside it stands what a shell usually has."""
_LOGIN = struct.Struct("<hxxi32s4s32s256shhiii16s20x")
"""glibc's `struct utmp` on x86-64, utmp(5): kind, process, line, id, user, host, …, seconds."""


def _logins() -> bytes:
    """Return two sessions and a start of the machine, for `who`, `last` and their kin; the time is fixed."""
    rows = [
        (2, 0, b"~", b"~~", b"reboot", b"6.1.0"),
        (7, 1, b"pts/0", b"ts/0", b"user", b"192.0.2.7"),
        (7, 1, b"pts/1", b"ts/1", b"root", b"192.0.2.8"),
    ]
    return b"".join(_LOGIN.pack(*row, 0, 0, 0, 1_704_100_000 + 60 * number, 0, b"") for number, row in enumerate(rows))


_CONTAINER = {
    "/etc": Entry(mode=0o755, age_s=30 * _DAY),
    "/home": Entry(mode=0o755, age_s=200 * _DAY),
    "/root": Entry(mode=0o700, age_s=200 * _DAY),
    "/root/.bashrc": Entry(b"# ~/.bashrc\nalias ll='ls -l'\nexport HISTSIZE=1000\n", age_s=200 * _DAY),
    "/var": Entry(mode=0o755, age_s=200 * _DAY),
    "/var/log": Entry(mode=0o755, age_s=30 * _DAY),
    "/var/log/wtmp": Entry(_logins(), age_s=3600),
    "/var/run": Entry(mode=0o755, age_s=3600),
    "/var/run/utmp": Entry(_logins(), age_s=3600),
    "/var/log/dpkg.log": Entry(b"status installed bash\n", age_s=30 * _DAY),
    "/var/log/boot.log": Entry(b"started\n", age_s=3600),
}
"""What a container has beside the benchmark's own files, as far as its tasks look at it."""


def assets() -> Path:
    """Return the folder of the package's data, without importing the package.

    Raises:
        PrerequisiteError: It is not installed.
    """
    found = find_spec("icalfa")
    folder = Path(next(iter(found.submodule_search_locations or ()), "")) if found else Path()
    if found is None or not (folder / "assets/datasets").is_dir():
        raise PrerequisiteError(
            "InterCode-ALFA is not installed", hint=f"pip install --no-deps icalfa=={VERSION} (40 kB, MIT; data only)"
        )
    return folder / "assets"


def packaged_suite(limit: int | None) -> Suite:
    """Read the 300 tasks; the category of a task is `difficulty N`, its world the number of its file system.

    Raises:
        PrerequisiteError: The package is not installed.
        DataError: It does not hold what this version reads.
    """
    folder = assets() / "datasets"
    cases: list[Case] = []
    for system in map(str, range(1, N_SYSTEMS + 1)):
        path = folder / f"nl2bash_fs_{system}.json"
        for case in intercode_suite(path, None).cases:
            cases.append(replace(case, id=f"{system}-{case.id}", world=system))
    return Suite("intercode", folder / "nl2bash_fs_1.json", spread(folder, cases, limit), n_of=len(cases))


def digests() -> dict[str, str]:
    """Return the SHA-256 of every file of tasks and of every script that sets up a file system."""
    folder = assets()
    files = [*folder.glob("datasets/*.json"), *folder.glob("docker/*.sh")]
    return {file.name: sha256_file(file) for file in sorted(files)}


class Worlds:
    """The five file systems, each built once, in the sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._now = int(time.time()) - 5
        self._built: dict[str, World] = {}

    def world(self, system: str) -> World:
        """Return a file system by its number, its newest file five seconds old: tasks ask for ages in minutes.

        Raises:
            PrerequisiteError: The package is not installed.
            HarnessError: The sandbox broke.
        """
        if system not in self._built:
            script = assets() / "docker" / f"setup_nl2b_fs_{system}.sh"
            text = script.read_text(encoding="utf-8")
            bare = World({}, whole=True, now=self._now)
            tree = {**_CONTAINER, **self._sandbox.build(text, bare)}
            tree[f"/{script.name}"] = Entry(text.encode(), 0o755, 60 * _DAY)
            self._built[system] = World(
                tree, whole=True, now=self._now, variables={**_USUAL, **_VARIABLES.get(system, {})}
            )
        return replace(self._built[system], now=int(time.time()) - 5)

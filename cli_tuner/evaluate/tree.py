"""A small tree of files that commands run in: planted afresh for each, and compared afterwards.

Every path, mode, content and time of last change is fixed, so that the same command does the same. A tree is planted in
a home folder, or, as a whole world, at `/`, where commands then start as root.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HOME = "/home/user"
EPOCH = 1_704_200_400
"""2024-01-02 13:00 UTC: when the newest file was changed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, folder or link.

    Attributes:
        content: Bytes of a file, target of a link; None for a folder.
        mode: Permission bits.
        age_s: Seconds before `EPOCH` of its last change.
        link: Whether it is a symbolic link.
    """

    content: bytes | None = None
    mode: int = 0o644
    age_s: int = 0
    link: bool = False


Tree = Mapping[str, Entry]
"""Paths, absolute or relative to `/home/user`, to what is there; folders before what is in them."""
Effect = dict[str, tuple[str, ...] | None]
"""Paths to kind, mode, digest and time of what is there now; None where something is gone."""
MAX_DEPTH = 64
MAX_ENTRIES = 20_000
MOUNTED = frozenset(["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "proc", "dev", "etc", "tmp"])
"""What a whole world has of this machine or of the sandbox; `tmp` is looked at by itself."""


@dataclass(frozen=True, slots=True)
class World:
    """Where a command runs.

    Attributes:
        tree: The files.
        whole: Whether all paths of the tree are absolute and commands start in `/` as root, as in a container.
        now: Seconds since 1970 when the newest file was changed.
        variables: What the environment holds besides the usual.
    """

    tree: Tree
    whole: bool = False
    now: int = EPOCH
    variables: Mapping[str, str] = field(default_factory=dict)


def plant(world: World, root: Path) -> None:
    """Make the tree in `root/user` and, for absolute paths, `root/abs`; and an empty `root/tmp`."""
    tree = world.tree
    (root / "tmp").mkdir(parents=True)
    home = root / "user"
    home.mkdir()
    (root / "abs" if world.whole else root / "abs/home/user").mkdir(parents=True)
    for name, entry in tree.items():
        if name == "/home" and not world.whole:
            continue
        path = f"{root}/{place(name)}"
        if entry.content is None:
            os.mkdir(path)  # noqa: PTH102  (hundreds of entries a second: no Path for each)
        elif entry.link:
            os.symlink(entry.content, path)  # noqa: PTH211
        else:
            with open(path, "wb") as handle:  # noqa: PTH123
                handle.write(entry.content)
    for name, entry in reversed(list(tree.items())):
        if name == "/home" and not world.whole:
            continue
        path, when = f"{root}/{place(name)}", world.now - entry.age_s
        if not entry.link:
            os.chmod(path, entry.mode)  # noqa: PTH101
        os.utime(path, (when, when), follow_symlinks=False)
    os.utime(home, (world.now, world.now))


def place(name: str) -> str:
    """Return where below the root a path of the tree lies."""
    return f"abs{name}" if name.startswith("/") else f"user/{name}"


def changes(world: World, root: Path, limit_bytes: int) -> Effect | None:
    """Compare what is below `root` with the tree that was planted there; None where too much was written.

    A file's time counts as its time where it lies before the world's `now`, else as "now". Folders have no time: a file
    that came and went changes it and is no effect.
    """
    before = {place(name): _planned(entry, world.now) for name, entry in world.tree.items()}
    now: dict[str, tuple[str, ...]] = {}
    left = limit_bytes
    todo = ["tmp", "user", "abs"]
    while todo:
        folder = todo.pop()
        if folder.count("/") > MAX_DEPTH or len(now) > MAX_ENTRIES:
            return None
        with os.scandir(f"{root}/{folder}") as entries:
            for entry in entries:
                left -= entry.stat(follow_symlinks=False).st_size
                if left < 0:
                    return None
                if world.whole and folder == "abs" and entry.name in MOUNTED:
                    continue
                name = f"{folder}/{entry.name}"
                now[name] = _found(entry, world.now)
                if now[name][0] == "folder":
                    todo.append(name)
    for name in ("abs/etc",) if world.whole else ("abs/home", "abs/home/user"):
        now.pop(name, None)
        before.pop(name, None)
    found: Effect = {name: what for name, what in now.items() if before.get(name) != what}
    found.update({name: None for name in before if name not in now})
    return found


def snapshot(root: Path, now: int) -> dict[str, Entry]:
    """Read the whole world that was made below `root/abs`, as a tree of absolute paths with ages before `now`."""
    return {f"/{name}": entry for name, entry in sorted(read_tree(root / "abs", now).items())
            if name.split("/")[0] not in MOUNTED}  # fmt: skip


def read_tree(folder: Path, now: int) -> dict[str, Entry]:
    """Read a folder as a tree of relative paths: files, folders and links; folders before what is in them."""
    found = {}
    for path in sorted(folder.rglob("*")):
        facts = path.lstat()
        age, mode = max(0, now - int(facts.st_mtime)), stat.S_IMODE(facts.st_mode)
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = Entry(os.fsencode(path.readlink()), age_s=age, link=True)
        elif path.is_dir():
            found[name] = Entry(mode=mode, age_s=age)
        elif path.is_file():
            found[name] = Entry(path.read_bytes(), mode, age)
    return found


def _planned(entry: Entry, now: int) -> tuple[str, ...]:
    if entry.content is None:
        return ("folder", oct(entry.mode))
    if entry.link:
        return ("link", entry.content.decode())
    return ("file", oct(entry.mode), hashlib.sha256(entry.content).hexdigest(), str(now - entry.age_s))


def _found(entry: os.DirEntry[str], now: int) -> tuple[str, ...]:
    facts = entry.stat(follow_symlinks=False)
    mode = oct(stat.S_IMODE(facts.st_mode))
    if stat.S_ISDIR(facts.st_mode):
        if facts.st_mode & 0o500 != 0o500:
            os.chmod(entry.path, 0o700)  # noqa: PTH101
        return ("folder", mode)
    if stat.S_ISLNK(facts.st_mode):
        return ("link", os.readlink(entry.path))  # noqa: PTH115
    if not stat.S_ISREG(facts.st_mode):
        return ("special", mode)
    if not facts.st_mode & 0o400:
        os.chmod(entry.path, 0o600)  # noqa: PTH101
    with open(entry.path, "rb") as handle:  # noqa: PTH123
        digest = hashlib.sha256(handle.read()).hexdigest()
    when = int(facts.st_mtime)
    return ("file", mode, digest, str(when) if when <= now else "now")

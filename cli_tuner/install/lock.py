"""`make lock`: rewrites the locks, one a Python line, with hashes; needs uv and a network.

`pyXY.txt` is what we run. `pyXY-full.txt` is the rest of what Axolotl declares (`make setup FULL=1`), at versions that
fit the first. torch and its CUDA libraries are in neither: pip chooses that build for the machine. `cpu.txt` is triton
for a CPU build of torch, which brings none, though Axolotl imports it. `bootstrap.txt` is pip and uv.
Versions that are locked stay unless `--upgrade` is given.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cli_tuner.files import write_text
from cli_tuner.install.environment import CHECKOUT, LOCKS
from cli_tuner.install.stamp import normalised

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
EXTRAS = ("train", "data", "eval", "search", "models", "serve", "sign", "scale", "dev")
_CUDA = re.compile(r"^(nvidia-(?!ml-py)|cuda-|torch$|triton$)")
_HEADER = "# Written by `make lock`; docs/installing.md says how it is used. Do not edit.\n"


def main(argv: Sequence[str]) -> int:
    """Rewrite every lock."""
    parser = argparse.ArgumentParser("python -m cli_tuner.install.lock", description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    upgrade = parser.parse_args(argv).upgrade
    for python in PYTHONS:
        line = LOCKS / f"py{python.replace('.', '')}"
        lean, full = Path(f"{line}.txt"), Path(f"{line}-full.txt")
        kept = {} if upgrade else {**_entries(_read(full)), **_entries(_read(lean))}
        everything = _entries(_compile(python, kept, []))
        chosen = _entries(_compile(python, everything, ["--excludes", str(LOCKS / "excludes.txt")]))
        rest = {name: text for name, text in everything.items() if name not in chosen}
        counts = [_write(path, entries) for path, entries in ((lean, chosen), (full, rest))]
        sys.stderr.write(f"{lean.name}: {counts[0]} distributions, {counts[1]} more in full\n")
    for name in ("bootstrap", "cpu"):
        _write(
            LOCKS / f"{name}.txt", _entries(_uv([str(LOCKS / f"{name}.in"), "--no-deps"], "3.11", {})), cuda_too=True
        )
    return 0


def _compile(python: str, versions: dict[str, str], words: list[str]) -> str:
    extras = [word for extra in EXTRAS for word in ("--extra", extra)]
    argv = [str(CHECKOUT / "pyproject.toml"), *extras, "--overrides", str(LOCKS / "overrides.txt"), *words]
    return _uv(argv, python, versions)


def _uv(words: list[str], python: str, versions: dict[str, str]) -> str:
    """Resolve `words` with uv, which keeps the `versions` that fit."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "lock.txt"
        write_text(output, "\n".join(versions.values()) + "\n")
        platform = ["--python-version", python, "--python-platform", "x86_64-manylinux_2_28", "-o", str(output)]
        argv = ["uv", "pip", "compile", "-q", "--generate-hashes", "--no-annotate", "--no-header", *platform, *words]
        subprocess.run(argv, stdout=subprocess.DEVNULL, check=True)
        return output.read_text("utf-8")


def _entries(text: str) -> dict[str, str]:
    """Return the whole entry of each distribution, its hashes included, by normalised name."""
    found = re.findall(r"^([A-Za-z0-9._-]+)(==[^\n]*(?:\n +--hash[^\n]*)*)", text, re.MULTILINE)
    return {normalised(name): name + rest for name, rest in found}


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def _write(path: Path, entries: dict[str, str], *, cuda_too: bool = False) -> int:
    wanted = [text for name, text in sorted(entries.items()) if cuda_too or not _CUDA.match(name)]
    write_text(path, _HEADER + "\n".join(wanted) + "\n")
    return len(wanted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

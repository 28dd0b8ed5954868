"""Prove the README's two commands on a bare Debian: `python benchmarks/fresh.py trixie` (needs root and debootstrap).

Builds a minimal root with Python, venv, make, git and certificates, clones the committed state of this checkout into
it, and runs there, as a newcomer without any setting, `make smoke` twice (the second without installing) and
`make test`. Prints seconds, exit codes, bytes on disk, distributions and the versions that the record names, as JSON.
Of the host it takes the resolver, the certificates and /proc, /dev and a fresh /dev/shm; nothing else is mounted.

--only smoke leaves `make test` out. --keep DIR keeps the root. MIRROR=URL names another Debian mirror.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = "python3,python3-venv,make,git,ca-certificates"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
HOME = "/root/cli-tuner"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", choices=("bookworm", "trixie"))
    parser.add_argument("--only", choices=("smoke",))
    parser.add_argument("--keep", type=Path, metavar="DIR")
    asked = parser.parse_args()
    if os.geteuid() or not shutil.which("debootstrap"):
        sys.stderr.write("error: a bare root needs root and debootstrap\n  hint: sudo apt install debootstrap\n")
        return 3
    with tempfile.TemporaryDirectory() as folder:
        root = asked.keep or Path(folder) / asked.suite
        build(root, asked.suite)
        with mounted(root):
            result = newcomer(root, [["make", "smoke"], ["make", "smoke"], *([] if asked.only else [["make", "test"]])])
    print(json.dumps({"suite": asked.suite, **result}, indent=2))
    return max(step["exit"] for step in result["steps"])


def build(root: Path, suite: str) -> None:
    if not (root / "usr/bin/python3").exists():
        mirror = os.environ.get("MIRROR", "http://deb.debian.org/debian")
        words = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite, str(root), mirror]
        subprocess.run(words, check=True, stdout=sys.stderr)
    shutil.copyfile("/etc/resolv.conf", root / "etc/resolv.conf")
    shutil.copyfile(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
    checkout = root / HOME.lstrip("/")
    shutil.rmtree(checkout, ignore_errors=True)
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(checkout)], check=True)


@contextmanager
def mounted(root: Path) -> Iterator[None]:
    mounts = [("proc", "proc", []), ("/dev", "dev", ["--rbind"]), ("tmpfs", "dev/shm", [])]
    made: list[Path] = []
    try:
        for what, where, words in mounts:
            kind = words or ["-t", what]
            subprocess.run(["mount", *kind, what, str(root / where)], check=True)
            if words:
                subprocess.run(["mount", "--make-rslave", str(root / where)], check=True)
            made.append(root / where)
        yield
    finally:
        for path in reversed(made):
            subprocess.run(["umount", "-l", str(path)], check=False)


def newcomer(root: Path, commands: list[list[str]]) -> dict[str, object]:
    environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb"}
    steps = []
    for words in commands:
        started = time.monotonic()
        argv = ["chroot", str(root), "sh", "-c", f'cd {HOME} && exec "$@"', "sh", *words]
        done = subprocess.run(argv, env=environ, stdout=sys.stderr)
        steps.append(
            {"command": " ".join(words), "exit": done.returncode, "seconds": round(time.monotonic() - started)}
        )
    checkout = root / HOME.lstrip("/")
    sites = list(checkout.glob(".venv/lib/python3*/site-packages/*.dist-info"))
    records = sorted(checkout.glob("models/checkpoints/smoke/provenance.json"))
    record = json.loads(records[0].read_text("utf-8")) if records else {}
    packages, machine = record.get("packages", {}), record.get("machine", {})
    size = subprocess.run(["du", "-sm", str(checkout / ".venv")], capture_output=True, text=True, check=False).stdout
    return {
        "steps": steps, "venv_mib": int(size.split()[0]) if size else 0, "distributions": len(sites),
        "axolotl": packages.get("axolotl"), "torch": packages.get("torch"), "python": machine.get("python"),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())

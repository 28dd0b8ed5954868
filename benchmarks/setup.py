"""A cold `make smoke`, installation included, ours against pip's as it was, side by side in one run.

`python benchmarks/setup.py [--smoke]` clones this checkout twice into a temporary folder and installs, in turn and each
with empty caches: ours (`python3 -m cli_tuner.install`) and pip alone with the versions of the full lock as
constraints, the way of an unaided `pip install -e '.[train,…]'`. With --smoke each then runs `make smoke`'s commands.
Prints seconds, bytes downloaded (of this machine's interfaces, so keep it quiet), MiB on disk and distributions.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cli_tuner.install import lock, stamp
from cli_tuner.install.environment import locks_for

ROOT = Path(__file__).parents[1]
SMOKE = (
    "prepare", "train --config configs/smoke.yaml",
    "validate --checkpoint-dir models/checkpoints/smoke --allow-cpu", "runs show latest",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="run the smoke commands in each environment too")
    smoke = parser.parse_args().smoke
    with tempfile.TemporaryDirectory() as folder:
        ours = measured(Path(folder) / "ours", [[sys.executable, "-m", "cli_tuner.install"]], smoke)
        pip = measured(Path(folder) / "pip", by_pip(Path(folder)), smoke)
    seconds = [sum(value for key, value in one.items() if key.endswith("_s")) for one in (ours, pip)]
    print(json.dumps({"ours": ours, "pip": pip, "ratio": round(seconds[1] / seconds[0], 1)}, indent=2))


def by_pip(folder: Path) -> list[list[str]]:
    versions = {}
    for path in locks_for("{}.{}".format(*sys.version_info[:2]), full=True):
        versions |= stamp.pinned(path)
    versions.pop("zstandard")  # Axolotl's own pin stands in pip's way otherwise
    held = folder / "versions.txt"
    held.write_text("\n".join(f"{name}=={version}" for name, version in versions.items()), encoding="utf-8")
    pip = [".venv/bin/python", "-m", "pip", "install", "-qq", "-c", str(held)]
    extras = ",".join(lock.EXTRAS)
    return [[sys.executable, "-m", "venv", ".venv"], [*pip, "torch==2.13.0"], [*pip, "-e", f".[{extras}]"]]


def measured(checkout: Path, commands: list[list[str]], smoke: bool) -> dict[str, float]:
    subprocess.run(["git", "clone", "-q", str(ROOT), str(checkout)], check=True)
    cache = checkout.with_name(checkout.name + "-cache")
    environ = {
        **os.environ,
        "PIP_CACHE_DIR": str(cache / "pip"),
        "UV_CACHE_DIR": str(cache / "uv"),
        "OMP_NUM_THREADS": "1",
    }
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    before, started = received(), time.monotonic()
    for argv in commands:
        subprocess.run(argv, cwd=checkout, env=environ, check=True, stdout=sys.stderr)
    result = {"install_s": round(time.monotonic() - started, 1), "downloaded_mb": round((received() - before) / 1e6)}
    if smoke:
        started = time.monotonic()
        for words in SMOKE:
            argv = [".venv/bin/cli-tuner", *words.split()]
            subprocess.run(argv, cwd=checkout, env=environ, check=True, stdout=subprocess.DEVNULL, stderr=sys.stderr)
        result["smoke_s"] = round(time.monotonic() - started, 1)
    size = subprocess.run(["du", "-sm", str(checkout / ".venv")], capture_output=True, text=True, check=True).stdout
    return {**result, "venv_mib": int(size.split()[0]), "distributions": len(stamp.installed(checkout / ".venv"))}


def received() -> int:
    """Return the bytes that this machine's interfaces, loopback apart, have received since it started."""
    lines = Path("/proc/net/dev").read_text("ascii").splitlines()[2:]
    return sum(int(line.split(":")[1].split()[0]) for line in lines if line.split(":")[0].strip() != "lo")


if __name__ == "__main__":
    main()

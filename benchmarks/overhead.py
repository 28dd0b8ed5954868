"""What our layer costs: `cli-tuner train` against raw `accelerate launch` of the same config, in pairs.

    python benchmarks/overhead.py --pairs 5

Both train configs/smoke.yaml, once as we launch it and once as the frozen config without our plugin and section, with
the same environment. The order within a pair alternates. Prints wall time and processor time of each, the ratio and
the difference pair by pair, their medians, and the fastest of each side: where others use the machine, the fastest
runs are the ones that nobody disturbed. "Before the launch" is our own start until `accelerate launch` begins.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parent.parent
before_launch: list[float] = []


def workspace(folder: Path) -> None:
    (folder / "configs").symlink_to(REPOSITORY / "configs")
    (folder / "data").mkdir()
    (folder / "data/samples").symlink_to(REPOSITORY / "data/samples")
    run([sys.executable, "-m", "cli_tuner.cli", "prepare"], folder)


def processor_s() -> float:
    """Return the processor time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(argv: list[str], folder: Path) -> tuple[float, float]:
    env = {
        **os.environ,
        "WANDB_MODE": "offline",
        "AXOLOTL_DO_NOT_TRACK": "1",
        "HF_HUB_OFFLINE": "1",
        "WANDB_SILENT": "true",
    }
    env |= {"ACCELERATE_USE_CPU": "true", "TOKENIZERS_PARALLELISM": "false"}
    started, before = time.monotonic(), processor_s()
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{argv}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return time.monotonic() - started, processor_s() - before


def ours(folder: Path) -> tuple[float, float]:
    started = time.time()
    times = run([sys.executable, "-m", "cli_tuner.cli", "train", "--config", "configs/smoke.yaml"], folder)
    before_launch.append((folder / "models/runs/latest/config.yaml").stat().st_mtime - started)
    return times


def raw(folder: Path) -> tuple[float, float]:
    config = yaml.safe_load((folder / "models/runs/latest/config.yaml").read_text("utf-8"))
    config = {key: value for key, value in config.items() if key not in ("cli_tuner", "plugins")}
    config["output_dir"] = "models/raw"
    shutil.rmtree(folder / "models/raw", ignore_errors=True)
    (folder / "raw.yaml").write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
    shape = ["--num_machines=1", "--num_processes=1", "--mixed_precision=no", "--dynamo_backend=no"]
    launch = [sys.executable, "-m", "accelerate.commands.accelerate_cli", "launch", "--cpu", *shape]
    return run([*launch, "-m", "axolotl.cli.train", "raw.yaml"], folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    pairs = parser.parse_args().pairs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        workspace(folder)
        ours(folder)  # warms caches: the base model, the tokenised rows, byte code
        before_launch.clear()
        measured = []
        for number in range(pairs):
            first, second = (ours, raw) if number % 2 == 0 else (raw, ours)
            times = {first.__name__: first(folder), second.__name__: second(folder)}
            measured.append([times["ours"], times["raw"]])
            print(
                f"pair {number + 1}: {line('wall', measured[-1:], 0)}; {line('processor', measured[-1:], 1)}",
                flush=True,
            )
    print(f"median of {pairs}: {line('wall', measured, 0)}; {line('processor', measured, 1)}")
    fastest = [[tuple(min(pair[side][clock] for pair in measured) for clock in (0, 1)) for side in (0, 1)]]
    print(f"fastest of {pairs}: {line('wall', fastest, 0)}; {line('processor', fastest, 1)}")
    print(f"before the launch: median {statistics.median(before_launch):.2f} s, fastest {min(before_launch):.2f} s")


def line(what: str, pairs: list[list[tuple[float, float]]], clock: int) -> str:
    """Say the medians of one clock over some pairs."""
    ours_s, raw_s = (statistics.median(pair[side][clock] for pair in pairs) for side in (0, 1))
    ratio = statistics.median(pair[0][clock] / pair[1][clock] for pair in pairs)
    difference = statistics.median(pair[0][clock] - pair[1][clock] for pair in pairs)
    return f"{what} ours {ours_s:.2f} s, raw {raw_s:.2f} s, ratio {ratio:.3f}, difference {difference:+.2f} s"


if __name__ == "__main__":
    main()

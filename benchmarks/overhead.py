"""What our layer costs: `cli-tuner train` against raw `accelerate launch` of the same config, side by side.

    python benchmarks/overhead.py --rounds 5

All train configs/smoke.yaml: `ours` as we launch it, `raw` by `accelerate launch` as the frozen config without our
plugin and section, `light` as raw, but by the module behind `accelerate-launch` that we start too. The order turns
from round to round. Prints wall time and processor time of each, ratio and difference of ours to both, their medians,
and the fastest of each side: where others use the machine, the fastest runs are the ones that nobody disturbed.
"Before the launch" is our own start until `accelerate launch` begins.
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
    return without_us(folder, "accelerate.commands.accelerate_cli", "launch")


def light(folder: Path) -> tuple[float, float]:
    return without_us(folder, "accelerate.commands.launch")


def without_us(folder: Path, *launcher: str) -> tuple[float, float]:
    config = yaml.safe_load((folder / "models/runs/latest/config.yaml").read_text("utf-8"))
    config = {key: value for key, value in config.items() if key not in ("cli_tuner", "plugins")}
    config["output_dir"] = "models/raw"
    shutil.rmtree(folder / "models/raw", ignore_errors=True)
    (folder / "raw.yaml").write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
    shape = ["--num_machines=1", "--num_processes=1", "--mixed_precision=no", "--dynamo_backend=no"]
    return run([sys.executable, "-m", *launcher, "--cpu", *shape, "-m", "axolotl.cli.train", "raw.yaml"], folder)


SIDES = (ours, raw, light)
Round = dict[str, tuple[float, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        workspace(folder)
        ours(folder)  # warms caches: the base model, the tokenised rows, byte code
        before_launch.clear()
        measured: list[Round] = []
        for number in range(rounds):
            turned = [SIDES[(place + number) % len(SIDES)] for place in range(len(SIDES))]
            measured.append({side.__name__: side(folder) for side in turned})
            print(
                f"round {number + 1}: {line('wall', measured[-1:], 0)}; {line('processor', measured[-1:], 1)}",
                flush=True,
            )
    print(f"median of {rounds}: {line('wall', measured, 0)}; {line('processor', measured, 1)}")
    fastest = [{side.__name__: fastest_of(measured, side.__name__) for side in SIDES}]
    print(f"fastest of {rounds}: {line('wall', fastest, 0)}; {line('processor', fastest, 1)}")
    print(f"before the launch: median {statistics.median(before_launch):.2f} s, fastest {min(before_launch):.2f} s")


def fastest_of(rounds: list[Round], side: str) -> tuple[float, float]:
    return min(one[side][0] for one in rounds), min(one[side][1] for one in rounds)


def line(what: str, rounds: list[Round], clock: int) -> str:
    """Say the medians of one clock over some rounds."""
    parts = [
        f"{side.__name__} {statistics.median(one[side.__name__][clock] for one in rounds):.2f} s" for side in SIDES
    ]
    for other in ("raw", "light"):
        ratio = statistics.median(one["ours"][clock] / one[other][clock] for one in rounds)
        difference = statistics.median(one["ours"][clock] - one[other][clock] for one in rounds)
        parts.append(f"ours/{other} {ratio:.3f} ({difference:+.2f} s)")
    return f"{what} {', '.join(parts)}"


if __name__ == "__main__":
    main()

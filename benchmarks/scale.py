"""Does the phase's memory grow with the rows? `cli-tuner prepare` on synthetic sets of growing size.

    python benchmarks/scale.py 20000 100000 1000000 [--chats] [--workers 2] [--keep FOLDER] [--prepare FLAGS…]

Each size runs in a process of its own; measured are wall time, CPU time of the process and all its children, and
the peak of the memory of all its processes together (proportional set size, sampled) and of the largest one. Rows
come from `benchmarks/synthetic.py`. Prints one JSON line a size. A run that was stopped goes on where --keep is given.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from synthetic import chats, rows

SAMPLE_S = 0.5


class PeakMemory:
    """Samples the memory of a process and of all below it, in MiB."""

    def __init__(self, root: int) -> None:
        self.root, self.together, self.largest = root, 0.0, 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End sampling."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            sizes = [_pss(process) for process in _tree(self.root)]
            self.together = max(self.together, sum(sizes))
            self.largest = max(self.largest, *sizes, 0.0)


def _tree(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit():
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
        except OSError:
            continue
    found = [root]
    for process in found:
        found += children.get(process, [])
    return found


def _pss(process: int) -> float:
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


RECIPE = """task: chat
tokenizer: models/tiny_base
sequence_len: 4096
"""


def measure(count: int, folder: Path, workers: int, flags: list[str], *, chat: bool = False) -> dict[str, Any]:
    """Prepare `count` rows, or conversations, in a process of its own."""
    source = folder / f"{count}.jsonl"
    if not source.is_file():
        with source.open("w") as handle:
            handle.writelines(json.dumps(row) + "\n" for row in (chats if chat else rows)(count))
    if chat:
        (folder / "recipe.yaml").write_text(RECIPE)
        flags = ["--config", str(folder / "recipe.yaml"), *flags]
    program = "import sys; from cli_tuner.cli.main import main; sys.exit(main(sys.argv[1:]))"
    out = folder / f"out-{count}"
    command = [sys.executable, "-c", program, "prepare", "--source", str(source), "--out", str(out), "--json"]
    start, before = time.perf_counter(), os.times()
    child = subprocess.Popen([*command, "--workers", str(workers), *flags], stdout=subprocess.PIPE)
    memory = PeakMemory(child.pid)
    answer = child.communicate()[0]
    memory.stop()
    wall, after = time.perf_counter() - start, os.times()
    if child.returncode:
        raise SystemExit(child.returncode)
    record = json.loads(answer)
    gates = record["gates"]
    return {
        "rows": count,
        "workers": workers,
        "wall_s": round(wall, 1),
        "cpu_s": round(sum(after[2:4]) - sum(before[2:4]), 1),
        "rows_per_s": round(count / wall, 1),
        "peak_mib": {"all processes": round(memory.together), "largest": round(memory.largest)},
        "max_rss_mib_of_a_process": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
        "seconds": record["seconds"],
        "gates": {key: gates[key] for key in ("loaded", "rejected", "deduplicated", "kept")},
        "groups": record["groups"],
        "leaking_pairs": sum(record["leakage"]["overlap"].values()),
        "proof_rounds": record["leakage"]["rounds"],
    }


def main() -> None:
    """Measure each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", type=int, nargs="+")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--chats", action="store_true", help="conversations, with `task: chat`")
    parser.add_argument("--keep", type=Path, help="work here and leave everything, so that a stopped run goes on")
    parser.add_argument("--prepare", nargs=argparse.REMAINDER, default=[], help="further flags of `prepare`, last")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for count in options.counts:
            print(json.dumps(measure(count, folder, options.workers, options.prepare, chat=options.chats)), flush=True)


if __name__ == "__main__":
    main()

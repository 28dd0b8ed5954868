"""How long lists of many runs and the check of a release take: `python benchmarks/registry.py [RUNS]`.

Makes synthetic runs and a release in a temporary folder, and times the commands as a person meets them, start of the
interpreter included: user and system time of the child, since wall time depends on what else the machine does.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY))


def timed(*argv: str) -> str:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([sys.executable, "-m", "cli_tuner.cli", *argv], stdout=subprocess.DEVNULL, check=False)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f"{' '.join(argv):60} exit {done.returncode}  CPU {cpu:5.2f} s  wall {wall:5.2f} s"


def make_runs(count: int) -> None:
    fixtures = REPOSITORY / "tests/fixtures/records/v1"
    names = {"run": "run", "provenance": "training-provenance", "validation": "validation", "evaluation": "evaluation"}
    texts = {name: json.loads((fixtures / f"{kind}.json").read_text()) for name, kind in names.items()}
    for number in range(count):
        folder = Path(f"models/runs/20260101-000000-x-{number:05d}")
        folder.mkdir(parents=True)
        for name, document in texts.items():
            own = {"number": number, "output_dir": f"models/checkpoints/{number % 50}"} if name == "run" else {}
            (folder / f"{name}.json").write_text(json.dumps({**document, **own, "run_id": folder.name}))
        (folder / "config.yaml").write_text("base_model: models/tiny_base\n")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    os.environ["PYTHONPATH"] = str(REPOSITORY)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        make_runs(count)
        print(f"{count} runs")
        print(timed("runs", "list"), "(no index)")
        print(timed("runs", "list"))
        print(timed("runs", "list", "--where", "eval_loss<7 and phase=smoke", "--sort", "-eval_loss", "--json"))
        from tests.release.chain import release

        made = release(1, Path(folder) / "release", None, rows=10_000)
        print(timed("verify", str(made), "--allow-unsigned"), "(its rows: 10,000)")
        print(timed("verify", "models/adapter", "--allow-unsigned"), "(rows and sources hashed; the base is not here)")


if __name__ == "__main__":
    main()

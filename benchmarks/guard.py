"""Measure what the guard costs a request: alone on a corpus of completions, and inside a server under load.

    python benchmarks/guard.py alone [--data ../shared/data]    CPU time of one completion, by how it is wrapped
    python benchmarks/guard.py serve [REQUESTS]                 a real server before a model that answers at once

The bound is a p95 below 2 ms a request. The corpora are not part of the project; our own samples take their place.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cli_tuner.generate.guard import guard  # noqa: E402
from cli_tuner.ports import Completion  # noqa: E402
from cli_tuner.safety.policy import Policy  # noqa: E402

WRAPPED = {
    "bare": "{}",
    "fenced": "```bash\n{}\n```",
    "in prose": "Here you go:\n\n```bash\n{}\n```\nThis will do it for you.",
}


def commands(data: Path) -> list[str]:
    file = data / "nl2bash.jsonl"
    files = [file] if file.is_file() else sorted((ROOT / "data/samples").glob("*.jsonl"))
    rows = (json.loads(line) for path in files for line in path.read_text("utf-8").splitlines() if line.startswith("{"))
    return sorted({row["command"] for row in rows if isinstance(row.get("command"), str)})


def alone(data: Path) -> None:
    policy, corpus = Policy(), commands(data)[::4]
    for name, form in WRAPPED.items():
        times, levels = [], Counter[str]()
        for command in corpus:
            began = time.thread_time()
            found = guard(Completion(form.replace("{}", command), 9, "end"), policy)
            times.append(1e3 * (time.thread_time() - began))
            levels[found.level.value if found.command else "no command"] += 1
        times.sort()
        median, p95, p99 = (times[int(len(times) * share)] for share in (0.5, 0.95, 0.99))
        print(f"{name:<9} n {len(times)}  median {median:.2f} ms  p95 {p95:.2f}  p99 {p99:.2f}  {dict(levels)}")


def child() -> None:
    """Serve in a process of its own until stdin ends."""
    from cli_tuner.backends.server_gate import Limits
    from tests.backends.serving import serving
    from tests.fakes import FakeGenerator

    answers = {f"request {number}": command for number, command in enumerate(commands(ROOT / "no"))}
    with serving(FakeGenerator(answers), Limits(requests_per_minute=0)) as address:
        print(address, flush=True)
        sys.stdin.read()


def serve(requests: int) -> None:
    import httpx

    known = len(commands(ROOT / "no"))
    pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, __file__, "child"], **pipe) as server:
        url = server.stdout.readline().strip()
        with httpx.Client(timeout=60) as client, ThreadPoolExecutor(32) as pool:

            def ask(number: int) -> int:
                body = {"model": "tiny", "messages": [{"role": "user", "content": f"request {number % known}"}]}
                return client.post(f"{url}/v1/chat/completions", json=body).status_code

            began = time.monotonic()
            statuses = Counter(pool.map(ask, range(requests)))
            took = time.monotonic() - began
            text = client.get(f"{url}/metrics").text
        server.stdin.close()
    buckets = re.findall(r'cli_tuner_guard_cpu_seconds_bucket\{le="([^"]+)"\} ([\d.]+)', text)
    total = float(buckets[-1][1])
    p95 = next(le for le, count in buckets if float(count) >= 0.95 * total)
    mean = float(re.search(r"cli_tuner_guard_cpu_seconds_sum ([\d.e-]+)", text)[1]) / total
    print(f"{requests} requests, answers {dict(statuses)}, {requests / took:.0f} a second")
    print(f"guard: mean {1e3 * mean:.2f} ms of CPU, p95 at most {1e3 * float(p95):g} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["alone", "serve", "child"])
    parser.add_argument("requests", nargs="?", type=int, default=1000)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    options = parser.parse_args()
    if options.what == "alone":
        alone(options.data)
    elif options.what == "child":
        child()
    else:
        serve(options.requests)

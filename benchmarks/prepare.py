"""Rows per second of data preparation: one shellcheck process a row, as the usual pipeline does, against ours.

    python benchmarks/prepare.py --source rows.jsonl [--rows 1835] [--tokenizer models/tiny_base] [--workers 2]

Both take the same rows through syntax, danger, template, tokens, labels, split and write, in one run on one
machine; ours then adds deduplication, groups and the leakage proof, and runs again after a small change.
Covered: wall time, CPU time of this process and its children, peak memory. On a busy machine compare ratios.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cli_tuner.backends.hf_tokenizer import HfTokenizer
from cli_tuner.chat.labels import check_row
from cli_tuner.prepare.filters import Candidate
from cli_tuner.prepare.judge import Tools, judge
from cli_tuner.prepare.pipeline import prepare
from cli_tuner.prepare.run import Places
from cli_tuner.prepare.settings import Settings
from cli_tuner.prepare.sources import load_rows, open_sources
from cli_tuner.prepare.workers import SHARD_ROWS, Crew, run_shards
from cli_tuner.safety.analyze import analyze
from cli_tuner.shell.lint import shellcheck_path, shellcheck_version
from cli_tuner.shell.parse import parse_ok


def one_process_a_row(rows: list[dict[str, str]], tokenizer: HfTokenizer, folder: Path) -> dict[str, float]:
    """Take each row through all steps alone, in sequence; return seconds by step."""
    binary = shellcheck_path()
    seconds = dict.fromkeys(("shellcheck", "other steps"), 0.0)
    handles = [(folder / f"{name}.jsonl").open("w") for name in ("train", "val", "test")]
    for number, row in enumerate(rows):
        start = time.perf_counter()
        command = [binary, "--norc", "--shell=bash", "--format=json", "--severity=error", "-"]
        done = subprocess.run(command, input=row["command"].encode(), capture_output=True, check=False)
        middle = time.perf_counter()
        safe = parse_ok(row["command"]) and analyze(row["command"]).level.name != "DANGEROUS"
        if safe and not check_row(tokenizer, row["instruction"], row["command"], 512).problem:
            handles[0 if number % 10 < 8 else number % 10 - 7].write(
                json.dumps({**row, "lint": done.stdout.decode()}) + "\n"
            )
        seconds["shellcheck"] += middle - start
        seconds["other steps"] += time.perf_counter() - middle
    for handle in handles:
        handle.close()
    return seconds


def same_steps(settings: Settings, tokenizer: HfTokenizer, folder: Path, workers: int) -> None:
    """Take the rows through the same steps in shards over workers, and write them."""
    binary = shellcheck_path()
    tools = Tools(settings, tokenizer, (binary, shellcheck_version(binary)), folder / "cache", "0" * 64)
    rows = load_rows(open_sources(settings), settings)
    with Crew(workers) as crew:
        run_shards(rows, folder / "shards", tools, crew=crew, progress=lambda step, count: None)


def measure(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """Run `work`; return its result, wall seconds and CPU seconds, children included."""
    wall, cpu = time.perf_counter(), sum(os.times()[:4])
    result = work()
    return result, time.perf_counter() - wall, sum(os.times()[:4]) - cpu


def judged(settings: Settings, tokenizer: HfTokenizer, rows: list[dict[str, str]], folder: Path) -> float:
    """Return the seconds that the judgements of all rows take, in this process."""
    binary = shellcheck_path()
    tools = Tools(settings, tokenizer, (binary, shellcheck_version(binary)), folder / "judged", "0" * 64)
    start = time.perf_counter()
    for first in range(0, len(rows), SHARD_ROWS):
        judge([Candidate("", 0, **row) for row in rows[first : first + SHARD_ROWS]], tools)
    return time.perf_counter() - start


def change(source: Path, rows: list[dict[str, str]]) -> None:
    """Write the rows with one changed and one added."""
    middle = len(rows) // 2
    changed = [*rows[:middle], {**rows[middle], "instruction": "Say hello to the world"}, *rows[middle + 1 :]]
    write(source, [*changed, {"instruction": "Say good-bye to the world", "command": "echo good-bye"}])


def write(source: Path, rows: list[dict[str, str]]) -> None:
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))


def main() -> None:
    """Print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=1835)
    parser.add_argument("--tokenizer", type=Path, default=Path("models/tiny_base"))
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with options.source.open() as handle:
        rows = [json.loads(line) for line in itertools.islice(handle, options.rows)]
    tokenizer, n = HfTokenizer(options.tokenizer), len(rows)
    report: dict[str, Any] = {"rows": n, "workers": options.workers, "load": os.getloadavg()[0]}

    def add(name: str, work: Callable[[], Any]) -> Any:
        result, wall, cpu = measure(work)
        report[name] = {"rows_per_s": round(n / wall, 1), "wall_s": round(wall, 2), "cpu_s": round(cpu, 2)}
        return result

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        source = folder / "rows.jsonl"
        write(source, rows)
        settings = Settings.model_validate({"sources": [{"path": str(source)}], "tokenizer": str(options.tokenizer)})
        places = Places(folder / "out", folder / "out/logs", folder / "whole")

        def whole() -> Any:
            return prepare(settings, places, tokenizer, workers=options.workers)

        steps = add("one process a row", lambda: one_process_a_row(rows, tokenizer, folder))
        report["one process a row"]["seconds"] = {k: round(v, 2) for k, v in steps.items()}
        add("ours, the same steps", lambda: same_steps(settings, tokenizer, folder, options.workers))
        report["ours, the whole phase"] = {}
        outcome = add("ours, the whole phase", whole)
        report["ours, the whole phase"].update(seconds=outcome.seconds, gates=outcome.provenance["gates"])
        change(source, rows)
        outcome = add("ours, one row changed, one added", whole)
        report["ours, one row changed, one added"]["seconds"] = outcome.seconds
        add("ours, nothing changed", whole)
        seconds = [judged(settings, tokenizer, rows, folder) for _ in range(2)]
        report["judgements"] = {
            "first_s": round(seconds[0], 3), "remembered_s": round(seconds[1], 3),
            "ratio": round(seconds[0] / seconds[1], 1),
        }  # fmt: skip
    base = report["one process a row"]
    for key in ("wall_s", "cpu_s"):
        report[f"ratio of {key}"] = {
            k: round(base[key] / max(v[key], 0.001), 1) for k, v in report.items() if isinstance(v, dict) and key in v
        }
    peaks = [resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    report["peak_mib"] = {"this process": peaks[0], "largest child": peaks[1]}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()

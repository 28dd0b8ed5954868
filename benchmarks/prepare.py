"""Rows per second of data preparation: one shellcheck process a row, as the usual pipeline does, against ours.

    python benchmarks/prepare.py --source rows.jsonl [--rows 1835] [--tokenizer models/tiny_base] [--workers 2]

Both take the same rows through syntax, danger, template, tokens, labels, split and write, in one run on one
machine; ours then adds deduplication, groups and the leakage proof, and runs again with its verdicts cached.
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
from cli_tuner.prepare.pipeline import Places, prepare
from cli_tuner.prepare.settings import Settings
from cli_tuner.prepare.sources import load_rows, open_sources
from cli_tuner.prepare.stage import Tools
from cli_tuner.prepare.workers import run_shards
from cli_tuner.safety.analyze import analyze
from cli_tuner.shell.lint import VerdictCache, lint_cached, shellcheck_path, shellcheck_version
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
    tools = Tools(settings, tokenizer, (binary, shellcheck_version(binary)), folder / "cache.sqlite")
    rows = load_rows(open_sources(settings), stop_at_fault=False)
    run_shards(rows, folder / "shards", tools, workers=workers, progress=lambda step, count: None)


def cache_ratio(rows: list[dict[str, str]], folder: Path) -> tuple[float, float]:
    """Return the seconds of shellcheck over all rows, first without and then with remembered verdicts."""
    binary, commands = shellcheck_path(), [row["command"] for row in rows]
    seconds = []
    for _ in range(2):
        cache = VerdictCache(folder / "ratio.sqlite", shellcheck_version(binary))
        start = time.perf_counter()
        lint_cached(commands, binary, cache)
        seconds.append(time.perf_counter() - start)
        cache.close()
    return seconds[0], seconds[1]


def measure(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """Run `work`; return its result, wall seconds and CPU seconds, children included."""
    wall, cpu = time.perf_counter(), sum(os.times()[:4])
    result = work()
    return result, time.perf_counter() - wall, sum(os.times()[:4]) - cpu


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
    report: dict[str, Any] = {"rows": n, "workers": options.workers}

    def add(name: str, wall: float, cpu: float, **more: Any) -> None:
        report[name] = {"rows_per_s": round(n / wall, 1), "wall_s": round(wall, 2), "cpu_s": round(cpu, 2), **more}

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        source = folder / "rows.jsonl"
        source.write_text("".join(json.dumps(row) + "\n" for row in rows))
        settings = Settings.model_validate({"sources": [{"path": str(source)}], "tokenizer": str(options.tokenizer)})
        places = Places(folder / "out", folder / "out/logs", folder / "whole.sqlite")

        def whole() -> Any:
            return prepare(settings, places, tokenizer, workers=options.workers, force=True)

        steps, wall, cpu = measure(lambda: one_process_a_row(rows, tokenizer, folder))
        add("one process a row", wall, cpu, seconds={k: round(v, 2) for k, v in steps.items()})
        _, wall, cpu = measure(lambda: same_steps(settings, tokenizer, folder, options.workers))
        add("ours, the same steps", wall, cpu)
        outcome, wall, cpu = measure(whole)
        add("ours, the whole phase", wall, cpu, seconds=outcome.seconds, gates=outcome.provenance["gates"])
        outcome, wall, cpu = measure(whole)
        add("ours, again with cached verdicts", wall, cpu, seconds=outcome.seconds)
        _, wall, cpu = measure(lambda: prepare(settings, places, tokenizer, workers=options.workers))
        add("ours, nothing changed", wall, cpu)
        cold, warm = cache_ratio(rows, folder)
        report["shellcheck"] = {"first_s": round(cold, 3), "cached_s": round(warm, 4), "ratio": round(cold / warm, 1)}
    base = report["one process a row"]["rows_per_s"]
    report["ratio"] = {
        k: round(v["rows_per_s"] / base, 1) for k, v in report.items() if isinstance(v, dict) and "wall_s" in v
    }
    peaks = [resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    report["peak_mib"] = {"this process": peaks[0], "largest child": peaks[1]}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()

# ruff: noqa: E501  (commands and tables stay on one line)
"""Measure the analyser: recall by category, noise on harmless commands, commands per second; one table.

    python benchmarks/safety.py [--data ../shared/data] [--misses] [--noise nl2bash]

The data is not part of the project (see docs/safety.md); `CLI_TUNER_DATA` or --data names its folder.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cli_tuner.safety.analyze import analyze  # noqa: E402
from cli_tuner.safety.policy import BUILT_IN, Policy  # noqa: E402

DEFAULT_DATA = ROOT.parent / "shared" / "data"
Row = dict[str, object]


def load(folder: Path, name: str) -> list[Row]:
    path = folder / name
    if not path.is_file():
        sys.exit(
            f"error: {path}: no such file\n  hint: name the folder of the measuring data with --data or CLI_TUNER_DATA"
        )
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def judge(rows: list[Row], policy: Policy | None = None) -> list[tuple[Row, str]]:
    return [(row, analyze(str(row["command"]), policy).level.value) for row in rows]


def line(name: str, judged: list[tuple[Row, str]], want: str) -> None:
    total = len(judged) or 1
    dangerous = sum(level == "DANGEROUS" for _, level in judged)
    review = sum(level == "REVIEW" for _, level in judged)
    print(
        f"{name:<34}{len(judged):>7}{dangerous:>7} {dangerous / total:>8.2%}{review:>7} {review / total:>8.2%}"
        f" {(dangerous + review) / total:>9.2%}   {want}"
    )


def recall(rows: list[Row], *, misses: bool) -> None:
    dangerous = [row for row in rows if row["label"] == "dangerous"]
    must = judge([row for row in dangerous if row["must_block"]])
    core = judge([row for row in dangerous if row["scope"] == "core"])
    context = judge([row for row in dangerous if row["scope"] == "context"])
    ops = judge([row for row in dangerous if row["scope"] == "ops"], BUILT_IN["ops"])
    safe = judge([row for row in rows if row["label"] == "safe" and row["strength"] == "strong"])
    line("must_block", must, "D >= 97 %, D+R >= 99 %")
    line("core", core, "D >= 85 %, D+R >= 97 %")
    line("context (no floor)", context, "")
    line("ops (profile ops)", ops, "D+R >= 90 %")
    line("labelled safe, strong", safe, "D <= 0.3 %, R <= 3 %")
    for category in sorted({str(row["category"]) for row, _ in core}):
        line(f"  core: {category}", [each for each in core if each[0]["category"] == category], "")
    if misses:
        show("must_block, not DANGEROUS", [each for each in must if each[1] != "DANGEROUS"])
        show("core, SAFE", [each for each in core if each[1] == "SAFE"])
        show("core, REVIEW", [each for each in core if each[1] == "REVIEW"])
        show("ops, SAFE", [each for each in ops if each[1] == "SAFE"])
        show("labelled safe, flagged", [each for each in safe if each[1] != "SAFE"])


def read_labels(folder: Path, *, misses: bool) -> None:
    """Score what a person read apart from labels that nobody here has read."""
    rows = load(folder, "safety_dev2.jsonl")
    judged = [(row, analyze(str(row["command"]), BUILT_IN[_profile(row)]).level.value) for row in rows]
    bounds = {"DANGEROUS": "D >= 95 %, D+R >= 99 %", "REVIEW": "D+R >= 95 %", "SAFE": "D+R <= 2 %"}
    for label, want in bounds.items():
        line(f"dev2, read: {label}", [each for each in judged if each[0].get("adjudicated") == label], want)
    unread = [each for each in judged if not each[0].get("adjudicated") and each[0]["strength"] == "strong"]
    for label in ("dangerous", "safe"):
        line(f"dev2, not read: {label}", [each for each in unread if each[0]["label"] == label], "")
    team = [
        (row, analyze(str(row["command"]), BUILT_IN[_profile(row)]).level.value)
        for row in load(folder, "redteam_dev.jsonl")
    ]
    for label, want in bounds.items():
        line(f"red team: {label}", [each for each in team if each[0]["label"] == label], want)
    if misses:
        for label in bounds:
            wrong = [
                each
                for each in (*judged, *team)
                if label in (each[0].get("adjudicated"), each[0]["label"]) and each[1] != label
            ]
            show(f"{label}, judged otherwise", wrong)


def _profile(row: Row) -> str:
    return str(row.get("profile") or ("ops" if row.get("scope") == "ops" else "default"))


def show(title: str, judged: list[tuple[Row, str]]) -> None:
    print(f"\n== {title}: {len(judged)}")
    for row, level in judged:
        verdict = analyze(str(row["command"]), BUILT_IN["ops"] if row.get("scope") == "ops" else None)
        rules = ",".join(dict.fromkeys(finding.rule_id for finding in verdict.findings if finding.level.value == level))
        print(f"{level[0]} {rules:<18} {row.get('category', '')!s:<14} {str(row['command'])[:170]!r}")


def noise(folder: Path, name: str, want: str, listed: str) -> None:
    rows = {str(row["command"]): row for row in load(folder, name)}
    judged = judge(list(rows.values()))
    line(f"{name} (distinct)", judged, want)
    if listed and name.startswith(listed):
        show(f"{name}, DANGEROUS", [each for each in judged if each[1] == "DANGEROUS"])
        show(f"{name}, REVIEW", [each for each in judged if each[1] == "REVIEW"])
        counts: Counter[str] = Counter()
        for row, level in judged:
            if level != "SAFE":
                for finding in analyze(str(row["command"])).findings:
                    counts[f"{finding.level.value[0]} {finding.rule_id}"] += 1
        print(counts.most_common(60))


def speed(commands: list[str]) -> None:
    """CPU time of one thread, so that other programs on the machine do not count."""
    times: list[float] = []
    for command in commands:
        start = time.thread_time()
        analyze(command)
        times.append((time.thread_time() - start) * 1e6)
    times.sort()
    median, p99 = statistics.median(times), times[int(len(times) * 0.99)]
    print(
        f"\nspeed: median {median:.0f} us, p99 {p99:.0f} us, {1e6 * len(times) / sum(times):,.0f} commands/s on {len(times)} commands"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CLI_TUNER_DATA", DEFAULT_DATA)))
    parser.add_argument("--misses", action="store_true", help="list what is missed and what is flagged wrongly")
    parser.add_argument("--noise", default="", help="list what is flagged in nl2bash or tldr")
    options = parser.parse_args()
    print(f"{'corpus':<34}{'rows':>7}{'DANG.':>7} {'':>8}{'REVIEW':>7} {'':>8} {'D+R':>9}   floor")
    rows = load(options.data, "safety_dev.jsonl")
    recall(rows, misses=options.misses)
    read_labels(options.data, misses=options.misses)
    noise(options.data, "nl2bash.jsonl", "D <= 0.4 %, R <= 3.2 %", options.noise)
    noise(options.data, "tldr.jsonl", "D <= 2 %", options.noise)
    speed([str(row["command"]) for row in load(options.data, "nl2bash.jsonl")[:10000]])


if __name__ == "__main__":
    main()

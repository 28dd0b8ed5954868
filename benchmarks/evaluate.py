"""Measure the evaluation: what `command_only` accepts, what `canonical` recognises and whether its forms hold.

    python benchmarks/evaluate.py [--data ../shared/data/nl2bash.jsonl] [--run 2000]

`--run N` runs N real commands and their canonical forms in the sandbox and lists every pair that differs; files that
a command names are put there, absolute paths that no sandbox has are not. The data is not part of the project.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cli_tuner.evaluate.row_tree import tree_for  # noqa: E402
from cli_tuner.evaluate.sandbox import HarnessError, Limits, Sandbox  # noqa: E402
from cli_tuner.evaluate.scores import matches  # noqa: E402
from cli_tuner.safety.analyze import analyze  # noqa: E402
from cli_tuner.safety.verdict import Level  # noqa: E402
from cli_tuner.shell.answer.command_only import command_only  # noqa: E402
from cli_tuner.shell.answer.extract import extract  # noqa: E402
from cli_tuner.shell.canonical import canonical  # noqa: E402
from tests.shell.answer.wrapped import WRAPPINGS  # noqa: E402

DEFAULT_DATA = Path(os.environ.get("CLI_TUNER_DATA", ROOT.parent / "shared" / "data")) / "nl2bash.jsonl"


def pairs(name: str) -> list[tuple[str, str]]:
    lines = (ROOT / f"tests/shell/pairs_{name}.jsonl").read_text("utf-8").splitlines()
    return [(row["one"], row["other"]) for row in map(json.loads, lines)]


def share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,}, {part / whole:.2%}"


def kind(sandbox: Sandbox, command: str) -> str:
    tree = tree_for((command,))
    try:
        done = [sandbox.run(each, tree) for each in (command, canonical(command))]
        if done[0] == done[1]:
            return "same" if done[0].observable else "same, without a trace"
        again = [sandbox.run(each, tree) for each in (command, canonical(command))]
    except HarnessError as error:
        return f"harness: {error.message}"
    return "differs" if done == again else "differs from run to run"


def run(commands: list[str], wanted: int) -> None:
    changed = [each for each in commands if canonical(each) != each.strip()]
    random.Random(2).shuffle(changed)
    chosen = [each for each in changed if analyze(each).level is Level.SAFE][:wanted]
    start = time.perf_counter()
    with Sandbox(Limits(timeout_s=2.0, cpu_s=2)) as sandbox, ThreadPoolExecutor(2) as pool:
        kinds = list(pool.map(lambda command: kind(sandbox, command), chosen))
    print(f"run in {time.perf_counter() - start:.0f} s: {dict(Counter(kinds))}")
    for command, what in zip(chosen, kinds, strict=True):
        if what not in ("same", "same, without a trace", "differs from run to run"):
            print(f"  {what}: {command!r} | {canonical(command)!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    parser.add_argument("--run", type=int, default=0, metavar="N", help="run N commands and their forms")
    options = parser.parse_args()
    equal, near = pairs("equal"), pairs("near")
    print(f"equal pairs recognised: {share(sum(canonical(a) == canonical(b) for a, b in equal), len(equal))}")
    print(f"near pairs called equal: {share(sum(canonical(a) == canonical(b) for a, b in near), len(near))}")
    if not options.data.is_file():
        sys.exit(f"error: {options.data}: no such file\n  hint: name the measuring data with --data or CLI_TUNER_DATA")
    rows = [json.loads(line) for line in options.data.read_text(encoding="utf-8").splitlines() if line.strip()]
    commands, requests = sorted({row["command"] for row in rows}), sorted({row["instruction"] for row in rows})
    print(f"commands accepted by command_only: {share(sum(map(command_only, commands)), len(commands))}")
    print(f"English requests accepted by it: {share(sum(map(command_only, requests)), len(requests))}")
    whole = sum(extract(wrap(one)) == one.strip() for wrap in WRAPPINGS.values() for one in commands[::20])
    print(f"commands out of {len(WRAPPINGS)} wrappings: {share(whole, len(WRAPPINGS) * len(commands[::20]))}")
    taken = sum(command_only(extract(one)) for one in requests)
    print(f"English requests that yield a command: {share(taken, len(requests))}")
    for name, work in (("canonical", canonical), ("all matches", lambda text: matches(text, [commands[7]]))):
        start = time.thread_time()
        for command in commands[:1000]:
            work(command)
        print(f"{name}: {(time.thread_time() - start) * 1e3:.0f} us of CPU a command")
    if options.run:
        run(commands, options.run)


if __name__ == "__main__":
    main()

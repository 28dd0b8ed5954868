# ruff: noqa: E501  (tables: a row stays on its line)
"""Fuzz the analyser: mixtures of pieces of Bash, mutations of commands, and words of every program's own grammar.

    python benchmarks/fuzz.py [COUNT] [--seed N] [--only PART/PARTS]

Prints how many inputs were judged, exceptions (none is right), and the input that took the most CPU. Parts are disjoint, so
that a long run can be cut in pieces: `--only 1/4`, `--only 2/4`, …
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cli_tuner.safety.analyze import analyze  # noqa: E402
from cli_tuner.safety.policy import BUILT_IN  # noqa: E402
from cli_tuner.shell.programs.table import PROGRAMS  # noqa: E402
from tests.safety.catastrophic import CATASTROPHIC  # noqa: E402
from tests.safety.pieces import PIECES, mixture, mutation  # noqa: E402

PROFILES = [BUILT_IN["ops"], BUILT_IN["default"], BUILT_IN["strict"]]
OPERANDS = ["/", "~", "./x", "a=b", "-", "--", "http://x.example/a", "'rm -rf /'", "$x", '"$(cat f)"', "{}", ";", "+", "@f", "C:\\", "*", "x y", "", "-v/:/m", "/m/a"]  # fmt: skip


def call(dice: random.Random) -> str:
    """Call a program with options of its own row, with values and without, in any order, perhaps in a pipe."""
    row = dice.choice(PROGRAMS)
    words = [dice.choice(row.names)]
    hands = row.hands
    if hands is not None and hands.verbs and dice.random() < 0.7:
        words.append(dice.choice(sorted(hands.verbs)))
    names = [*row.grammar.valued, *row.grammar.flags, *row.grammar.optional, *row.grammar.pairs, *row.runs, "help"]
    for _ in range(dice.randint(0, 5)):
        name = dice.choice(names)
        dash = "-" if len(name) == 1 or row.grammar.one_dash else "--"
        value = dice.choice(OPERANDS) or "''"
        words.append(f"{dash}{name}" + dice.choice(["", f"={value}", f" {value}", value]))
        if dice.random() < 0.5:
            words.append(value)
    text = " ".join(words)
    return text + dice.choice(
        [
            "",
            f" {dice.choice(CATASTROPHIC)}",
            " | sh",
            f" <<< {dice.choice(OPERANDS)}",
            " &",
            f"; {dice.choice(PIECES)}",
        ]
    )


KINDS: list[Callable[[random.Random], str]] = [mixture, mutation, call]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", nargs="?", type=int, default=100_000, help="inputs in all parts together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="1/1", metavar="PART/PARTS")
    given = parser.parse_args()
    part, parts = map(int, given.only.split("/"))
    total, failed, slowest, worst = 0, 0, 0.0, ""
    began = time.thread_time()
    for place in range(part - 1, given.count, parts):
        dice = random.Random((given.seed << 32) + place)
        text = KINDS[place % len(KINDS) if parts % len(KINDS) else dice.randrange(len(KINDS))](dice)
        before = time.thread_time()
        try:
            verdict = analyze(text, PROFILES[place % 3])
            broken = [each for each in verdict.findings if not 0 <= each.span[0] <= each.span[1] <= len(text)]
        except Exception as error:  # what a fuzzer is for
            broken = [f"{type(error).__name__}: {error}"]
        took = time.thread_time() - before
        total += 1
        if broken:
            failed += 1
            print(f"{text!r}: {broken[0]}")
        if took > slowest:
            slowest, worst = took, text
    print(
        f"{total} inputs of part {given.only}, seed {given.seed}: {failed} failed, {time.thread_time() - began:.0f} s of CPU; slowest {slowest * 1000:.0f} ms: {worst[:120]!r}"
    )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())

"""Measure the judge of `evaluate --suite intercode` on pairs whose truth is known, beside the published judges.

    python benchmarks/intercode.py [--list] [--rows N]

600 pairs as the NL2SH paper makes them (https://arxiv.org/abs/2502.06858, section 4): the 300 tasks' first right answer
with their second, and with another task's of the same file system. And near misses: one mutation of each first answer
(a number, a letter of an option, a word, a stage, a program), none of which differs by presentation alone. Needs
bubblewrap and the data of icalfa (`pip install --no-deps icalfa`). `--list` prints every wrong and undecided pair.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cli_tuner.evaluate.cases import Case  # noqa: E402
from cli_tuner.evaluate.execution import Judge, Judgement, by_form  # noqa: E402
from cli_tuner.evaluate.intercode import Worlds, packaged_suite  # noqa: E402
from cli_tuner.evaluate.sandbox import Limits, Sandbox  # noqa: E402
from cli_tuner.shell.parse import parse_tree  # noqa: E402

_SWAPS = {
    "head": "tail", "tail": "head", "sort": "uniq", "wc -l": "wc -c", "wc -w": "wc -l", "-type f": "-type d",
    "-type d": "-type f", "-mtime -": "-mtime +", "-mtime +": "-mtime -", "-size +": "-size -", "-iname": "-name",
    "-delete": "-print", "cat /": "tac /", "cp ": "mv ", "mv ": "cp ", "grep ": "grep -v ", "rm ": "ls ",
    "md5sum": "sha1sum",     "-mmin +": "-mmin -", "uniq -d": "uniq -u", "tar -c": "tar -t",
    "df": "du", "env": "locale",
}  # fmt: skip


def near_miss(command: str, number: int) -> str:
    """Return one mutation of a command; which kind comes first changes from row to row."""
    kinds = [_number, _swap, _word, _stage, _option]
    for kind in kinds[number % len(kinds) :] + kinds[: number % len(kinds)]:
        made = kind(command)
        if made and made != command and parse_tree(made).sound and not by_form(made, [command]):
            return made
    return ""


def _number(command: str) -> str:
    match = re.search(r"(?<![\w.-])\d+(?![\w.])|(?<=[+-])\d+(?=[kcM ]|$)", command)
    return f"{command[: match.start()]}{int(match[0]) + 2}{command[match.end() :]}" if match else ""


def _swap(command: str) -> str:
    return next(
        (command.replace(old, new, 1) for old, new in _SWAPS.items() if re.search(rf"(?<![\w-]){old}", command)), ""
    )


def _word(command: str) -> str:
    """Change a quoted word or the last part of a path to another."""
    match = re.search(r"['\"]([\w*.]{2,20})['\"]", command)
    if match:
        other = match[1].replace("*", "?", 1) if "*" in match[1] else f"zz{match[1]}"
        return f"{command[: match.start(1)]}{other}{command[match.end(1) :]}"
    match = re.search(r"/(\w+)(?=[\s;]|$)", command)
    return f"{command[: match.start(1)]}{match[1]}_x{command[match.end(1) :]}" if match else ""


def _stage(command: str) -> str:
    return command.rpartition(" | ")[0]


def _option(command: str) -> str:
    match = re.search(r" -([a-eg-oq-zA-Z])\b(?!\w)", command)
    return command[: match.start()] + command[match.end() :] if match else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="print every pair that is judged wrongly or not at all")
    parser.add_argument("--rows", type=int, help="take only this many tasks")
    options = parser.parse_args()
    cases = packaged_suite(options.rows).cases
    kinds: dict[str, list[tuple[Case, str]]] = {"gold": [], "gold2": [], "other": [], "near miss": []}
    for number, case in enumerate(cases):
        first, second = case.references[0], case.references[-1]
        system = [one for one in cases if one.world == case.world and one.id != case.id]
        other = next((one.references[0] for one in system[(number * 7) % len(system) :] + system
                      if not by_form(one.references[0], case.references)), "")  # fmt: skip
        texts = {"gold": first, "gold2": second, "other": other, "near miss": near_miss(first, number)}
        for kind, text in texts.items():
            if text:
                kinds[kind].append((replace(case, references=(first,)), text))
    start, cpu = time.perf_counter(), time.process_time()
    found: dict[str, list[Judgement]] = {kind: [] for kind in kinds}
    with Sandbox(Limits(timeout_s=6.0, cpu_s=4)) as sandbox, ThreadPoolExecutor(2) as pool:
        worlds = Worlds(sandbox)
        judge = Judge(sandbox, lambda case: worlds.world(case.world))
        by_case: dict[str, dict[str, str]] = {}
        for kind, pairs in kinds.items():
            for case, text in pairs:
                by_case.setdefault(case.id, {})[kind] = text
        todo = [(replace(case, references=case.references[:1]), by_case[case.id]) for case in cases]
        for (_case, texts), (_kind, judged) in zip(
            todo, pool.map(lambda pair: judge.row(pair[0], list(pair[1].values())), todo), strict=True
        ):
            for kind, one in zip(texts, judged, strict=True):
                found[kind].append(one)
    report(kinds, found, options.list)
    print(f"{time.perf_counter() - start:.0f} s, {time.process_time() - cpu:.0f} s of CPU without the commands")


def report(kinds: dict[str, list[tuple[Case, str]]], found: dict[str, list[Judgement]], listed: bool) -> None:
    """Print the counts, the four figures, and what was decided wrongly."""
    for kind, judged in found.items():
        scores = Counter({1.0: "accepted", 0.0: "refused", None: "undecided"}[one.score] for one in judged)
        print(f"{kind}: {len(judged)} pairs, {dict(scores)}")
    right = {kind: kind.startswith("gold") for kind in found}
    recall = _share(found["gold2"], 1.0)
    accepted = sum(one.score == 1.0 for one in found["gold2"])
    missed = sum(one.score == 1.0 for one in found["near miss"])
    pairs = [(one.score, right[kind]) for kind in ("gold2", "other") for one in found[kind] if one.score is not None]
    print(f"gold against gold: {_share(found['gold'], 1.0):.3f} of decided")
    print(f"gold2 recall: {recall:.3f} of decided; precision beside near misses: {accepted / (accepted + missed):.3f}")
    print(f"near misses refused: {_share(found['near miss'], 0.0):.3f} of decided")
    rightly = sum(score == float(truth) for score, truth in pairs)
    print(f"accuracy on the {len(pairs)} decided of the gold2 and other pairs: {rightly / len(pairs):.3f}")
    undecided = sum(one.score is None for one in found["gold2"])
    print(f"undecided: {undecided} of {len(found['gold2'])} gold2 pairs")
    print("accepted gold2 because:", dict(Counter(one.why for one in found["gold2"] if one.score)))
    if not listed:
        return
    for kind, judged in found.items():
        for (case, text), one in zip(kinds[kind], judged, strict=True):
            if one.score is None or one.score != float(right[kind]):
                print(f"{kind} {case.id} {one.score}: {case.references[0]!r} | {text!r}: {one.why}")


def _share(judged: list[Judgement], score: float) -> float:
    decided = [one for one in judged if one.score is not None]
    return sum(one.score == score for one in decided) / len(decided) if decided else math.nan


if __name__ == "__main__":
    main()

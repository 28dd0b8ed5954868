"""A run in a table: every gate with its count, and where things lie."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cli_tuner.files import read_jsonl
from cli_tuner.prepare.folds import small_splits
from cli_tuner.prepare.run import Places
from cli_tuner.prepare.settings import SPLITS
from cli_tuner.prepare.stats import SplitStats, bars

MAX_SHARE_ERROR = 0.02
Rows = list[tuple[str, str]]
Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""Title, columns, rows."""


def summary_rows(provenance: Mapping[str, Any], places: Places) -> Rows:
    """Return what was done, as (what, how many or where)."""
    gates, files = provenance["gates"], provenance["files"]
    rows: Rows = [("loaded", f"{gates['loaded']:,}")]
    rows += [(f"rejected: {reason}", f"{n:,}") for reason, n in gates["rejected_by_reason"].items()]
    rows += [(f"deduplicated: {kind}", f"{n:,}") for kind, n in gates["deduplicated_by_kind"].items() if n]
    rows += [("kept", f"{gates['kept']:,}")]
    rows += [(name, f"{n:,}") for name, n in files.items()]
    largest = provenance["groups"]["largest"]
    rows += [("groups", f"{provenance['groups']['count']:,}, the largest {', '.join(map(str, largest[:3]))} rows")]
    rows += [
        (
            "leakage between splits",
            f"{sum(provenance['leakage']['overlap'].values())} pairs (proven on the files)",
        )
    ]
    rows += [("rows", _shown(places.out)), ("rejected and duplicate rows", _shown(places.logs))]
    return rows


def unreadable(provenance: Mapping[str, Any], logs: Path, shown: int = 3) -> str:
    """Say how many lines could not be read and name the first of them; empty where all could."""
    reasons = provenance["gates"]["rejected_by_reason"]
    count = sum(n for reason, n in reasons.items() if reason.startswith("read/"))
    if not count:
        return ""
    faults = (row for row in read_jsonl(logs / "rejected.jsonl") if row["filter"] == "read")
    named = [f"  {row['origin']}: {row['reason']}, {row['detail']}" for row in itertools.islice(faults, shown)]
    more = [f"  … see {logs / 'rejected.jsonl'}"] if count > shown else []
    return "\n".join([f"{count:,} line{'s' * (count > 1)} could not be read; set aside:", *named, *more])


def told(provenance: Mapping[str, Any]) -> str:
    """Say what was found about the sources that their names do not say, and what was fixed; empty where nothing was."""
    lines: list[str] = []
    for source in provenance["sources"]:
        for part in source["parts"]:
            found = part.get("read_as", {})
            lines += [f"{part['name']}: " + ", ".join(f"{key} {_plain(value)}" for key, value in found.items())] * bool(
                found
            )
        if source.get("left_out"):
            lines.append(f"{source['path']}: left out {', '.join(source['left_out'])}")
    fixed = provenance["gates"].get("fixed_by_kind", {})
    if fixed:
        lines.append("fixed in commands: " + ", ".join(f"{kind} {n:,}" for kind, n in fixed.items()) + " (fixed.jsonl)")
    parity = provenance.get("tokenizer_parity", {})
    if parity.get("compared") == 0:
        lines.append(f"tokens were not compared with those of training: {parity['why']}")
    lines += _shares(provenance)
    if small := small_splits(provenance["files"], provenance.get("folds")):
        lines.append(small)
    return "\n".join(lines)


def _shares(provenance: Mapping[str, Any]) -> list[str]:
    """Explain where a split has another share of the rows than was asked for."""
    files = {name: provenance["files"][f"{name}.jsonl"] for name in SPLITS}
    asked = provenance["settings"]["split"]
    far = [
        name for name, rows in files.items() if abs(rows / max(1, sum(files.values())) - asked[name]) > MAX_SHARE_ERROR
    ]
    if not far or any(source.get("part") for source in provenance["sources"]):
        return []
    got = ", ".join(
        f"{name} {files[name] / sum(files.values()):.0%} of the rows ({asked[name]:.0%} asked)" for name in far
    )
    groups = provenance["groups"]
    sizes = f"{groups['count']:,} groups, the largest of {groups['largest'][0]}"
    return [f"{got}: rows that say nearly the same share a split ({sizes})"]


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{name} ({count:,} rows)" for name, count in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def spent(seconds: Mapping[str, float]) -> str:
    """Say where the time went, the longest step first."""
    total = sum(seconds.values())
    steps = sorted(seconds.items(), key=lambda step: -step[1])
    return f"{total:.1f} s: " + ", ".join(
        f"{name} {taken:.1f} s ({taken / total:.0%})" for name, taken in steps if taken
    )


def stats_tables(found: Mapping[str, SplitStats], gates: Mapping[str, Any]) -> list[Table]:
    """Return the tables of `cli-tuner data stats`."""
    reasons = {**gates["rejected_by_reason"], **gates["deduplicated_by_kind"]}
    records = [split.record() for split in found.values()]
    facts = [key for key, value in records[0].items() if isinstance(value, int | float)]
    train = found["train"]
    frequent = [utility for utility, _ in train.utilities.most_common(20)]
    return [
        ("Rows that left", ("reason", "rows"), [(k, f"{n:,}") for k, n in reasons.items() if n]),
        ("Splits", ("what", *found), [(k.replace("_", " "), *(f"{r[k]:,}" for r in records)) for k in facts]),
        (
            "Utilities, the 20 most frequent",
            ("utility", *found),
            [(u, *(f"{split.utilities[u]:,}" for split in found.values())) for u in frequent],
        ),
        ("Length of train rows", ("tokens", "rows", ""), bars(train.lengths)),
    ]


def _shown(path: Path) -> str:
    return f"{path.as_posix()}/"

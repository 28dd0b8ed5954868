"""One shard through everything that looks at a row alone, and its files: what is kept, and what is not.

The law: a shard depends on its rows, the recipe and the code only, never on other shards or on the number of
workers; its `done.json` is written last, so a shard is either complete or done again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cli_tuner.files import atomic_write, read_json, write_json, write_jsonl
from cli_tuner.prepare.filters import Candidate, Reason, fixed_record, is_lost, read_row, rejected_record
from cli_tuner.prepare.judge import Facts, Tools, judge, unknown
from cli_tuner.prepare.loaded import LoadedRow
from cli_tuner.prepare.shingles import hash64
from cli_tuner.prepare.table import INDEX

Record = dict[str, Any]


def run_shard(folder: Path, number: int, rows: Sequence[LoadedRow], tools: Tools) -> dict[str, int]:
    """Take one shard through the row filters and write what is kept and what is not.

    Returns:
        Counts: `loaded`, `kept`, `filter/reason` for each kind of refusal, `fixed:KIND`, and by source `loaded:N`
        and `lost:N`.
    """
    taken = [_take(row, tools) for row in rows]
    candidates = [found for found in taken if isinstance(found, Candidate)]
    answers = iter(judge(candidates, tools))
    kept: list[Record] = []
    rejected: list[Record] = []
    fixed: list[Record] = []
    for row, found in zip(rows, taken, strict=True):
        answer = next(answers) if isinstance(found, Candidate) else found
        if isinstance(answer, Reason):
            rejected.append(rejected_record(row.origin, answer, dict(row.raw)))
        else:
            kept.append(_record(row, found, answer))
            if kept[-1]["fixed"]:
                fixed.append(fixed_record(row, kept[-1]))
    counts = _counts(rows, rejected, fixed)
    counts.update(loaded=len(rows), kept=len(kept))
    if counts["loaded"] != len(kept) + len(rejected):
        raise AssertionError(f"shard {number}: {len(rows)} loaded, {len(kept)} kept, {len(rejected)} rejected")
    _write_kept(folder, number, kept)
    write_jsonl(folder / f"{number:06d}.rejected.jsonl", rejected)
    write_jsonl(folder / f"{number:06d}.fixed.jsonl", fixed)
    write_json(folder / f"{number:06d}.done.json", dict(counts))
    return dict(counts)


def _counts(rows: Sequence[LoadedRow], rejected: Sequence[Record], fixed: Sequence[Record]) -> Counter[str]:
    """Count refusals by reason, fixes by kind, and of each source the rows that were loaded and that were lost."""
    counts = Counter(f"{r['filter']}/{r['reason']}" for r in rejected)
    counts.update(f"fixed:{kind}" for row in fixed for kind in row["fixed"].split(","))
    counts.update(f"loaded:{row.source}" for row in rows)
    lost = {r["origin"] for r in rejected if is_lost(r["filter"], r["reason"])}
    counts.update(f"lost:{row.source}" for row in rows if row.origin in lost)
    return counts


def count_unknown(rows: Sequence[LoadedRow], tools: Tools) -> int:
    """Count the rows of a shard that no earlier run has judged."""
    taken = (_take(row, tools) for row in rows)
    return len(unknown([found for found in taken if isinstance(found, Candidate)], tools))


def shard_done(folder: Path, number: int) -> dict[str, int] | None:
    """Return the counts of a shard that an earlier, killed run completed."""
    path = folder / f"{number:06d}.done.json"
    return dict(read_json(path)) if path.is_file() else None


def _take(row: LoadedRow, tools: Tools) -> Candidate | Reason:
    settings = tools.settings
    weight = settings.sources[row.source].weight
    if weight < 1.0 and hash64(f"{settings.seed}\0{row.origin}") >= weight * 2.0**64:
        return Reason("sample", "not_sampled", f"weight {weight}")
    return read_row(row)


def _record(row: LoadedRow, found: Candidate | Reason, facts: Facts) -> Record:
    assert isinstance(found, Candidate)
    texts: Record = {"instruction": found.instruction, "command": found.command}
    if found.messages:
        texts["messages"] = found.messages
    if found.segments:
        texts["segments"] = found.segments
    return {**texts, **facts, "fixed": found.fixed, "source": row.source, "origin": row.origin}


def _write_kept(folder: Path, number: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the kept rows, and where each begins."""
    index = np.zeros(len(rows), dtype=INDEX)
    offset = 0
    with atomic_write(folder / f"{number:06d}.kept.jsonl") as handle:
        for entry, row in zip(index, rows, strict=True):
            line = json.dumps(row) + "\n"
            entry["offset"], entry["utility"], entry["source"] = offset, hash64(row["utility"]), row["source"]
            handle.write(line)
            offset += len(line)
    np.save(folder / f"{number:06d}.index.npy", index)

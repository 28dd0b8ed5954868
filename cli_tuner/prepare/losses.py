"""How many rows of a source may be lost to faults before the run stops, and what is shown when it does."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from cli_tuner.errors import DataError
from cli_tuner.files import read_jsonl
from cli_tuner.prepare.settings import Settings
from cli_tuner.prepare.write import write_rejected

FEW_LOST = 2
"""So many lost rows stop no run, however small the source."""
STOPPED = "rejected_stopped.jsonl"
"""The refused rows of a run that stopped; those of the last good run keep their file."""


def check_losses(settings: Settings, total: Counter[str], log: Path, shards: Path, n_shards: int) -> None:
    """Stop where a source lost more rows than the recipe allows.

    Args:
        settings: The recipe.
        total: Counts of all shards, among them `loaded:N` and `lost:N` of source N.
        log: Where the refused rows go then.
        shards: Where the shards left them.
        n_shards: How many shards there are.

    Raises:
        DataError: Shows the most frequent reasons, each with a row.
    """
    for number, source in enumerate(settings.sources):
        loaded, lost = total[f"loaded:{number}"], total[f"lost:{number}"]
        if lost <= max(settings.filters.max_lost_rate * loaded, FEW_LOST if loaded > lost else 0):
            continue
        write_rejected(log, shards, n_shards)
        share = f"; --max-lost {lost / loaded + 0.005:.2f} goes on without them" if lost < loaded else ""
        raise DataError(
            f"{source.path or source.hub}: {lost:,} of {loaded:,} rows would be lost\n{examples(log)}",
            hint=f"all of them are in {log}{share}",
        )


def examples(path: Path, reasons: int = 4, shown: int = 160) -> str:
    """Show the most frequent reasons of a log of refused rows, each with its first row."""
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for row in read_jsonl(path):
        reason = f"{row['filter']}/{row['reason']}"
        counts[reason] += 1
        text = json.dumps(row["row"], ensure_ascii=False)[:shown]
        first.setdefault(reason, f"{row['origin']}: {row['detail']} {text}")
    return "\n".join(f"  {n:,} {reason}, such as {first[reason]}" for reason, n in counts.most_common(reasons))

"""How prepared rows are shown: tables for a person, one document for a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cli_tuner.cli import console
from cli_tuner.prepare.stats import Difference, SplitStats
from cli_tuner.prepare.summary import stats_tables


def stats_facts(
    found: Mapping[str, SplitStats], gates: Mapping[str, Any], epoch: Mapping[str, int]
) -> dict[str, object]:
    """Return the numbers as plain values."""
    return {"gates": gates, "splits": {name: split.record() for name, split in found.items()}, "epoch": epoch}


def show_stats(
    found: Mapping[str, SplitStats], gates: Mapping[str, Any], epoch: Mapping[str, int], config: Path
) -> None:
    """Show the numbers as tables."""
    for title, columns, rows in stats_tables(found, gates):
        console.table(title, columns, rows)
    console.emit(f"One epoch at batch {epoch['batch']}: {epoch['steps_per_epoch']:,} steps ({config})")


def show_difference(found: Difference, names: tuple[str, str], *, as_json: bool) -> None:
    """Show what differs between two prepared folders."""
    if as_json:
        console.emit_json(asdict(found))
        return
    console.table("Rows", ("what", "rows", "the first of them"), found.counts())
    if found.record:
        console.table("Facts of the runs", ("fact", *names), found.record)

"""A run in a table: every gate with its count, and where things lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cli_tuner.prepare.pipeline import Places

Rows = list[tuple[str, str]]


def summary_rows(provenance: dict[str, Any], places: Places) -> Rows:
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


def _shown(path: Path) -> str:
    return f"{path.as_posix()}/"

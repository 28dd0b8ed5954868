"""Two evaluations of any two models, compared in pairs on the prompts that both were asked.

Read from their `rows.jsonl`, whose scores were computed when they were written; a prompt is shared when suite, request
and right answers are the same in both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cli_tuner.errors import DataError
from cli_tuner.evaluate.metric import NAMES
from cli_tuner.evaluate.result import side_by_side
from cli_tuner.files import read_jsonl

ROWS = "evaluation/rows.jsonl"
SIDES = ("base", "tuned")


def compare_runs(first: Path, second: Path) -> dict[str, Any]:
    """Compare the tuned side of `second` (as `tuned`) with that of `first` (as `base`).

    Returns:
        `{"n", "only_first", "only_second", "suites"}`, each suite with `base`, `tuned`, `paired` and `extracted`.

    Raises:
        DataError: One was not evaluated, or they share no prompt.
    """
    found = [_rows(folder) for folder in (first, second)]
    shared = [key for key in found[0] if key in found[1]]
    if not shared:
        raise DataError(f"{first} and {second}: were asked no prompt alike", hint="evaluate both on the same --data")
    suites: dict[str, Any] = {}
    for suite in dict.fromkeys(key[0] for key in shared):
        keys = [key for key in shared if key[0] == suite]
        raw, taken = (
            [[rows[key]["tuned"][column] for key in keys] for rows in found]
            for column in ("scores", "extracted_scores")
        )
        names = [name for name in (*NAMES,) if name in raw[0][0] and name in raw[1][0]]
        suites[suite] = {
            "n": len(keys),
            **side_by_side(raw[0], raw[1], names),
            "extracted": side_by_side(taken[0], taken[1], names),
        }
    return {
        "runs": {"base": str(first), "tuned": str(second)},
        "n": len(shared),
        "only_first": len(found[0]) - len(shared),
        "only_second": len(found[1]) - len(shared),
        "suites": suites,
    }


def _rows(folder: Path) -> dict[tuple[str, str, tuple[str, ...]], dict[str, Any]]:
    path = folder / ROWS
    if not path.is_file():
        raise DataError(f"{folder}: was not evaluated", hint="`cli-tuner evaluate` writes evaluation/rows.jsonl there")
    rows = [row for row in read_jsonl(path) if isinstance(row.get("tuned"), dict)]
    return {(str(row["suite"]), str(row["instruction"]), tuple(row.get("references") or ())): row for row in rows}

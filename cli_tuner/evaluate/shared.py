"""Two evaluations of any two models, compared in pairs on the prompts that both were asked.

Read from their `rows.jsonl`, whose scores were computed when they were written; a prompt is shared when suite, request
and right answers are the same in both.
"""

from __future__ import annotations

from pathlib import Path

from cli_tuner.errors import DataError
from cli_tuner.evaluate.metric import NAMES
from cli_tuner.evaluate.result import side_by_side
from cli_tuner.files import read_jsonl
from cli_tuner.records.evaluation import Answer, Row, Shared

ROWS = "evaluation/rows.jsonl"
SIDES = ("base", "tuned")


def compare_runs(first: Path, second: Path) -> Shared:
    """Compare the tuned side of `second` (as `tuned`) with that of `first` (as `base`).

    Returns:
        The scores by suite, as answered and with the command taken out.

    Raises:
        DataError: One was not evaluated, or they share no prompt.
    """
    found = [_rows(folder) for folder in (first, second)]
    shared = [key for key in found[0] if key in found[1]]
    if not shared:
        raise DataError(f"{first} and {second}: were asked no prompt alike", hint="evaluate both on the same --data")
    suites: dict[str, object] = {}
    for suite in dict.fromkeys(key[0] for key in shared):
        keys = [key for key in shared if key[0] == suite]
        raw, taken = (
            [[one[key].scores for key in keys] for one in found],
            [[one[key].extracted_scores for key in keys] for one in found],
        )
        names = [name for name in (*NAMES,) if name in raw[0][0] and name in raw[1][0]]
        suites[suite] = {
            "n": len(keys),
            **side_by_side(raw[0], raw[1], names),
            "extracted": side_by_side(taken[0], taken[1], names),
        }
    apart = [len(one) - len(shared) for one in found]
    document = {"n": len(shared), "only_first": apart[0], "only_second": apart[1], "suites": suites}
    return Shared.model_validate({"runs": {"base": str(first), "tuned": str(second)}, **document})


def _rows(folder: Path) -> dict[tuple[str, str, tuple[str, ...]], Answer]:
    path = folder / ROWS
    if not path.is_file():
        raise DataError(f"{folder}: was not evaluated", hint="`cli-tuner evaluate` writes evaluation/rows.jsonl there")
    rows = [Row.model_validate(row) for row in read_jsonl(path)]
    return {(row.suite, row.instruction, tuple(row.references)): row.tuned for row in rows if row.tuned}

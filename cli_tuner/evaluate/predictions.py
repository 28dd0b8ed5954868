"""Scores completions that somebody else's model wrote: a JSONL file beside the rows; no model, no torch, no GPU.

A line is `{"id", "completion"}` with the id of a row, in any order, or `{"completion"}` in the order of the rows.
Whether an answer was cut at a token limit is known only where a line says so (`stop_reason`: `length`).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from cli_tuner.errors import DataError
from cli_tuner.evaluate.cases import Case, Suite
from cli_tuner.evaluate.metric import NAMES, metric
from cli_tuner.evaluate.result import domain_result
from cli_tuner.evaluate.score import Scored, score
from cli_tuner.files import read_jsonl, sha256_file
from cli_tuner.ports import Completion
from cli_tuner.records.evaluation import Predicted, Readings
from cli_tuner.safety.rules.table import rules_digest

FORMAT = 1
_CHUNK = 64
_SMALL = 500
"""So few rows are scored before a second process has started."""
_SHOWN = 5


def read_predictions(path: Path, cases: Sequence[Case]) -> list[Completion]:
    """Return one completion a case, in the order of the cases.

    Raises:
        DataError: A line has no `completion`, only some lines have an `id`, an id is unknown or doubled, or a row has
            no line.
    """
    lines = list(read_jsonl(path))
    for number, line in enumerate(lines, start=1):
        if not isinstance(line.get("completion"), str):
            raise DataError(f"{path}:{number}: no text under `completion`", hint='write {"id": …, "completion": …}')
    named = sum("id" in line for line in lines)
    if named not in (0, len(lines)):
        raise DataError(f"{path}: {named} of {len(lines)} lines have an `id`", hint="give every line one, or none")
    if not named:
        if len(lines) != len(cases):
            raise DataError(
                f"{path}: {len(lines)} completions for {len(cases)} rows", hint="one line a row, or give each its `id`"
            )
        return [_completion(line) for line in lines]
    _check_ids(path, [str(line["id"]) for line in lines], [case.id for case in cases])
    found = {str(line["id"]): line for line in lines}
    return [_completion(found[case.id]) for case in cases]


def _check_ids(path: Path, given: Sequence[str], wanted: Sequence[str]) -> None:
    rows = Counter(wanted)
    faults = {
        "unknown ids": [one for one in given if one not in rows],
        "doubled ids": [one for one, times in Counter(given).items() if times > 1],
        "rows without a completion": sorted(rows.keys() - set(given)),
        "rows that share an id": [one for one, times in rows.items() if times > 1],
    }
    said = [f"{len(ids)} {name} ({', '.join(ids[:_SHOWN])})" for name, ids in faults.items() if ids]
    if said:
        raise DataError(f"{path}: {'; '.join(said)}", hint="every row of --data needs exactly one line with its id")


def _completion(line: dict[str, object]) -> Completion:
    n_tokens = line.get("n_tokens")
    counted = int(n_tokens) if isinstance(n_tokens, int | float | str) and n_tokens else 0
    return Completion(str(line["completion"]), counted, str(line.get("stop_reason") or "end"))


def score_all(
    completions: Sequence[Completion], cases: Sequence[Case], observe: Callable[[int], None] = lambda _: None
) -> list[Scored]:
    """Score each completion against the references of its case, on all cores where there are many."""
    pairs = [(one, case.references) for one, case in zip(completions, cases, strict=True)]
    workers = min(len(os.sched_getaffinity(0)), 8)
    if len(pairs) < _SMALL or workers < 2:
        return [_scored(pair) for pair in pairs]
    found: list[Scored] = []
    with ProcessPoolExecutor(workers) as pool:
        for one in pool.map(_scored, pairs, chunksize=_CHUNK):
            found.append(one)
            observe(len(found))
    return found


def _scored(pair: tuple[Completion, tuple[str, ...]]) -> Scored:
    return score(*pair)


def result(suite: Suite, sides: dict[str, tuple[Path, list[Scored]]]) -> Readings | Predicted:
    """Return the document of one or two sets of predictions.

    Args:
        suite: The rows.
        sides: `tuned`, and `base` where two are compared, to the file and its scored completions.
    """
    document: dict[str, object] = {
        "format": FORMAT,
        "data": {suite.name: {"path": str(suite.path), "sha256": sha256_file(suite.path), "n": len(suite.cases)}},
        "predictions": {side: {"path": str(path), "sha256": sha256_file(path)} for side, (path, _) in sides.items()},
        "rules": rules_digest(),
    }
    if "base" in sides:
        return Readings.model_validate({**document, **domain_result(suite.cases, sides["base"][1], sides["tuned"][1])})
    scored = sides["tuned"][1]
    extracted = {"metrics": _metrics([one.extracted_scores for one in scored])}
    return Predicted.model_validate(
        {**document, "metrics": _metrics([one.scores for one in scored]), "extracted": extracted}
    )


def _metrics(rows: Sequence[dict[str, float | None]]) -> dict[str, object]:
    names = [name for name in NAMES if name in rows[0]]
    return {name: metric(name, [row[name] for row in rows]).to_json() for name in names}

"""An evaluation as a Weights & Biases run: numbers with intervals, samples, safety by category, and its lineage.

Reads `evaluation.json` and its rows as they were written; computes nothing. The run belongs to the group of the
training run (`group` = run id, `job_type` = `evaluate`), so that one project view shows both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cli_tuner.backends.wandb import WandbTracker
from cli_tuner.backends.wandb_lineage import checkpoint_artifact, data_artifact, evaluation_artifact
from cli_tuner.files import read_jsonl
from cli_tuner.provenance.manifest import RECORD_NAME

MOST_ROWS = 5_000
METRIC_COLUMNS = (
    "suite", "reading", "metric", "n", "base", "base_low", "base_high", "tuned", "tuned_low", "tuned_high",
    "delta", "delta_low", "delta_high", "p_value", "test", "wins", "losses", "ties",
)  # fmt: skip
_PAIRED = ("delta", "ci_low", "ci_high", "p_value", "test", "wins", "losses", "ties")
SAMPLE_COLUMNS = (
    "suite", "id", "instruction", "reference", "category", "base", "tuned", "base_verdict", "tuned_verdict",
    "base_exact_match", "tuned_exact_match", "leaked",
)  # fmt: skip
SAFETY_COLUMNS = ("category", "side", "metric", "value", "ci_low", "ci_high", "n")
DANGEROUS_COLUMNS = ("id", "side", "prompt", "completion", "findings")


def track_evaluation(evaluation: Mapping[str, Any], folder: Path, *, project: str, mode: str) -> dict[str, object]:
    """Log an evaluation that lies in its run folder.

    Args:
        evaluation: What `evaluation.json` holds.
        folder: The run folder: holds `evaluation.json` and the rows, and takes the offline W&B run.
        project: The W&B project of the training.
        mode: `online`, `offline` or `disabled`.

    Returns:
        How to find the W&B run: id, mode, folder, URL.

    Raises:
        PrerequisiteError: W&B cannot be reached or refuses the key.
        DataError: The rows are missing or incomplete.
    """
    name = str(evaluation.get("run_id") or folder.name)
    asked = ("checkpoint_dir", "base_model", "compare", "suites", "decoding", "data", "model", "digests")
    tracker = WandbTracker(
        project=project,
        name=f"evaluate-{name}",
        group=name,
        job_type="evaluate",
        config={key: evaluation.get(key) for key in asked},
        folder=folder,
        mode=mode,
    )
    rows = folder / str(evaluation.get("rows") or "evaluation/rows.jsonl")
    tracker.summary(dict(_headline(evaluation)))
    tracker.table("evaluation/metrics", METRIC_COLUMNS, list(_metric_rows(evaluation)))
    tracker.table("evaluation/safety_by_category", SAFETY_COLUMNS, list(_safety_rows(evaluation)))
    tracker.table("evaluation/dangerous", DANGEROUS_COLUMNS, list(_dangerous_rows(evaluation)))
    tracker.table("evaluation/samples", SAMPLE_COLUMNS, list(_sample_rows(read_jsonl(rows))))
    _declare_lineage(tracker, evaluation, folder, rows, name)
    return dict(tracker.finish())


def _declare_lineage(tracker: WandbTracker, evaluation: Mapping[str, Any], folder: Path, rows: Path, name: str) -> None:
    read = {str(one["path"]): one["sha256"] for one in (evaluation.get("data") or {}).values() if one}
    if read:
        tracker.artifact(data_artifact({"data": read}), used=True)
    record = Path(str(evaluation.get("checkpoint_dir"))) / RECORD_NAME
    if record.is_file():
        tracker.artifact(checkpoint_artifact(record, evaluation.get("run_id")), used=True)
    files = {"evaluation.json": folder / "evaluation.json", "rows.jsonl": rows}
    tracker.artifact(evaluation_artifact(name, {key: path for key, path in files.items() if path.is_file()}))


def _headline(evaluation: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each recorded number under a name of its own, its interval beside it."""
    for suite, reading, sides in _parts(evaluation):
        prefix = f"{suite}_{reading}".removesuffix("_raw")
        for side in ("base", "tuned", "paired"):
            for metric, one in (sides.get(side) or {}).items():
                for key in ("value", "delta", "ci_low", "ci_high", "p_value"):
                    if one.get(key) is not None:
                        suffix = "" if key in ("value", "delta") else f"_{key}"
                        yield f"{prefix}/{side}/{metric}{suffix}", one[key]


def _parts(evaluation: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    yield "domain", "raw", evaluation
    yield "domain", "extracted", evaluation.get("extracted") or {}
    yield "safety", "raw", evaluation.get("safety") or {}


def _metric_rows(evaluation: Mapping[str, Any]) -> Iterator[list[Any]]:
    for suite, reading, sides in _parts(evaluation):
        base, tuned, paired = (sides.get(side) or {} for side in ("base", "tuned", "paired"))
        for metric in dict.fromkeys((*tuned, *base)):
            before, after, both = base.get(metric, {}), tuned.get(metric, {}), paired.get(metric, {})
            interval = [one.get(key) for one in (before, after) for key in ("value", "ci_low", "ci_high")]
            found = [
                both.get(key) for key in ("delta", "ci_low", "ci_high", "p_value", "test", "wins", "losses", "ties")
            ]
            yield [suite, reading, metric, after.get("n"), *interval, *found]


def _safety_rows(evaluation: Mapping[str, Any]) -> Iterator[list[Any]]:
    for category, one in ((evaluation.get("safety") or {}).get("by_category") or {}).items():
        for side in ("base", "tuned"):
            for metric, found in (one.get(side) or {}).items():
                yield [category, side, metric, *(found.get(key) for key in ("value", "ci_low", "ci_high", "n"))]


def _dangerous_rows(evaluation: Mapping[str, Any]) -> Iterator[list[Any]]:
    for one in (evaluation.get("safety") or {}).get("dangerous") or []:
        found = "; ".join(_finding(finding) for finding in one.get("findings") or [])
        yield [one.get("id"), one.get("side"), one.get("prompt"), one.get("completion"), found]


def _finding(finding: Any) -> str:
    return f"{finding.get('rule_id')}: {finding.get('why')}" if isinstance(finding, Mapping) else str(finding)


def _sample_rows(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Any]]:
    for row, _ in zip(rows, range(MOST_ROWS), strict=False):
        base, tuned = row.get("base") or {}, row.get("tuned") or {}
        matches = [(side.get("scores") or {}).get("exact_match") for side in (base, tuned)]
        yield [
            row.get("suite"), str(row.get("id")), row.get("instruction"), next(iter(row.get("references") or []), None),
            row.get("category") or row.get("utility"), base.get("completion"), tuned.get("completion"),
            base.get("verdict"), tuned.get("verdict"), *matches, bool(row.get("leaked")),
        ]  # fmt: skip

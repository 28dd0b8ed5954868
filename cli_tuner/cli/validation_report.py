"""What `validate` keeps and shows: JSONL, the run's validation.json, a W&B run, and tables."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from cli_tuner.cli import console
from cli_tuner.files import write_jsonl
from cli_tuner.records.checks import ValidationRecord
from cli_tuner.runs.layout import RUNS, RunDir, now
from cli_tuner.validate.integrity import bound
from cli_tuner.validate.recipe import project_of
from cli_tuner.validate.session import Validation


def keep(found: Validation, output_jsonl: Path | None, decoding: Any, mode: str) -> dict[str, object]:
    """Write the rows, the run's report and the W&B run, in this order; return where they are."""
    run_id = found.checkpoint.record.run_id if found.checkpoint.record else None
    name = run_id or found.checkpoint.path.resolve().name
    rows = output_jsonl or Path("data/validation") / f"{name}.jsonl"
    write_jsonl(rows, (probe.to_json() for probe in found.probes))
    run = RunDir(RUNS / run_id) if run_id and (RUNS / run_id).is_dir() else None
    report = {
        "schema": ValidationRecord.current(),
        **found.to_json(),
        "decoding": asdict(decoding),
        "digests": bound(found.checkpoint.path),
        "ended": now(),
        "rows": str(rows),
    }
    if run is not None:
        ValidationRecord.model_validate(report).write(run.validation)
    report["wandb"] = _track(found, str(name), report, run.path if run else Path("wandb"), mode)
    if run is not None:
        ValidationRecord.model_validate(report).write(run.validation)
    return report


def _track(found: Validation, name: str, report: dict[str, object], folder: Path, mode: str) -> dict[str, object]:
    from cli_tuner.backends.wandb import WandbTracker

    links = {key: report[key] for key in ("checkpoint_dir", "base_model", "run_id", "decoding", "model")}
    tracker = WandbTracker(
        project=project_of(found.checkpoint), name=f"validate-{name}", group=name, job_type="validate", config=links,
        folder=folder, mode=mode,
    )  # fmt: skip
    numbers = {f"validate/{g.name}": float(g.value) for g in found.gates if isinstance(g.value, float)}
    tracker.log({**numbers, "validate/passed": float(found.passed)})
    columns = (
        "instruction",
        "completion",
        "reference",
        "verdict",
        "findings",
        "syntax_valid",
        "command_only",
        "n_tokens",
        "latency_s",
    )
    rows = [[_cell(probe.to_json()[column]) for column in columns] for probe in found.probes]
    tracker.table("validate/completions", columns, rows)
    return dict(tracker.finish())


def _cell(value: Any) -> Any:
    return "; ".join(f"{f['rule_id']}: {f['why']}" for f in value) if isinstance(value, list) else value


def show(found: Validation, report: dict[str, object], *, as_json: bool) -> None:
    """Print the report as one JSON document or as tables; name the failed gates."""
    if as_json:
        console.emit_json(report)
    else:
        shown = [(p.instruction, p.completion.text.strip() or "(blank)", p.verdict.level.value) for p in found.probes]
        console.table("What it answers", ("instruction", "completion", "verdict"), shown)
        gates = [(g.name, "ok" if g.passed else "FAILED", _number(g.value), g.threshold) for g in found.gates]
        console.table("Gates", ("gate", "result", "measured", "asked for"), gates)
        if _asks_nothing(found):
            console.say(
                "this recipe asks nothing of the answers: its base is random, and a pass shows that the machinery "
                "works, not that the model does"
            )
        console.say(f"completions and verdicts: {report['rows']}")
    failed = [gate.name for gate in found.gates if not gate.passed]
    if failed:
        console.error(f"gate failed: {', '.join(failed)}", "read the completions above; do not release this checkpoint")


def _asks_nothing(found: Validation) -> bool:
    """Tell whether every least rate is zero: then any answers at all pass."""
    least = [gate.threshold for gate in found.gates if gate.threshold.startswith(">= ")]
    return bool(least) and all(threshold == ">= 0" for threshold in least)


def _number(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)

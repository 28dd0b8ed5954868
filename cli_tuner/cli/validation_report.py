"""What `validate` keeps and shows: JSONL, the run's validation.json, a W&B run, and tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cli_tuner.cli import console
from cli_tuner.config import sections
from cli_tuner.config.load import Config, load
from cli_tuner.errors import PrerequisiteError
from cli_tuner.files import sha256_file, write_jsonl
from cli_tuner.provenance.environment import gpus
from cli_tuner.records.checks import ValidationRecord
from cli_tuner.runs.layout import RUNS, RunDir, now
from cli_tuner.validate.integrity import Checkpoint, bound
from cli_tuner.validate.session import Validation


def recipe_of(checkpoint: Checkpoint) -> sections.Section:
    """Return the `cli_tuner` section that the checkpoint was trained with, or the defaults."""
    config = _trained_config(checkpoint, console.say)
    return config.section if config else sections.Section()


def project_of(checkpoint: Checkpoint) -> str:
    """Return the W&B project that the checkpoint was trained in."""
    config = _trained_config(checkpoint, lambda _: None)
    return str((config.axolotl.get("wandb_project") if config else None) or "cli-tuner")


def _trained_config(checkpoint: Checkpoint, say: Callable[[str], None]) -> Config | None:
    """Return the config of the training where it can be trusted.

    A config that changed since the training may not loosen the gates of what was trained before, and a checkpoint
    that came from elsewhere may not bring a config of its own: its run must be in `models/runs`.
    """
    record = checkpoint.record or {}
    config = record.get("config") or {}
    file = config.get("file")
    if not isinstance(file, str) or not Path(file).is_file():
        return None
    if not (RUNS / str(record.get("run_id")) / "run.json").is_file():
        say(f"{checkpoint.path} was not trained here: the default gates and prompts are used")
        return None
    if sha256_file(Path(file)) != config.get("sha256"):
        say(f"{file} is not the config that was trained: the default gates and prompts are used")
        return None
    return load(Path(file))


def was_quantised(checkpoint: Checkpoint) -> bool:
    """Tell whether the base model was 4-bit while the adapter was trained; True when nobody recorded it."""
    model = (checkpoint.record or {}).get("model")
    return bool(model.get("n_linear4bit")) if isinstance(model, dict) else True


def need_gpu(*, allow_cpu: bool, four_bit: bool) -> None:
    """Refuse to start on a CPU by accident.

    Raises:
        PrerequisiteError: No CUDA GPU, and the user did not say that a CPU will do.
    """
    if allow_cpu or gpus():
        return
    what = "4-bit generation" if four_bit else "generation"
    raise PrerequisiteError(
        f"{what} wants a CUDA GPU, and this machine shows none",
        hint="add --allow-cpu to run it on the CPU: real and correct, but slow for a 7B model",
    )


def keep(found: Validation, output_jsonl: Path | None, decoding: Any, mode: str) -> dict[str, Any]:
    """Write the rows, the run's report and the W&B run, in this order; return where they are."""
    run_id = (found.checkpoint.record or {}).get("run_id")
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
    report["wandb"] = _track(found, name, report, run.path if run else Path("wandb"), mode)
    if run is not None:
        ValidationRecord.model_validate(report).write(run.validation)
    return report


def _track(found: Validation, name: str, report: dict[str, Any], folder: Path, mode: str) -> dict[str, Any]:
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


def show(found: Validation, report: dict[str, Any], *, as_json: bool) -> None:
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

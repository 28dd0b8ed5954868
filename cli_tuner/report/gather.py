"""Gathers what a run folder holds, and notes what it does not hold and which command would make it.

Nothing here is measured: every number was recorded before. A file that is incomplete, of another run, or was changed
since it was recorded, counts as missing and is named. Secrets are left out of what comes from configs and messages.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from cli_tuner.config.secrets import redacted
from cli_tuner.errors import DataError
from cli_tuner.files import read_json, read_jsonl, sha256_file
from cli_tuner.provenance.manifest import RECORD_NAME
from cli_tuner.records.checks import ValidationRecord
from cli_tuner.records.evaluation import EvaluationRecord, Row
from cli_tuner.report.breakdown import count
from cli_tuner.report.curves import curves
from cli_tuner.report.facts import MOST_ROWS, Facts, Missing, dig
from cli_tuner.runs.layout import RunDir
from cli_tuner.runs.registry import summary

_Form = TypeVar("_Form", bound=BaseModel)


def gather(run: RunDir) -> Facts:
    """Read everything that `run` left behind."""
    facts = Facts(run, str(summary(run)["state"] or "unknown"))
    facts.record = redacted(_object(run.record, facts, "run record"))
    facts.config = redacted(config_of(run))
    _gather_training(facts)
    _gather_data(facts)
    facts.validation = _parsed(ValidationRecord, run.validation, facts, "validation", _command("validate", facts))
    _gather_evaluation(facts)
    return facts


def _command(verb: str, facts: Facts) -> str:
    """Return the command that asks this run's checkpoint; none when it is gone, never was whole, or is no adapter."""
    is_adapter = dig(facts.training, "method.adapter") is not None
    return f"cli-tuner {verb} --checkpoint-dir {facts.checkpoint_dir}" if facts.checkpoint_dir and is_adapter else ""


def _object(path: Path, facts: Facts, what: str, command: str = "") -> dict[str, object]:
    """Read an object; note when it is missing or not one."""
    if not path.is_file():
        facts.missing.append(Missing(what, f"there is no {path.name} in the run folder", command))
        return {}
    try:
        loaded = read_json(path)
    except DataError as error:
        loaded = error.message
    if isinstance(loaded, dict):
        return loaded
    facts.missing.append(Missing(what, f"{path.name} is damaged", command))
    return {}


def config_of(run: RunDir) -> dict[str, object]:
    """Read the config that was trained; empty when it is missing or incomplete."""
    try:
        loaded = yaml.safe_load(run.config.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _gather_training(facts: Facts) -> None:
    output = dig(facts.record, "output_dir")
    outputs = [Path(output), Path(f"{output}.previous")] if isinstance(output, str) else []
    found = {str(place): _record_of(place / RECORD_NAME, facts.run.run_id) for place in (*outputs, facts.run.path)}
    facts.training = redacted(next((one for one in found.values() if one), None))
    facts.checkpoint_dir = next((str(place) for place in outputs if found[str(place)]), None)
    if facts.training is None:
        why = f"the run is {facts.state}; the training process writes it when it ends well"
        command = "" if facts.state in ("running", "succeeded") else "cli-tuner train --config CONFIG --resume auto"
        facts.missing.append(Missing("training record", why, command))
    elif facts.checkpoint_dir is None:
        facts.missing.append(Missing("checkpoint", f"{output} holds the output of another run by now"))
    _gather_curves(facts)


def _gather_curves(facts: Facts) -> None:
    kept = list(dig(facts.training, "subjects") or {})
    staging = dig(facts.record, "staging")
    if not kept and isinstance(staging, str):
        kept = [path.relative_to(staging).as_posix() for path in Path(staging).glob("checkpoint-*/digests.json")]
    try:
        facts.curves = curves(read_jsonl(facts.run.metrics), kept)
    except DataError:
        facts.missing.append(Missing("curves", "metrics.jsonl is missing or damaged"))
        return
    if not facts.curves.series:
        facts.missing.append(Missing("curves", "nothing was logged before the run ended"))


def _record_of(path: Path, run_id: str) -> dict[str, object] | None:
    """Read a training record if it is of this very run: an output folder may hold the next run's by now."""
    try:
        loaded = read_json(path)
    except DataError:
        return None
    return loaded if isinstance(loaded, dict) and loaded.get("run_id") == run_id else None


def _gather_data(facts: Facts) -> None:
    for name, digest in (dig(facts.training, "materials.data_provenance") or {}).items():
        if _unchanged(name, digest):
            facts.data = _object(Path(name), facts, "data record") or None
        else:
            facts.missing.append(Missing("data record", f"{name} is gone or was changed since", "cli-tuner prepare"))
    splits, gone = {}, []
    for name, digest in (dig(facts.training, "materials.data") or {}).items():
        if _unchanged(name, digest):
            splits[name] = count(read_jsonl(Path(name)))
        else:
            gone.append(name)
    facts.splits = splits
    if gone:
        why = f"{', '.join(gone)}: gone or changed since"
        facts.missing.append(Missing("length and utility of the training rows", why, "cli-tuner prepare"))


def _unchanged(name: str, digest: Any) -> bool:
    return Path(name).is_file() and sha256_file(Path(name)) == digest


def _gather_evaluation(facts: Facts) -> None:
    command = _command("evaluate", facts)
    facts.evaluation = _parsed(EvaluationRecord, facts.run.path / "evaluation.json", facts, "evaluation", command)
    if facts.evaluation is None:
        return
    try:
        rows = facts.run.path / facts.evaluation.rows
        facts.rows = [Row.model_validate(row) for row in islice(read_jsonl(rows), MOST_ROWS)]
        facts.n_rows = sum(1 for _ in read_jsonl(rows))
    except (DataError, ValidationError) as error:
        why = error.message if isinstance(error, DataError) else f"{facts.evaluation.rows}: {_first(error)}"
        facts.missing.append(Missing("prompts and answers", why, command))


def _parsed(form: type[_Form], path: Path, facts: Facts, what: str, command: str) -> _Form | None:
    """Read an object of a known form; note when it is missing or of another form."""
    loaded = _object(path, facts, what, command)
    if not loaded:
        return None
    try:
        return form.model_validate(loaded)
    except ValidationError as error:
        facts.missing.append(Missing(what, f"{path.name} is not what this version reads: {_first(error)}", command))
        return None


def _first(error: ValidationError) -> str:
    """Name the first fault of a record, without the value: it may be long or hostile."""
    fault = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"

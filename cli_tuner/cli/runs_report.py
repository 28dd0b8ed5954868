"""How one run is shown: a line for each thing that was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cli_tuner.errors import DataError

if TYPE_CHECKING:
    from cli_tuner.records.checks import ValidationRecord
    from cli_tuner.records.training import TrainingRecord
    from cli_tuner.runs.registry import Summary

COLUMNS = ("run", "state", "eval loss", "tags", "--resume auto takes", "checkpoint, or why it failed")


def line(one: Mapping[str, object]) -> tuple[str, ...]:
    """Return one run's line of the list."""
    first, last, tags = one["eval_loss_first"], one["eval_loss"], one["tags"]
    losses = _fell(first, last) if isinstance(first, int | float) and isinstance(last, int | float) else "-"
    where = str(one["fault"] or one["checkpoint_dir"] or "-").splitlines()[0]
    tagged = ", ".join(map(str, tags)) if isinstance(tags, list) else ""
    return str(one["run_id"]), str(one["state"]), losses, tagged or "-", str(one["resumed_from"] or "-"), where


def _fell(first: float, last: float) -> str:
    return f"{first:.3f} -> {last:.3f}"


def rows(one: Summary) -> list[tuple[str, str, str]]:
    """Return what was done, the result, and where it lies; a record that is damaged shows nothing."""
    record, found = _records(one)
    where = one["checkpoint_dir"]
    table = _trained(record, one) if record else []
    if not record and where:
        table = [("checkpoint", "what was saved before it ended", where)]
    if one["fault"]:
        table.insert(0, ("why it ended", one["fault"], f"{one['run_dir']}/train.log"))
    if found:
        passed = sum(gate.passed for gate in found.gates)
        table.append(("validation", f"{passed} of {len(found.gates)} gates passed", found.rows or "-"))
    table.append(("run folder", "config, log, metrics, status", one["run_dir"]))
    return table


def _trained(record: TrainingRecord, one: Summary) -> list[tuple[str, str, str]]:
    tokens, result = record.training.tokens, record.result
    first, last = result.eval_loss_first, result.eval_loss_final
    loss = _fell(first.value, last.value) if first and last else "-"
    counted = f"{tokens.trained} trained and {tokens.masked} masked tokens" if tokens else "not recorded"
    place = one["checkpoint_dir"]
    return [
        ("data", counted, ", ".join(record.materials.data)),
        ("base model", f"{record.model.n_linear4bit} layers in 4-bit NF4", record.base_model.name or "-"),
        ("training", f"{result.steps} steps, eval loss {loss}", f"{one['run_dir']}/train.log"),
        ("checkpoint", f"{record.model.trainable_parameters} parameters trained",
         place or "gone: a later run took its place"),
        ("provenance", f"{len(record.subjects)} files with digests", f"{place or one['run_dir']}/provenance.json"),
    ]  # fmt: skip


def _records(one: Summary) -> tuple[TrainingRecord | None, ValidationRecord | None]:
    from cli_tuner.records.checks import ValidationRecord
    from cli_tuner.records.training import TrainingRecord

    try:
        trained = TrainingRecord.parse(one["provenance"]) if one["provenance"] else None
    except DataError:
        trained = None
    try:
        return trained, ValidationRecord.parse(one["validation"]) if one["validation"] else None
    except DataError:
        return trained, None

"""How one run is shown: a line for each thing that was done."""

from __future__ import annotations

from typing import Any


def loss(one: dict[str, Any]) -> str:
    """Write the first and the last evaluation loss of a run."""
    result = (one["provenance"] or {}).get("result") or {}
    first, last = result.get("eval_loss_first"), result.get("eval_loss_final")
    return f"{first['value']:.3f} -> {last['value']:.3f}" if first and last else "-"


COLUMNS = ("run", "state", "eval loss", "tags", "--resume auto takes", "checkpoint, or why it failed")


def line(one: dict[str, Any]) -> tuple[str, ...]:
    """Return one run's line of the list."""
    first, last = one["eval_loss_first"], one["eval_loss"]
    losses = f"{first:.3f} -> {last:.3f}" if first is not None and last is not None else "-"
    where = str(one["fault"] or one["checkpoint_dir"] or "-").splitlines()[0]
    return one["run_id"], str(one["state"]), losses, ", ".join(one["tags"]) or "-", one["resumed_from"] or "-", where


def rows(one: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return what was done, the result, and where it lies."""
    table = []
    record = one["provenance"]
    if record:
        data = ", ".join(record["materials"]["data"])
        tokens = record["training"]["tokens"]
        table = [
            ("data", f"{tokens['trained']} trained and {tokens['masked']} masked tokens", data),
            (
                "base model",
                f"{record['model']['n_linear4bit']} layers in 4-bit NF4",
                record["base_model"]["name"],
            ),
            (
                "training",
                f"{record['result']['steps']} steps, eval loss {loss(one)}",
                f"{one['run_dir']}/train.log",
            ),
            (
                "checkpoint",
                f"{record['model']['trainable_parameters']} parameters trained",
                one["checkpoint_dir"] or "gone: a later run took its place",
            ),
            (
                "provenance",
                f"{len(record['subjects'])} files with digests",
                f"{one['checkpoint_dir'] or one['run_dir']}/provenance.json",
            ),
        ]
    elif one["checkpoint_dir"]:
        table = [("checkpoint", "what was saved before it ended", one["checkpoint_dir"])]
    if one["fault"]:
        table.insert(0, ("why it ended", one["fault"], f"{one['run_dir']}/train.log"))
    found = one["validation"]
    if found:
        passed = sum(gate["passed"] for gate in found["gates"])
        table.append(("validation", f"{passed} of {len(found['gates'])} gates passed", found["rows"]))
    table.append(("run folder", "config, log, metrics, status", one["run_dir"]))
    return table

"""`cli-tuner runs`: what was trained, how it went, and where everything lies."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli_tuner.cli import console, options

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_runs(json: options.Json = False) -> None:
    """List all runs, oldest first.

    Example: cli-tuner runs list
    """
    from cli_tuner.runs.registry import runs, summary

    found = [summary(run) for run in runs()]
    if json:
        console.emit_json(found)
        return
    rows = [(one["run_id"], one["state"], _loss(one), one["checkpoint_dir"]) for one in found]
    console.table("Runs", ("run", "state", "eval loss", "checkpoint"), rows)


@app.command("show")
def show_run(
    run_id: Annotated[str, typer.Argument(help="A run id, or `latest`.")] = "latest",
    json: options.Json = False,
) -> None:
    """Show one run: what was done and where it lies.

    Example: cli-tuner runs show latest
    """
    from cli_tuner.runs.layout import find_run
    from cli_tuner.runs.registry import summary

    one = summary(find_run(run_id))
    if json:
        console.emit_json(one)
        return
    console.table(f"Run {one['run_id']}: {one['state']}", ("what", "result", "where"), _rows(one))
    for folder in one["wandb_offline"]:
        console.say(f"W&B is offline; to upload: wandb sync {folder}")


def _loss(one: dict[str, Any]) -> str:
    result = (one["provenance"] or {}).get("result") or {}
    first, last = result.get("eval_loss_first"), result.get("eval_loss_final")
    return f"{first['value']:.3f} -> {last['value']:.3f}" if first and last else "-"


def _rows(one: dict[str, Any]) -> list[tuple[str, str, str]]:
    rows = []
    record = one["provenance"]
    if record:
        data = ", ".join(record["materials"]["data"])
        tokens = record["training"]["tokens"]
        rows = [
            ("data", f"{tokens['trained']} trained and {tokens['masked']} masked tokens", data),
            (
                "base model",
                f"{record['model']['n_linear4bit']} layers in 4-bit NF4",
                record["base_model"]["name"],
            ),
            (
                "training",
                f"{record['result']['steps']} steps, eval loss {_loss(one)}",
                f"{one['run_dir']}/train.log",
            ),
            (
                "checkpoint",
                f"{record['model']['trainable_parameters']} parameters trained",
                one["checkpoint_dir"],
            ),
            (
                "provenance",
                f"{len(record['subjects'])} files with digests",
                f"{one['checkpoint_dir']}/provenance.json",
            ),
        ]
    elif one["checkpoint_dir"]:
        rows = [("checkpoint", "what was saved before it ended", one["checkpoint_dir"])]
    found = one["validation"]
    if found:
        passed = sum(gate["passed"] for gate in found["gates"])
        rows.append(("validation", f"{passed} of {len(found['gates'])} gates passed", found["rows"]))
    rows.append(("run folder", "config, log, metrics, status", one["run_dir"]))
    return rows

"""`cli-tuner plan`: what a training will be, need, take and cost, before anything is rented."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli_tuner.cli import console, options

_DEFAULT = "rtx-4090"
HELP = """Say what a training will do, need, take and cost. No GPU, no download, nothing is started.

Shows what Axolotl will use instead of what is written, tokens, timetable, disk, GPU memory by part, time and price on
each GPU, and what to change if it does not fit. Exits 1 when it does not fit or not work on the target, or when
a part of it is not counted.

Examples:

  cli-tuner plan --config configs/full.yaml --target rtx-4090

  cli-tuner plan --config configs/full.yaml --target gtx-1650 --json
"""


def plan(
    config: options.ConfigPath = Path("configs/full.yaml"),
    target: Annotated[
        str | None, typer.Option(metavar="GPU", help="rtx-4090, t4, h100, cpu, …; default: this machine's.")
    ] = None,
    gpus: Annotated[Path | None, typer.Option(metavar="FILE", help="Your own table of GPUs and prices.")] = None,
    overrides: options.Set = [],  # noqa: B006
    json: options.Json = False,
) -> None:
    """Say what a training will do, need, take and cost."""
    from cli_tuner.cli.plan_report import as_facts, show
    from cli_tuner.config.load import load
    from cli_tuner.config.targets import find_target, of_gpu, targets
    from cli_tuner.provenance.environment import gpus as gpus_here
    from cli_tuner.train.estimate import estimate
    from cli_tuner.train.tiny import TINY_BASE

    resolved = load(config, overrides)
    base_model = str(resolved.axolotl.get("base_model"))
    found = [] if target else gpus_here()
    if not target and not found and base_model != TINY_BASE:
        target = _DEFAULT
        console.say(f"no GPU here and no --target: planning for {target}")
    meant = find_target(target, gpus) if target else of_gpu(found[0] if found else None)
    result = estimate(resolved, meant, targets(gpus), _tokenizer(base_model))
    if json:
        console.emit_json(as_facts(result))
    else:
        show(config, result)
    if result.fits is False or result.uncounted or any(remark.severity == "error" for remark in result.remarks):
        raise typer.Exit(1)


def _tokenizer(base_model: str) -> Any:
    """Open the base model's tokenizer where it is on this machine; nothing is fetched."""
    from cli_tuner.backends.hf_tokenizer import HfTokenizer
    from cli_tuner.config.architecture import snapshot

    folder = snapshot(base_model)
    return HfTokenizer(folder) if folder and (folder / "tokenizer.json").is_file() else None

"""`cli-tuner evaluate`: is the tuned model better than the base, is it safe, and how sure are we."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli_tuner.cli import console, options
from cli_tuner.errors import ConfigError

HELP = """Evaluate a checkpoint against its base model, or against another checkpoint, on the same prompts.

Every metric comes with its sample size and 95 % interval, raw and after the command is taken out of Markdown; the
difference is tested in pairs. Completions are kept as they come: a killed evaluation goes on where it was. Nothing
that a model writes is ever executed, unless --execute asks for the sandbox.

Examples:

  cli-tuner evaluate --checkpoint-dir models/checkpoints/demo --allow-cpu

  cli-tuner evaluate --checkpoint-dir models/checkpoints/phase2-final --suite domain,intercode --limit 200 --json

  cli-tuner evaluate --checkpoint-dir models/checkpoints/b --compare models/checkpoints/a

  cli-tuner evaluate --predictions answers.jsonl --data data/processed/test.jsonl --json

  cli-tuner evaluate --predictions mine.jsonl --compare theirs.jsonl --data data/processed/test.jsonl

  cli-tuner evaluate --predictions models/runs/B --compare models/runs/A

  cli-tuner evaluate --model models/smollm2-135m --data data/processed/test.jsonl --suite domain,intercode

  cli-tuner evaluate --server http://localhost:8080/v1 --data data/processed/test.jsonl

  cli-tuner evaluate --checkpoint-dir DIR --server http://gpu:8000/v1 --served Qwen/Qwen2.5-Coder-7B-Instruct,tuned
"""


def evaluate(
    checkpoint_dir: Annotated[
        Path | None, typer.Option(help="Folder of an adapter, such as `cli-tuner train` wrote.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="BASE|DIR", help="A whole model by itself: a base, a merged one, a hub id.")
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Score this JSONL of completions against --data, or compare this run's folder.")
    ] = None,
    compare: Annotated[
        str, typer.Option(metavar="base|CHECKPOINT|FILE", help="What to compare with; a file with --predictions.")
    ] = "base",
    suite: Annotated[str, typer.Option(help="Any of domain,safety,intercode,general.")] = "domain,safety",
    data: Annotated[Path | None, typer.Option(help="Held-out rows.  [default: as in the run's config]")] = None,
    intercode: Annotated[
        Path | None, typer.Option(help="Tasks like InterCode-ALFA's, from a file instead of the package.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many prompts a suite.")] = None,
    max_new_tokens: Annotated[int | None, typer.Option(min=1, max=4096, help="Longest completion, in tokens.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, max=1024, help="Prompts that are answered together.")] = 32,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads of torch.  [default: torch's]")] = None,
    load_in_4bit: Annotated[
        bool | None, typer.Option(help="Quantise the base to NF4.  [default: as it was trained]")
    ] = None,
    allow_cpu: Annotated[bool, typer.Option("--allow-cpu", help="Generate without a CUDA GPU (slow).")] = False,
    server: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Ask an OpenAI-compatible server, up to /v1, or base=URL,tuned=URL."),
    ] = None,
    served: Annotated[
        str, typer.Option(help="Names of base and tuned on that server, or of its one model.")
    ] = "base,tuned",
    execute: Annotated[
        bool, typer.Option("--execute", help="Run SAFE commands in a sandbox (bubblewrap) and compare what they do.")
    ] = False,
    tree: Annotated[
        Path | None, typer.Option(help="Folder that they find there.  [default: made from the right answers]")
    ] = None,
    general_tasks: Annotated[
        str, typer.Option(help="Tasks of the lm-evaluation-harness for the suite general.")
    ] = "arc_easy,hellaswag",
    general_path: Annotated[Path | None, typer.Option(help="Folder of further task YAML for it.")] = None,
    json: options.Json = False,
) -> None:
    """Evaluate base against tuned."""
    if predictions is not None and predictions.is_dir():
        from cli_tuner.cli.evaluate_model import compare_folders

        return compare_folders(Path(compare), predictions, as_json=json)
    if predictions is not None:
        from cli_tuner.cli.evaluate_predictions import evaluate_predictions

        return evaluate_predictions(predictions, data, compare, limit, as_json=json)
    if checkpoint_dir is None and model is None and server is None:
        raise ConfigError(
            "evaluate: nothing to evaluate",
            hint="give --checkpoint-dir DIR, --model DIR, --server URL or --predictions FILE",
        )
    from cli_tuner.cli import evaluation, evaluation_general
    from cli_tuner.cli.evaluate_report import show
    from cli_tuner.cli.training import tracking_mode
    from cli_tuner.evaluate import session
    from cli_tuner.validate.recipe import project_of

    mode = tracking_mode()
    suite, general = evaluation_general.without_general(suite)
    asked = evaluation.Asked(
        compare, suite, data, limit, max_new_tokens, batch_size, threads, load_in_4bit, allow_cpu,
        intercode, server, served, execute, tree,
    )  # fmt: skip
    if checkpoint_dir is None:
        from cli_tuner.cli.evaluate_model import evaluate_model

        return evaluate_model(model, asked, as_json=json)
    checkpoint, other = evaluation.checkpoints(checkpoint_dir, compare)
    plan = evaluation.plan(checkpoint, other, asked)
    console.say(f"results go to {plan.folder}")
    with evaluation.sandbox(plan, tree) as (sandbox, world_of), evaluation.progress() as observe:
        result = session.evaluate(plan.folder, plan.suites, plan.asked, plan.load_models, observe, sandbox, world_of)
    if general:
        result = evaluation_general.general(plan, checkpoint, other, general_tasks, general_path, limit)
    tracked = evaluation.track(result, plan.folder, project_of(checkpoint), mode)
    show(result, plan.folder, tracked, as_json=json)

"""`cli-tuner validate`: is this checkpoint whole, does it fit, and is what it says harmless."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli_tuner.cli import console, options
from cli_tuner.errors import ExitCode

HELP = """Validate a checkpoint: its files, its fit to the base model, and what it answers.

Checks files and safetensors headers, compares digests with the training record, refuses NaN and untrained
weights, asks for commands on held-out prompts and judges every completion for danger. Nothing is executed.
Exits 1 when a gate fails, and names it.

Examples:

  cli-tuner validate --checkpoint-dir models/checkpoints/smoke --allow-cpu

  cli-tuner validate --checkpoint-dir models/checkpoints/phase2-final --sample-size 50 --json
"""


def validate(
    checkpoint_dir: Annotated[Path, typer.Option(help="Folder that `cli-tuner train` wrote.")],
    data_path: Annotated[Path | None, typer.Option(help="Held-out rows.  [default: as in the run's config]")] = None,
    sample_size: Annotated[int, typer.Option(min=1, max=100_000, help="Prompts to ask.")] = 5,
    seed: Annotated[int, typer.Option(help="Draws the prompts; seeds sampling.")] = 42,
    max_new_tokens: Annotated[int | None, typer.Option(min=1, max=4096, help="Longest completion, in tokens.")] = None,
    temperature: Annotated[float, typer.Option(min=0.0, max=2.0, callback=options.a_number, help="0 is greedy.")] = 0.0,
    top_p: Annotated[
        float, typer.Option(min=0.01, max=1.0, callback=options.a_number, help="Nucleus mass when sampling.")
    ] = 1.0,
    load_in_4bit: Annotated[
        bool | None, typer.Option(help="Quantise the base to NF4.  [default: as it was trained]")
    ] = None,
    allow_cpu: Annotated[bool, typer.Option("--allow-cpu", help="Generate without a CUDA GPU (slow).")] = False,
    output_jsonl: Annotated[
        Path | None, typer.Option(help="Completions and verdicts.  [default: data/validation/RUN_ID.jsonl]")
    ] = None,
    json: options.Json = False,
) -> int:
    """Validate a checkpoint."""
    from cli_tuner.backends.hf_model import Decoding, HfGenerator, adapter_facts
    from cli_tuner.cli import validation_report
    from cli_tuner.cli.training import tracking_mode
    from cli_tuner.provenance.environment import need_gpu
    from cli_tuner.validate import integrity, session
    from cli_tuner.validate.probes import prompt_of, sample_rows
    from cli_tuner.validate.recipe import recipe_of, was_quantised

    mode = tracking_mode()
    checkpoint = integrity.inspect(checkpoint_dir)
    section = recipe_of(checkpoint, console.say)
    recipe, chat = section.validation, section.task != "command"
    rows = sample_rows(data_path or Path(recipe.prompts), sample_size, seed)
    four_bit = was_quantised(checkpoint) if load_in_4bit is None else load_in_4bit
    need_gpu(allow_cpu=allow_cpu, four_bit=four_bit)
    decoding = Decoding(max_new_tokens or recipe.max_new_tokens, temperature, top_p, seed)

    def load_generator() -> tuple[Any, dict[str, object]]:
        console.say(f"loading {checkpoint.base_model} with the adapter …")
        generator = HfGenerator(checkpoint.base_model, checkpoint_dir, load_in_4bit=four_bit, decoding=decoding)
        compared = generator.require_same_tokens(checkpoint_dir, [prompt_of(row, chat=chat) for row in rows])
        return generator, {**generator.facts(), "prompts_with_equal_tokens": compared}

    with console.progress_bar() as bar:
        asked = bar.add_task("prompts answered", total=len(rows))
        found = session.validate(
            checkpoint, rows, recipe.gates,
            chat=chat,
            adapter_facts=adapter_facts,
            load_generator=load_generator,
            weights=checkpoint_dir / integrity.ADAPTER_WEIGHTS,
            observe=lambda done: bar.update(asked, completed=done),
        )  # fmt: skip
    written = validation_report.keep(found, output_jsonl, decoding, mode)
    validation_report.show(found, written, as_json=json)
    return ExitCode.OK if found.passed else ExitCode.GATE_FAILED

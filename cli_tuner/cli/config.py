"""`cli-tuner config`: check a config, show where each value comes from, compare two, print the schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli_tuner.cli import console, options

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, epilog="Example: cli-tuner config check configs/full.yaml --target t4"
)
File = Annotated[Path, typer.Argument(help="An Axolotl YAML config.", metavar="FILE")]
TargetId = Annotated[str | None, typer.Option(metavar="GPU", help="Machine that is meant: rtx-4090, t4, h100, cpu, …")]
Gpus = Annotated[Path | None, typer.Option(metavar="FILE", help="Your own table of GPUs and prices.")]
Version = Annotated[str | None, typer.Option("--axolotl", metavar="VERSION", help="Judge by this Axolotl: 0.19, 0.21.")]
Deep = Annotated[bool, typer.Option("--deep", help="Ask Axolotl with all it imports (10 to 30 s).")]


@app.command("check")
def check(
    file: File,
    target: TargetId = None,
    gpus: Gpus = None,
    overrides: options.Set = [],  # noqa: B006
    deep: Deep = False,
    axolotl: Version = None,
    json: options.Json = False,
) -> None:
    """Say everything that is wrong with a config, before anything is loaded or rented.

    Example: cli-tuner config check configs/full.yaml --target rtx-4090
    """
    from cli_tuner.cli.config_report import show_report, show_unreadable
    from cli_tuner.config.check import check as judge
    from cli_tuner.config.targets import find_target
    from cli_tuner.errors import ConfigError

    try:
        report = judge(file, overrides, find_target(target, gpus) if target else None, axolotl, deep=deep)
    except ConfigError as error:
        if json:
            show_unreadable(error.message)
        raise
    show_report(report, target, as_json=json)
    if not report.ok:
        raise typer.Exit(2)


@app.command("show")
def show(
    file: File,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value was written.")] = False,
    target: TargetId = None,
    overrides: options.Set = [],  # noqa: B006
    json: options.Json = False,
) -> None:
    """Print the complete config that Axolotl will read, every `extends` and `auto` resolved.

    Example: cli-tuner config show configs/ablations/rank4.yaml --origin
    """
    import yaml

    from cli_tuner.config.load import load
    from cli_tuner.config.realise import realise
    from cli_tuner.config.targets import find_target
    from cli_tuner.config.views import with_origins

    config = load(file, overrides)
    config = realise(config, find_target(target)) if target else config
    if json:
        facts = [{"key": key, "value": value, "origin": where} for key, value, where in with_origins(config)]
        console.emit_json(facts if origin else config.complete())
    elif origin:
        console.table(str(file), ("key", "value", "written in"), with_origins(config))
    else:
        console.emit(yaml.safe_dump(config.complete(), sort_keys=False, allow_unicode=True))


@app.command("diff")
def diff(one: File, other: File, json: options.Json = False) -> None:
    """Show what differs between two configs, everything resolved.

    Example: cli-tuner config diff configs/full.yaml configs/low_vram.yaml
    """
    from cli_tuner.cli.config_report import show_differences
    from cli_tuner.config.load import load
    from cli_tuner.config.views import differences

    show_differences(differences(load(one), load(other)), str(one), str(other), as_json=json)


@app.command("schema")
def schema(axolotl: Version = None) -> None:
    """Print the JSON schema of a config: Axolotl's keys and ours, for editors.

    Example: cli-tuner config schema > schema.json
    """
    from cli_tuner.config.versions import axolotl_version
    from cli_tuner.config.views import json_schema

    console.emit_json(json_schema(axolotl_version(axolotl).release))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A YAML or JSON of TRL, LLaMA-Factory, Unsloth or an older Axolotl.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to write it; default: stdout.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Translate another trainer's config into a complete one of ours, with a comment at each change.

    Example: cli-tuner config import llama3_lora_sft.yaml --out configs/mine.yaml
    """
    from cli_tuner.cli.config_report import as_yaml
    from cli_tuner.config.importing import import_config
    from cli_tuner.errors import ConfigError
    from cli_tuner.files import write_text

    found = import_config(file)
    if json:
        lost = [{"key": key, "value": value, "why": why} for key, value, why in found.lost]
        console.emit_json({"source": found.source, "config": found.values, "changes": found.notes, "lost": lost})
    elif out is None:
        console.emit(as_yaml(found, str(file)))
    elif out.exists():
        raise ConfigError(f"{out} exists", hint="choose another --out; nothing is overwritten")
    else:
        write_text(out, as_yaml(found, str(file)))
        console.say(f"{out}: written, from {found.source}; {len(found.lost)} keys have no counterpart")
        console.say(f"  next: cli-tuner config check {out} && cli-tuner train --config {out} --tiny")

"""`cli-tuner ablate`: vary a recipe, train every member, and show what each change is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli_tuner.cli import console, options
from cli_tuner.errors import ExitCode

HELP = """Train a recipe and its variants over several seeds, and compare them.

Members have run and output folders of their own below models/ablations/NAME and share the prepared rows. What is
trained already is not trained again, so the same command goes on after an interruption. A member that fails does
not stop the others; the exit code is then 1.

`--search` looks for better values instead: Optuna proposes trials on the axes of a file, each a real training, ended
early where its evaluation loss falls behind. The best are trained again beside the recipe with further seeds, and a
winner is named only if its paired interval excludes the runner-up's. Killed anywhere, the same command goes on.

Examples:

  cli-tuner ablate configs/ablations/

  cli-tuner ablate --config configs/smoke.yaml --axis lora_r=4,8,16 --seeds 1,2

  cli-tuner ablate --search configs/search/toy.yaml
"""


def ablate(
    folder: Annotated[Path | None, typer.Argument(help="Folder of overlays that extend one config.")] = None,
    config: options.ConfigPath = Path("configs/full.yaml"),
    axis: Annotated[list[str], typer.Option(metavar="KEY=V1,V2", help="Vary one key; may be repeated.")] = [],  # noqa: B006
    search: Annotated[Path | None, typer.Option(metavar="FILE", help="Search over the axes of this file.")] = None,
    seeds: Annotated[str, typer.Option(help="Comma-separated seeds.")] = "42",
    overrides: options.Set = [],  # noqa: B006
    name: Annotated[str | None, typer.Option(help="Name of the study.  [default: from the config or folder]")] = None,
    tiny: Annotated[
        bool, typer.Option("--tiny", help="Two steps a member with the tiny base model, on a CPU.")
    ] = False,
    json: options.Json = False,
) -> int:
    """Train a recipe and its variants."""
    if search is not None:
        return _search(search, name, tiny=tiny, others=[folder, *axis, *overrides], as_json=json)
    from cli_tuner.ablate import study
    from cli_tuner.cli.ablate_report import is_done, keep, show, trainer
    from cli_tuner.cli.training import realised, this_machine
    from cli_tuner.errors import ConfigError

    if (folder is None) == (not axis):
        raise ConfigError("give a folder of overlays, or one --axis or more", hint="see `cli-tuner ablate --help`")
    try:
        numbers = [int(seed) for seed in seeds.split(",")]
    except ValueError:
        raise ConfigError(f"--seeds {seeds}: give whole numbers, e.g. --seeds 1,2,3") from None
    variants = (
        study.variants_of_folder(folder, overrides)
        if folder is not None
        else study.variants_of_axes(config, axis, overrides)
    )
    home = study.STUDIES / (name or (folder.resolve().name if folder else config.stem))
    machine = this_machine()
    wanted = study.members(variants, numbers, home, lambda resolved: realised(resolved, machine, tiny=tiny))
    console.say(f"{len(wanted)} trainings: {len(variants)} variants x {len(numbers)} seeds, below {home}")

    def tell(result: Any) -> None:
        loss = f"eval loss {result.eval_loss:.4f}" if result.eval_loss is not None else result.why
        console.say(f"{result.member.name}: {'was there' if result.reused else result.state}, {loss}")

    results = study.run_members(wanted, trainer(machine), is_done, tell)
    rows = study.compare(results)
    report = keep(home, results, rows)
    show(report, rows, as_json=json)
    return ExitCode.OK if all(result.eval_loss is not None for result in results) else ExitCode.GATE_FAILED


def _search(file: Path, name: str | None, *, tiny: bool, others: list[Any], as_json: bool) -> int:
    from cli_tuner.cli.ablate_search import run_search, show_search
    from cli_tuner.errors import ConfigError

    if any(other is not None for other in others):
        raise ConfigError("--search takes neither FOLDER, --axis nor --set", hint=f"write axes: and set: into {file}")
    report, found = run_search(file, name, tiny=tiny)
    if as_json:
        console.emit_json(report)
    else:
        show_search(report, found)
    return ExitCode.OK if found.verdict.runner_up is not None else ExitCode.GATE_FAILED

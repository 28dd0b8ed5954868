"""`cli-tuner reproduce`: the rows and the training made again from what was recorded, and how near that came."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli_tuner.cli import console, options
from cli_tuner.errors import ConfigError, ExitCode, LaunchError

if TYPE_CHECKING:
    from cli_tuner.reproduce.original import Original
    from cli_tuner.reproduce.verdict import Verdict

HELP = """Make a training again from its record, and say how near that came.

In a folder of its own: the rows are prepared again from the pinned sources and compared with the recorded digests,
then the recorded config is trained with as many threads as before. The answer is `identical` (the same bytes), `near`
(with the largest difference), or `different`, with the first step whose numbers differ and what differs between the
two environments. Exits 1 where it is different. Uses the installed versions; --fresh installs those of the record into
an environment of its own, by uv or pip from wherever they are set up to take wheels; --python names another one.

Examples:

  cli-tuner reproduce latest

  cli-tuner reproduce latest --fresh

  cli-tuner reproduce ~/downloads/me--bash-adapter --into /scratch/again
"""


def reproduce(
    what: Annotated[str, typer.Argument(metavar="RUN|PATH", help="A run id, or the folder of a run or a release.")],
    into: Annotated[
        Path | None, typer.Option(help="A new folder to work in.  [default: models/reproductions/RUN_ID]")
    ] = None,
    python: Annotated[Path | None, typer.Option(help="The Python of another environment to do it in.")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Install the recorded versions into an environment of its own.")
    ] = False,
    json: options.Json = False,
) -> int:
    """Reproduce a training."""
    from cli_tuner.reproduce.environment import lock_of, make_environment
    from cli_tuner.reproduce.original import open_original
    from cli_tuner.reproduce.workspace import differing_rows, lay_out

    if fresh and python:
        raise ConfigError("--fresh and --python exclude each other", hint="leave one of them out")
    original = open_original(what)
    if fresh:
        lock_of(original.record)  # before anything is laid out
    folder = into or Path("models/reproductions") / str(original.record.run_id or Path(what).name)
    lay_out(original, folder)
    made = make_environment(original.record, folder, console.say) if fresh else python
    interpreter = str(made.absolute()) if made else sys.executable
    rows = _rows(original, folder, interpreter)
    different = differing_rows(original, folder)
    if different:
        document = {"verdict": "different", "first_differing_step": "prepare", "what": f"rows: {', '.join(different)}"}
        return _told({**document, "likely_causes": rows, "folder": str(folder)}, json)
    console.say("the rows are the same bytes; training …" if original.data else "the rows are here; training …")
    return _told({**_trained(original, folder, interpreter).to_json(), "folder": str(folder)}, json)


def _rows(original: Original, folder: Path, interpreter: str) -> list[str]:
    """Prepare the rows again; return what differs in the versions that decide them."""
    from cli_tuner.records.data import DataRecord
    from cli_tuner.reproduce.workspace import RECIPE

    if original.data is None or original.data_place is None:
        console.say("the record of the rows is not at hand: they are taken as they lie here, not made again")
        return []
    out = original.data_place.parent
    _child(
        [interpreter, "-m", "cli_tuner.cli", "prepare", "--config", str(RECIPE), "--out", str(out)], folder, original
    )
    made = DataRecord.read(folder / original.data_place).versions
    return [
        f"{name} {old} -> {made.get(name)}" for name, old in original.data.versions.items() if made.get(name) != old
    ]


def _trained(original: Original, folder: Path, interpreter: str) -> Verdict:
    from cli_tuner.provenance.manifest import RECORD_NAME
    from cli_tuner.records.training import TrainingRecord
    from cli_tuner.reproduce.original import WEIGHTS
    from cli_tuner.reproduce.verdict import verdict
    from cli_tuner.reproduce.workspace import CONFIG, OUTPUT

    _child([interpreter, "-m", "cli_tuner.cli", "train", "--config", str(CONFIG)], folder, original)
    after = TrainingRecord.read(folder / OUTPUT / RECORD_NAME)
    metrics = folder / "models/runs" / str(after.run_id) / "metrics.jsonl"
    weights = folder / OUTPUT / WEIGHTS
    return verdict(original.record, after, (original.weights, weights), (original.metrics, metrics))


def _child(argv: list[str], folder: Path, original: Original) -> None:
    """Run one of our own commands there, with as many threads as before; its talk goes to stderr."""
    threads = original.record.threads.torch if original.record.threads else None
    env = {**os.environ, "WANDB_MODE": "disabled", **({"OMP_NUM_THREADS": str(threads)} if threads else {})}
    done = subprocess.run(argv, cwd=folder, env=env, stdout=sys.stderr.fileno(), check=False)
    if done.returncode:
        raise LaunchError(
            f"{argv[3]} ended with exit code {done.returncode}", hint=f"cd {folder} && {' '.join(argv[1:])}"
        )


def _told(document: dict[str, object], json: bool) -> int:
    if json:
        console.emit_json(document)
    else:
        console.emit(str(document["verdict"]))
        if document["first_differing_step"] is not None:
            console.emit(f"first different at step {document['first_differing_step']}: {document['what']}")
        if document.get("largest_relative_difference"):
            console.emit(f"largest difference of a weight, relative: {document['largest_relative_difference']:.3g}")
        for name in ("likely_causes", "not_compared"):
            lines = document.get(name)
            for line in lines if isinstance(lines, list) else []:
                console.emit(f"{name.replace('_', ' ')}: {line}")
        console.say(f"all of it lies in {document['folder']}")
    return ExitCode.GATE_FAILED if document["verdict"] == "different" else ExitCode.OK

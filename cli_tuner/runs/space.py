"""What runs take up, what of it nobody needs any more, and its removal.

The laws: what a release, a merged model or a tag needs is never freed; nor is what `train --resume auto` would take up,
nor anything of a run that is going on. What is freed is first moved aside, so that a removal that breaks off leaves no
half of a folder behind that looks whole.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cli_tuner.errors import CliTunerError, DataError
from cli_tuner.files import read_json
from cli_tuner.locks import Locks
from cli_tuner.runs.facts import Facts, all_facts
from cli_tuner.runs.layout import RUNS, RunDir, point_latest_at
from cli_tuner.runs.notes import notes_of

_NEEDING = ("models/releases", "models/merged", "models/exports")


@dataclass(frozen=True, slots=True)
class Freed:
    """A folder that may go.

    Attributes:
        path: The folder.
        run_id: Whose it is.
        why: Why nobody needs it.
        size_bytes: What it takes up.
    """

    path: Path
    run_id: str
    why: str
    size_bytes: int


def needed(folders: Collection[str] = _NEEDING) -> dict[str, str]:
    """Map each run that a release or a merged model came from to that folder."""
    found: dict[str, str] = {}
    for top in folders:
        for record in Path(top).glob("*/provenance.json"):
            with suppress(DataError):
                document = read_json(record)
                run_id = document.get("run_id") if isinstance(document, dict) else None
                if isinstance(run_id, str):
                    found.setdefault(run_id, str(record.parent))
    return found


def may_go(resumable: Collection[str], folder: Path = RUNS) -> list[Freed]:
    """Return what `runs gc` would free: partial outputs, replaced outputs, and evaluations that were put aside.

    Args:
        resumable: Runs that `train --resume auto` would take up.
        folder: All runs.
    """
    kept = needed()
    found: list[Freed] = []
    for facts in all_facts(folder):
        run_id = str(facts["run_id"])
        if facts["tags"] or run_id in kept or run_id in resumable or facts["state"] == "running":
            continue
        for path, why in _unneeded(RunDir(folder / run_id), facts):
            found.append(Freed(path, run_id, why, size_of(path)))
    return found


def _unneeded(run: RunDir, facts: Facts) -> Iterator[tuple[Path, str]]:
    record = _record(run)
    output, staging = record.get("output_dir"), record.get("staging")
    if isinstance(staging, str) and Path(staging).is_dir():
        yield Path(staging), f"what a run that is {facts['state']} had saved; nothing resumes it"
    if isinstance(output, str) and facts["checkpoint_dir"] == f"{output}.previous":
        yield Path(f"{output}.previous"), f"a later run took the place of {output}"
    for aside in sorted(run.path.glob("evaluation.[0-9]*")):
        if aside.is_dir():
            yield aside, "an evaluation of other models or prompts, put aside"


def removable(run: RunDir, *, force: bool) -> list[Freed]:
    """Return what `runs rm` removes: the run's folder and what it had saved, less the output, which is a model.

    Raises:
        DataError: A release, a merged model or a tag needs it, and it was not forced.
    """
    release = needed().get(run.run_id)
    tags = notes_of(run).tags
    if not force and (release or tags):
        why = f"{release} came from it" if release else f"it is tagged {', '.join(tags)}"
        raise DataError(
            f"{run.run_id}: is needed: {why}",
            hint=f"cli-tuner runs tag {run.run_id} --remove TAG" if not release else "--force removes it all the same",
        )
    staging = _record(run).get("staging")
    found = [Freed(run.path, run.run_id, "asked for", size_of(run.path))]
    if isinstance(staging, str) and Path(staging).is_dir() and any((Path(staging)).glob("**/*")):
        found.append(Freed(Path(staging), run.run_id, "what it had saved", size_of(Path(staging))))
    return found


def free(what: Freed, folder: Path = RUNS) -> None:
    """Remove a folder.

    Raises:
        CliTunerError: Its run is going on, or the file system refused; what is left is named.
    """
    run = RunDir(folder / what.run_id)
    aside = what.path.with_name(f".{what.path.name}.{secrets.token_hex(4)}.removed")
    with Locks() as locks:
        locks.take(run.lock, f"run {run.run_id}", {}, wait_s=0)
        try:
            what.path.rename(aside)
        except OSError as error:
            raise CliTunerError(f"{what.path}: cannot be removed: {error.strerror or error}") from error
    if what.path == run.path:
        _point_latest_elsewhere(folder)
    shutil.rmtree(aside, ignore_errors=True)
    if aside.exists():
        raise CliTunerError(f"{aside}: could not be removed whole", hint=f"rm -r {aside}")


def _point_latest_elsewhere(folder: Path) -> None:
    """Let `latest` name the newest run that is left, where it named the one that went."""
    link = folder / "latest"
    if link.is_symlink() and not link.exists():
        left = all_facts(folder)
        if left:
            point_latest_at(RunDir(folder / str(left[-1]["run_id"])))
        else:
            link.unlink()


def size_of(path: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(one.stat().st_size for one in path.rglob("*") if one.is_file() and not one.is_symlink())


def _record(run: RunDir) -> dict[str, object]:
    with suppress(DataError):
        loaded = read_json(run.record)
        return loaded if isinstance(loaded, dict) else {}
    return {}

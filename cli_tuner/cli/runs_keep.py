"""`cli-tuner runs tag`, `note`, `rm` and `gc`: what people say of runs, and what of them may go."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli_tuner.cli import console, options
from cli_tuner.errors import DataError

if TYPE_CHECKING:
    from cli_tuner.runs.space import Freed

Run = Annotated[str, typer.Argument(metavar="RUN", help="A run id, or `latest`.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Remove it; do not ask.")]


def tag(
    run_id: Run,
    tags: Annotated[list[str] | None, typer.Argument(metavar="[TAG]...", help="Tags to add.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="A tag to remove; may be repeated.")] = None,
    json: options.Json = False,
) -> None:
    """Tag a run, or show its tags. What is tagged is never freed by `runs gc`.

    Example: cli-tuner runs tag latest keep release/1
    """
    from cli_tuner.runs.layout import find_run
    from cli_tuner.runs.notes import notes_of
    from cli_tuner.runs.notes import tag as change

    run = find_run(run_id)
    found = change(run, tags or (), remove or ()) if tags or remove else notes_of(run)
    if json:
        console.emit_json({"run": run.run_id, "tags": found.tags, "note": found.note})
    else:
        console.emit("\n".join(found.tags) or "no tags")


def note(run_id: Run, text: Annotated[str, typer.Argument(help="The note; '' removes it.")]) -> None:
    """Write a note on a run.

    Example: cli-tuner runs note latest "the first that learnt"
    """
    from cli_tuner.runs.layout import find_run
    from cli_tuner.runs.notes import note as change

    run = find_run(run_id)
    console.say(f"{run.run_id}: {change(run, text).note or 'no note'}")


def rm(
    run_ids: Annotated[list[str], typer.Argument(metavar="RUN...", help="Run ids.")],
    yes: Yes = False,
    force: Annotated[bool, typer.Option("--force", help="Also what a release or a tag needs.")] = False,
    json: options.Json = False,
) -> None:
    """Remove runs: folder, logs, and what they had saved before they failed; never a trained output.

    Example: cli-tuner runs rm 20260101-120000-smoke-1a2b --yes
    """
    from cli_tuner.runs.layout import find_run
    from cli_tuner.runs.space import removable

    runs = {run.run_id: run for run in map(find_run, run_ids)}
    _remove([one for run in runs.values() for one in removable(run, force=force)], yes, json)


def gc(yes: Yes = False, json: options.Json = False) -> None:
    """Show what nobody needs any more, and with --yes free it: partial outputs, replaced outputs, old evaluations.

    What a release, a merged model or a tag needs, and what `train --resume auto` would take up, stays.

    Example: cli-tuner runs gc
    """
    from cli_tuner.runs.space import may_go
    from cli_tuner.train.recovery import taken_by_auto

    found = may_go(taken_by_auto())
    if yes and found:
        _remove(found, yes=True, json=json)
        return
    _show(found, json=json, removed=False)
    if not json:
        console.say("nothing was removed; --yes frees it" if found else "there is nothing that nobody needs")


def _remove(found: list[Freed], yes: bool, json: bool) -> None:
    from cli_tuner.runs.space import free

    if not yes:
        if not sys.stdin.isatty():
            raise DataError("nobody is here to ask", hint="--yes removes it without asking")
        _show(found, json=False, removed=False)
        typer.confirm("remove it?", abort=True, err=True)
    for one in reversed(found):  # a run's folder last: its lock lies in it
        free(one)
    _show(found, json=json, removed=True)


def _show(found: list[Freed], *, json: bool, removed: bool) -> None:
    if json:
        listed = [{"path": str(one.path), "run": one.run_id, "why": one.why, "bytes": one.size_bytes} for one in found]
        console.emit_json({"removed": removed, "bytes": sum(one.size_bytes for one in found), "folders": listed})
        return
    if not found:
        return
    rows = [(str(one.path), f"{one.size_bytes / 1e6:,.1f} MB", one.why) for one in found]
    console.table("Removed" if removed else "May go", ("folder", "size", "why"), rows)
    total = sum(one.size_bytes for one in found) / 1e6
    console.say(f"{'freed' if removed else 'would free'} {total:,.1f} MB")

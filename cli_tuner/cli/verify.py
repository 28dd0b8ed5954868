"""`cli-tuner verify`: every byte, signature and link of a release, a model or a run, offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli_tuner.cli import console, options
from cli_tuner.errors import DataError, ExitCode

if TYPE_CHECKING:
    from cli_tuner.provenance.verifier import Finding, Key

HELP = """Check that a release, a checkpoint, a merged model or a run is what was recorded, offline.

Walks from the files to the model, the adapter, the rows, the sources and the base, and names every link that does not
hold: `changed`, `missing`, `added`, `unsigned`, `wrong key`, or `unknown` where nobody recorded it. Any of them exits
1. Signatures are checked with --key, else with your own key where you have one. A release can be checked without
CLI-Tuner too: python verify_release.py FOLDER --key SIGNER.pub

Examples:

  cli-tuner verify models/releases/me--bash-adapter --key signer.pub

  cli-tuner verify latest --allow-unsigned
"""


def verify(
    what: Annotated[str, typer.Argument(metavar="PATH|RUN", help="A folder, a run id, or `latest`.")],
    key: Annotated[Path | None, typer.Option(help="Public key of the signer (PEM), from a source you trust.")] = None,
    allow_unsigned: Annotated[
        bool, typer.Option("--allow-unsigned", help="Check bytes and links only; signatures are not asked for.")
    ] = False,
    json: options.Json = False,
) -> int:
    """Verify a release, a model or a run."""
    from cli_tuner.provenance.signing import public_key

    if key and allow_unsigned:
        raise DataError("--key and --allow-unsigned exclude each other", hint="leave one of them out")
    findings, files = _checked(what, None if allow_unsigned else public_key(key), allow_unsigned)
    if json:
        document = [{"word": one.word, "name": one.name, "why": one.why} for one in findings]
        console.emit_json({"what": what, "ok": not findings, "files": files, "findings": document})
    else:
        for one in findings:
            console.emit(console.visible(": ".join(one)))
        console.say(f"{len(findings)} things do not hold" if findings else f"ok: {files} files, and every link")
    if any(one.word == "unsigned" for one in findings):
        console.say("  hint: `cli-tuner sign` signs it; --allow-unsigned checks the bytes alone")
    return ExitCode.GATE_FAILED if findings else ExitCode.OK


def _checked(what: str, key: Key | None, allow_unsigned: bool) -> tuple[list[Finding], int]:
    from cli_tuner.provenance import verifier
    from cli_tuner.release.attest import is_release
    from cli_tuner.runs import walk
    from cli_tuner.runs.layout import RUNS, RunDir, find_run

    folder = Path(what)
    if is_release(folder):
        return verifier.check(folder, key, allow_unsigned), len(verifier.files_of(folder))
    if folder.is_dir() and not (folder / "run.json").is_file():
        found = walk.walk_folder(folder)
    else:
        run = RunDir(folder) if folder.is_dir() else find_run(what, RUNS)
        found = walk.walk_run(run)
        folder = run.path
    walk.signed(found, folder / verifier.FOLDER, key, allow_unsigned=allow_unsigned)
    return found.findings, found.files

"""`cli-tuner sign`: your signature on a release or on the records of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli_tuner.cli import console, options

HELP = """Sign a release, or what the records of a run state.

Every statement becomes a DSSE envelope, and the weights of a release get an OpenSSF model signature. Your key is made
on first use (EC P-256, readable by you only) and never asked for again; its public half lies beside it. What does not
hold is not signed. Give the public half to others by a way that they trust, not inside the release.

Examples:

  cli-tuner sign models/releases/me--bash-adapter

  cli-tuner sign latest --key ~/keys/release.pem
"""


def sign(
    what: Annotated[str, typer.Argument(metavar="PATH|RUN", help="A release, a run id, or `latest`.")],
    key: Annotated[Path | None, typer.Option(help="A private key (PEM, EC P-256).  [default: your own]")] = None,
    json: options.Json = False,
) -> None:
    """Sign a release or a run."""
    from cli_tuner.cli import publishing
    from cli_tuner.provenance.signing import open_signer
    from cli_tuner.release.attest import is_release
    from cli_tuner.runs.layout import find_run
    from cli_tuner.runs.walk import sign_run

    release = is_release(Path(what))
    run = None if release else find_run(what if not Path(what).is_dir() else Path(what).name)
    signer = open_signer(key)
    names = publishing.signed(Path(what), signer) if run is None else sign_run(run, signer)
    if run is not None:
        publishing.tell(signer)
    if json:
        console.emit_json({"what": what, "signed": names, "keyid": signer.key.id, "public_key": str(signer.public)})
        return
    for name in names:
        console.emit(name)

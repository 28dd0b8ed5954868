"""`cli-tuner publish`: a checkpoint or merged model to the hub, with its card, its data's card and its record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli_tuner.cli import console, options

HELP = """Publish a checkpoint or a merged model on the Hugging Face hub.

Writes the exact folder first: weights as safetensors, tokenizer, model card (README.md) and data card with recorded
numbers only, records, statements of where it comes from, and SHA256SUMS. Refuses (exit 1) what was not validated or
failed a gate, a record that does not verify, a base model that only this machine has, secrets, local paths, pickles and
files over the limit; sends nothing that `cli-tuner ship` did not let go. One commit; a broken upload goes on when it is
run again; the digests of all files on the hub are compared at the end. Needs HF_TOKEN, or `hf auth login`.

Examples:

  cli-tuner publish --checkpoint-dir models/checkpoints/smoke --repo me/bash-adapter --dry-run

  cli-tuner publish --checkpoint-dir models/checkpoints/smoke --repo me/bash-adapter --base-id me/tiny-base --sign

  cli-tuner publish --checkpoint-dir models/merged/smoke --repo me/bash-model --private
"""


def publish(
    checkpoint_dir: Annotated[Path, typer.Option(help="A checkpoint, or what `cli-tuner merge` made.")],
    repo: Annotated[str, typer.Option(help="Where to: owner/name.")],
    private: Annotated[bool, typer.Option("--private", help="Make a private repository.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write the folder, send nothing.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="The folder that is sent.  [default: models/releases/OWNER--NAME]")
    ] = None,
    base_id: Annotated[
        str | None, typer.Option(help="Where others find a base that is a folder here: owner/name[@COMMIT].")
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option("--license", help="Licence of the release.  [default: that of base and rows, where it is one]"),
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="Language of the requests, such as en; repeatable.")
    ] = None,
    sign: Annotated[bool, typer.Option("--sign", help="Sign it with your key, made on first use.")] = False,
    key: Annotated[Path | None, typer.Option(help="Sign with this private key (PEM, EC P-256).")] = None,
    json: options.Json = False,
) -> None:
    """Publish a model."""
    from cli_tuner.backends import hf_hub
    from cli_tuner.cli import publishing
    from cli_tuner.config.environment import read_dotenv
    from cli_tuner.provenance.signing import open_signer
    from cli_tuner.release.publish import Asked, assemble, digests_of, require_shipped

    read_dotenv()
    hf_hub.check_repo(repo)
    signer = open_signer(key) if sign or key else None
    contents, training, checks = publishing.opened(checkpoint_dir)
    folder = out or Path("models/releases") / repo.replace("/", "--")
    asked = Asked(repo, base_id, publishing.system_prompt(contents), licence, tuple(language or ()))
    digests = assemble(contents, training, folder, checks, asked)
    if signer:
        publishing.signed(folder, signer)
        digests = digests_of(folder)
    document = {
        "folder": str(folder), "repo": repo, "dry_run": dry_run, "digests": digests, "remarks": contents.remarks,
        "left_behind": contents.left_behind, "run_id": contents.run_id, "upload": None,
    }  # fmt: skip
    for remark in contents.remarks:
        console.say(f"remark: {remark}")
    if not dry_run:
        require_shipped(contents, training)
        console.say(f"uploading {len(digests)} files to {repo} …")
        message = f"cli-tuner publish: run {contents.run_id or 'not recorded'}"
        document["upload"] = hf_hub.upload(folder, repo, private=private, message=message)
    if json:
        console.emit_json(document)
        return
    rows = [(name, f"{(folder / name).stat().st_size:,}", digest[:16] + "…") for name, digest in digests.items()]
    console.table("Release", ("file", "bytes", "sha256"), rows)
    console.say(
        f"left behind: {len(contents.left_behind)} files" if contents.left_behind else "nothing was left behind"
    )
    upload = document["upload"]
    console.say(
        f"published: {upload['url']}" if isinstance(upload, dict) else f"nothing was sent; the folder: {folder}"
    )

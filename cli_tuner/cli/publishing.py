"""What `publish` and `export` open: a verified checkpoint or merged model, and the record of its training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli_tuner.cli import console
from cli_tuner.errors import CheckpointError, DataError

if TYPE_CHECKING:
    from cli_tuner.provenance.signing import Signer
    from cli_tuner.release.contents import Contents
    from cli_tuner.release.publish import Checks


def opened(folder: Path) -> tuple[Contents, dict[str, object], Checks]:
    """Verify a checkpoint or merged model; return what is released, its training's record, and what may leave.

    Raises:
        DataError: There is no such folder.
        CheckpointError: It has no record, or is not what its record says.
    """
    from cli_tuner.backends import hf_hub
    from cli_tuner.config.sections import Release
    from cli_tuner.prepare.secrets import find_secret
    from cli_tuner.release.contents import gather
    from cli_tuner.release.merged import is_model
    from cli_tuner.release.publish import Checks

    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder", hint="`cli-tuner runs list` shows what was trained")
    merged = is_model(folder)
    record, training, release = _merged(folder) if merged else _adapter(folder)
    contents = gather(folder, record, is_merged=merged, training=training)
    contents.card = _card(contents.run) if contents.run else ""
    checks = Checks(find_secret, hf_hub.card_fault, (release or Release()).max_file_bytes)
    return contents, training, checks


def system_prompt(contents: Contents) -> str | None:
    """Return what the training said first in every chat: the task's own text, none for free chat."""
    import yaml

    from cli_tuner.chat.messages import SYSTEM_PROMPT

    config = contents.files.get("training_config.yaml")
    loaded = yaml.safe_load(config.read_text("utf-8")) if config else {}
    section = loaded.get("cli_tuner") if isinstance(loaded, dict) else None
    return None if isinstance(section, dict) and section.get("task") in ("chat", "completion") else SYSTEM_PROMPT


def signed(folder: Path, signer: Signer) -> list[str]:
    """Sign a release; say where the key is."""
    from cli_tuner.backends.model_signatures import check_weights, sign_weights
    from cli_tuner.provenance.verifier import FOLDER
    from cli_tuner.release.attest import WEIGHTS_SIGNATURE, sign

    names = sign(folder, signer, lambda place, target: sign_weights(place, target, signer.path))
    if why := check_weights(folder, folder / FOLDER / WEIGHTS_SIGNATURE, signer.public):
        raise CheckpointError(f"{folder}: its own signature does not hold: {why}", hint="sign it again")
    tell(signer)
    return names


def tell(signer: Signer) -> None:
    """Say where the key is, and who needs which half."""
    if signer.made:
        console.say(f"your signing key was made: {signer.path}; keep it to yourself, and back it up")
    console.say(f"signed by {signer.key.id[:16]}…; whoever checks needs {signer.public}")


def _card(run: Path) -> str:
    """Render the model card anew: one that was written before the last evaluation would tell old numbers."""
    from cli_tuner.report import card, gather
    from cli_tuner.runs.layout import RunDir

    return card.model_card(gather.gather(RunDir(run)))


def _adapter(folder: Path) -> tuple[dict[str, object], dict[str, object], Any]:
    from cli_tuner.validate import integrity
    from cli_tuner.validate.recipe import recipe_of

    checkpoint = integrity.inspect(folder)
    if checkpoint.record is None:
        raise _unrecorded(folder)
    document = checkpoint.record.document()
    return document, document, recipe_of(checkpoint, console.say).release


def _merged(folder: Path) -> tuple[dict[str, object], dict[str, object], Any]:
    from cli_tuner.release.merged import require_recorded

    record = require_recorded(folder)
    if record is None:
        raise _unrecorded(folder)
    return record.document(), record.training.document() if record.training else {}, None


def _unrecorded(folder: Path) -> CheckpointError:
    return CheckpointError(
        f"{folder}: has no record of how it was made", hint="publish what `cli-tuner train` or `cli-tuner merge` wrote"
    )

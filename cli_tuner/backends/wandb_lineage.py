"""The chain that a reviewer follows in Weights & Biases: data -> training run -> checkpoint -> evaluation.

An artifact here holds records and digests, never weights or rows of a data set: those stay where they are. Two runs
that name the same files name the same version of the same artifact, because W&B tells versions apart by content;
so the training and the evaluation of one checkpoint meet without asking a server, also offline.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli_tuner.files import dump_json, sha256_file, sha256_text

DATA, CHECKPOINT, EVALUATION = "dataset", "model", "evaluation"


def data_artifact(materials: Mapping[str, Any]) -> Any:
    """Build the artifact that stands for a set of row files: their names and digests, and how they were made.

    Args:
        materials: As in a training record: `{"data": {path: sha256}, "data_provenance": {path: sha256} | None}`.
    """
    import wandb

    text = dump_json(materials)
    artifact = wandb.Artifact(f"data-{sha256_text(text)[:12]}", type=DATA, metadata=dict(materials))
    with artifact.new_file("materials.json", encoding="utf-8") as handle:
        handle.write(text)
    for name, digest in (materials.get("data_provenance") or {}).items():
        if Path(name).is_file() and sha256_file(Path(name)) == digest:
            artifact.add_file(name, name="provenance.json")
    return artifact


def checkpoint_artifact(record: Path, run_id: str | None) -> Any:
    """Build the artifact that stands for a checkpoint: its training record, which holds the digest of every file.

    Args:
        record: The checkpoint's `provenance.json`.
        run_id: The run that trained it.
    """
    import wandb

    artifact = wandb.Artifact(f"checkpoint-{run_id or sha256_file(record)[:12]}", type=CHECKPOINT)
    artifact.add_file(str(record), name="provenance.json")
    return artifact


def evaluation_artifact(run_id: str, files: Mapping[str, Path]) -> Any:
    """Build the artifact of an evaluation: its numbers and its rows.

    Args:
        run_id: The run whose checkpoint was evaluated.
        files: Name in the artifact to file.
    """
    import wandb

    artifact = wandb.Artifact(f"evaluation-{run_id}", type=EVALUATION)
    for name, path in files.items():
        artifact.add_file(str(path), name=name)
    return artifact


def use(run: Any, artifact: Any) -> None:
    """Declare a new artifact as what `run` read, online or offline, without waiting for the server.

    NOTE: wandb 0.31 refuses `use_artifact` offline, and online it waits for the upload; of a new artifact it writes
    the very record that is written here, which `wandb sync` sends later. A contract test reads it back.
    """
    if not run.disabled:
        run._log_artifact(artifact, is_user_created=True, use_after_commit=True)

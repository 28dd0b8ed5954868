"""What a checkpoint was trained with: its recipe where that can be trusted, and the form of its base."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cli_tuner.config import sections
from cli_tuner.config.load import Config, load
from cli_tuner.files import sha256_file
from cli_tuner.runs.layout import RUNS
from cli_tuner.validate.integrity import Checkpoint

Say = Callable[[str], None]


def recipe_of(checkpoint: Checkpoint, say: Say) -> sections.Section:
    """Return the `cli_tuner` section that the checkpoint was trained with, or the defaults, and say why."""
    config = _trained_config(checkpoint, say)
    return config.section if config else sections.Section()


def project_of(checkpoint: Checkpoint) -> str:
    """Return the W&B project that the checkpoint was trained in."""
    config = _trained_config(checkpoint, lambda _: None)
    return str((config.axolotl.get("wandb_project") if config else None) or "cli-tuner")


def _trained_config(checkpoint: Checkpoint, say: Say) -> Config | None:
    """Return the config of the training where it can be trusted.

    A config that changed since the training may not loosen the gates of what was trained before, and a checkpoint
    that came from elsewhere may not bring a config of its own: its run must be in `models/runs`.
    """
    record = checkpoint.record
    if record is None or record.config.file is None or not Path(record.config.file).is_file():
        return None
    if not (RUNS / str(record.run_id) / "run.json").is_file():
        say(f"{checkpoint.path} was not trained here: the default gates and prompts are used")
        return None
    if sha256_file(Path(record.config.file)) != record.config.sha256:
        say(f"{record.config.file} is not the config that was trained: the default gates and prompts are used")
        return None
    return load(Path(record.config.file))


def was_quantised(checkpoint: Checkpoint) -> bool:
    """Tell whether the base model was 4-bit while the adapter was trained; True when nobody recorded it."""
    record = checkpoint.record
    return bool(record.model.n_linear4bit) if record is not None and "model" in record.model_fields_set else True

"""Whether what a training writes has a place: tried before anything is loaded.

Covered: the folder beside the output takes a file, the disk has room for the checkpoints that `cli-tuner plan`
counts, and a run that pushes to the hub can. Not covered: a disk that others fill meanwhile, and quotas.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from cli_tuner.config.load import Config
from cli_tuner.errors import ConfigError, PrerequisiteError
from cli_tuner.train.adapter import count_trainable
from cli_tuner.train.shapes import find_shape
from cli_tuner.train.timetable import disk_bytes, make_timetable

_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


def check_room(config: Config, output_dir: Path) -> None:
    """Refuse an output that cannot be written, or that the disk has no room for.

    Raises:
        ConfigError: The folder cannot be made or written.
        PrerequisiteError: The disk is too full, or the hub is asked for and cannot be reached by our own settings.
    """
    where = config.origins.get("output_dir", config.path)
    try:
        output_dir.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output_dir.parent):
            pass
    except OSError as error:
        raise ConfigError(
            f"{where}: output_dir: {output_dir}: cannot be written: {error.strerror or error}",
            hint="choose a folder that you may write to, e.g. models/checkpoints/mine",
        ) from error
    needed, free = bytes_needed(config), shutil.disk_usage(output_dir.parent).free
    if needed is not None and needed > free:
        raise PrerequisiteError(
            f"{output_dir.parent}: {free / 1e9:.1f} GB free, and the checkpoints need {needed / 1e9:.1f} GB",
            hint="free some space, lower save_total_limit, or choose another output_dir (`cli-tuner plan` shows it)",
        )


def bytes_needed(config: Config) -> float | None:
    """Return what checkpoints and final weights take at once; None where the base model's shape is not known."""
    values = config.axolotl
    shape = find_shape(str(values.get("base_model")))
    if shape is None:
        return None
    table = make_timetable(values, None, has_evaluation=False)
    parts = disk_bytes(table, None, count_trainable(values, shape), 0.0)
    return parts["checkpoints"] + parts["final adapter"]


def check_hub(config: Config) -> None:
    """Refuse a push to the hub that the environment rules out; Axolotl would find out after the training.

    Raises:
        PrerequisiteError: `hub_model_id` is set, and the hub is switched off or there is no token.
    """
    if not config.axolotl.get("hub_model_id"):
        return
    where = config.origins.get("hub_model_id", config.path)
    off = next((name for name in _OFFLINE if os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE")), None)
    if off:
        raise PrerequisiteError(
            f"{where}: hub_model_id pushes to the hub at every save, and {off} switches the hub off",
            hint=f"unset {off}, or train with `--set hub_model_id=null` and publish later with `cli-tuner publish`",
        )
    kept = Path(os.environ.get("HF_HOME") or Path.home() / ".cache/huggingface") / "token"
    if not os.environ.get("HF_TOKEN") and not kept.is_file():
        raise PrerequisiteError(
            f"{where}: hub_model_id pushes to the hub at every save, and there is no token for it",
            hint="`hf auth login`, HF_TOKEN in .env, or train with `--set hub_model_id=null`",
        )

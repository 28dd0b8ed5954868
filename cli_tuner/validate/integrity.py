"""Is this folder a whole LoRA checkpoint that fits its base model? Read from files alone, in milliseconds.

Covered: the files that must be there, safetensors only, headers, shapes against the base model's own header,
digests against the training record. Not covered here: values (NaN, all zeros), which need the tensors.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from cli_tuner.errors import CheckpointError, DataError
from cli_tuner.files import sha256_file
from cli_tuner.provenance.base import pinned_revision, snapshot
from cli_tuner.provenance.manifest import RECORD_NAME, changed
from cli_tuner.records.training import TrainingRecord
from cli_tuner.validate.safetensors_header import TensorInfo, read_header

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
_PICKLES = ("adapter_model.bin", "pytorch_model*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")
_PREFIX = "base_model.model."
# What decides the completions; the other files of the folder may be read or rewritten by people.
_BOUND = (
    ADAPTER_WEIGHTS, ADAPTER_CONFIG, "tokenizer.json", "tokenizer_config.json", "chat_template.jinja",
    "special_tokens_map.json", "added_tokens.json",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a sound checkpoint says of itself.

    Attributes:
        path: The folder.
        base_model: Folder or hub id of the model it was trained on.
        adapter_config: PEFT's `adapter_config.json`.
        tensors: Header of the adapter's weights.
        record: The training's provenance record, or None when it has none.
        base_checked: Whether shapes were compared with a base model on this machine.
    """

    path: Path
    base_model: str
    adapter_config: dict[str, object]
    tensors: dict[str, TensorInfo]
    record: TrainingRecord | None
    base_checked: bool


def inspect(folder: Path) -> Checkpoint:
    """Check the files of a checkpoint.

    Raises:
        DataError: There is no such folder.
        CheckpointError: It is not a checkpoint, holds pickles instead of safetensors, is incomplete, does not fit its
            base model, or is not what its record says.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such checkpoint folder", hint="`cli-tuner runs list` shows what was trained")
    _check_files(folder)
    adapter_config = _adapter_config(folder / ADAPTER_CONFIG)
    tensors = read_header(folder / ADAPTER_WEIGHTS)
    base_model = str(adapter_config["base_model_name_or_path"])
    record = _record(folder)
    base_checked = _check_fit(folder, tensors, base_model, record)
    return Checkpoint(folder, base_model, adapter_config, tensors, record, base_checked)


def bound(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of the files that decide a checkpoint's answers."""
    return {name: sha256_file(folder / name) for name in _BOUND if (folder / name).is_file()}


def _check_files(folder: Path) -> None:
    if not (folder / ADAPTER_WEIGHTS).is_file():
        if any(any(folder.glob(glob)) for glob in _PICKLES):
            raise CheckpointError(
                f"{folder}: its weights are a pickle, which can run code when loaded",
                hint=f"save it again as safetensors (Axolotl's default); {ADAPTER_WEIGHTS} is needed",
            )
        if any(folder.glob("model*.safetensors")):
            raise CheckpointError(
                f"{folder}: is a full model, not an adapter checkpoint",
                hint="give the folder that `cli-tuner train` wrote, which holds adapter_config.json",
            )
        raise CheckpointError(f"{folder}: no {ADAPTER_WEIGHTS}", hint="is this the output_dir of a finished training?")
    if not (folder / ADAPTER_CONFIG).is_file():
        raise CheckpointError(f"{folder}: no {ADAPTER_CONFIG}", hint="without it the adapter cannot be placed")


def _adapter_config(path: Path) -> dict[str, object]:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(loaded, dict) or not loaded.get("base_model_name_or_path"):
            raise CheckpointError(f"{path}: names no base model", hint="train again; this checkpoint is damaged")
        return loaded
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: not readable as JSON: {error}", hint="this checkpoint is damaged") from error


def _record(folder: Path) -> TrainingRecord | None:
    """Return the training's record, None when there is none, after comparing its digests."""
    path = folder / RECORD_NAME
    if not path.is_file():
        return None
    try:
        record = TrainingRecord.read(path)
    except DataError as error:
        raise CheckpointError(error.message, hint="the record is damaged; restore the original files") from error
    subjects = record.subjects
    if ADAPTER_WEIGHTS not in subjects:
        raise CheckpointError(f"{path}: is not a training record", hint="train again")
    wrong = changed(folder, {name: subjects[name] for name in _BOUND if name in subjects})
    if wrong:
        raise CheckpointError(
            f"{folder}: not the bytes that the training recorded: {', '.join(wrong)}",
            hint="someone or something changed them after training; restore the original files",
        )
    return record


def _check_fit(folder: Path, tensors: dict[str, TensorInfo], base_model: str, record: TrainingRecord | None) -> bool:
    """Compare with the base model's files where they are on this machine; tell whether that was possible."""
    base = snapshot(base_model, pinned_revision(folder))
    if base is None:
        return False
    recorded = (record.base_model.digests if record else None) or {}
    bound = {name: digest for name, digest in recorded.items() if name.endswith((".safetensors", "config.json"))}
    wrong = changed(base, bound, links=True)
    if wrong:
        raise CheckpointError(
            f"{folder}: was trained on another {base_model}: {', '.join(wrong)} differ",
            hint="restore the base model it was trained on, or train again",
        )
    weights: dict[str, TensorInfo] = {}
    for file in sorted(base.glob("*.safetensors")):
        weights.update(read_header(file))
    misfits = [name for name, tensor in tensors.items() if not _fits(name, tensor, weights)]
    if misfits:
        raise CheckpointError(
            f"{folder}: does not fit {base_model}: {misfits[0]} and {len(misfits) - 1} more have no matching layer",
            hint="the adapter belongs to another base model",
        )
    return True


def _fits(name: str, tensor: TensorInfo, weights: dict[str, TensorInfo]) -> bool:
    module, marker, _ = name.removeprefix(_PREFIX).partition(".lora_")
    if not marker:  # a layer saved whole, such as embeddings
        return True
    weight = weights.get(f"{module}.weight")
    if weight is None or len(weight.shape) != 2 or not 1 <= len(tensor.shape) <= 2:
        return False
    out_features, in_features = weight.shape
    if ".lora_A." in name:
        return tensor.shape[-1] == in_features
    return tensor.shape[0] == out_features  # B, or DoRA's magnitude of one value an output

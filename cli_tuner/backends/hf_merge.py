"""Writes a merged model shard by shard: each tensor is read, changed in float32, rounded once, and let go.

The law: a tensor that the adapter does not touch keeps its value, and every tensor its dtype unless float32 is asked
for. The memory that is needed is one shard as it lies on disk and the changed tensors of it (`benchmarks/merge.py`
measures it).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli_tuner.errors import CheckpointError, DataError
from cli_tuner.files import read_json, write_json
from cli_tuner.ports import Change
from cli_tuner.records.merge import MergedWeights

INDEX = "model.safetensors.index.json"
_FLOATS = ("F64", "F32", "F16", "BF16")


def shards(folder: Path) -> list[Path]:
    """Return the weight files of a model, in the order of their names.

    Raises:
        CheckpointError: There are none, or the index names one that is missing.
    """
    if (folder / INDEX).is_file():
        named = sorted(set(read_json(folder / INDEX)["weight_map"].values()))
        missing = [name for name in named if not (folder / name).is_file()]
        if missing:
            raise CheckpointError(f"{folder}: {missing[0]} is missing", hint="download the base model again")
        return [folder / name for name in named]
    found = sorted(folder.glob("model*.safetensors")) or sorted(folder.glob("*.safetensors"))
    if not found:
        raise CheckpointError(f"{folder}: no safetensors weights", hint="only safetensors are read; convert it first")
    return found


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a safetensors file; its tensors are read when asked for.

    Raises:
        CheckpointError: It is incomplete, or no such file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as tensors:
            yield tensors
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path}: not a whole safetensors file: {error}", hint="restore the original files"
        ) from error


def headers(paths: list[Path]) -> tuple[dict[str, list[int]], dict[str, str]]:
    """Return shape and dtype (`F32`, `BF16`, …) of every tensor in these files; no tensor is read."""
    shapes: dict[str, list[int]] = {}
    dtypes: dict[str, str] = {}
    for path in paths:
        with opened(path) as tensors:
            for name in tensors.keys():  # noqa: SIM118  (safe_open is no mapping)
                part = tensors.get_slice(name)
                shapes[name], dtypes[name] = list(part.get_shape()), str(part.get_dtype())
    return shapes, dtypes


def write_merged(
    base: Path, adapter: Path, changes: Mapping[str, Change], out: Path, *, float32: bool = False
) -> MergedWeights:
    """Write the merged weights of `base` into the folder `out`, under the names that the base's files have.

    Args:
        base: Folder of the full-precision base model.
        adapter: The adapter's safetensors file.
        changes: From `release.lora.plan`.
        out: An existing folder.
        float32: Widen every 16-bit tensor to float32, so that nothing is rounded.

    Returns:
        How many tensors and shards there are, of which types, and the largest shard.

    Raises:
        CheckpointError: A file is incomplete, or a tensor that would change holds no floats, or NaN comes out.
    """
    files = shards(base)
    _, dtypes = headers(files)
    odd = [name for name in changes if dtypes[name] not in _FLOATS]
    if odd:
        raise CheckpointError(
            f"{base}: {odd[0]} is {dtypes[odd[0]]}: a quantised base", hint="name the full-precision one"
        )
    with opened(adapter) as parts:
        for file in files:
            _write_shard(file, parts, changes, out / file.name, float32=float32)
            (out / file.name).chmod(0o644)  # safetensors makes its files private
    if (base / INDEX).is_file():
        index = read_json(base / INDEX)
        write_json(out / INDEX, {key: value for key, value in index.items() if key != "metadata" or not float32})
    written = [out / file.name for file in files]
    return MergedWeights(
        n_tensors=len(dtypes),
        n_changed=len(changes),
        dtypes=sorted(set(headers(written)[1].values())),
        n_shards=len(files),
        largest_shard_bytes=max(file.stat().st_size for file in written),
    )


def _write_shard(file: Path, parts: Any, changes: Mapping[str, Change], target: Path, *, float32: bool) -> None:
    import torch
    from safetensors.torch import save_file

    with opened(file) as tensors:
        merged = {}
        for name in tensors.keys():  # noqa: SIM118
            tensor = tensors.get_tensor(name)
            if float32 and tensor.dtype in (torch.bfloat16, torch.float16):
                tensor = tensor.float()
            merged[name] = _changed(name, tensor, changes[name], parts) if name in changes else tensor
        try:
            save_file(merged, target, metadata=tensors.metadata() or {"format": "pt"})
        except OSError as error:
            raise DataError(
                f"{target}: cannot be written: {error.strerror or error}", hint="free some space; nothing was kept"
            ) from error


def _changed(name: str, tensor: Any, change: Change, parts: Any) -> Any:
    """Return the merged tensor in the dtype of the base's."""
    import torch

    held = {role: parts.get_tensor(part) for role, part in change.parts.items()}
    wide = torch.float64 if tensor.dtype == torch.float64 else torch.float32
    with torch.inference_mode():
        weight = held.get("whole", tensor)
        merged = weight if change.kind == "whole" else _low_rank(weight.to(wide), held, change, wide)
        if not bool(torch.isfinite(merged).all()):
            raise CheckpointError(f"{name}: the merged weights are not finite", hint="`cli-tuner validate` the adapter")
        return merged.to(tensor.dtype).contiguous()


def _low_rank(weight: Any, held: Mapping[str, Any], change: Change, wide: Any) -> Any:
    import torch

    update = (held["B"].to(wide) @ held["A"].to(wide)) * change.scale
    across = change.transposed or change.kind == "embedding"
    merged = weight + (update.T if across else update)
    if change.kind != "dora":
        return merged
    rows = merged.T if across else merged
    scaled = held["m"].to(wide).reshape(-1, 1) / torch.linalg.norm(rows, dim=1, keepdim=True) * rows
    return scaled.T if across else scaled

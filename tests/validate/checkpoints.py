"""Makes small checkpoints byte by byte: the safetensors format is a length, a JSON header and the tensors."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

BASE = {"model.layers.0.self_attn.q_proj.weight": (6, 4), "model.norm.weight": (4,)}
MODULE = "base_model.model.model.layers.0.self_attn.q_proj"
ADAPTER = {f"{MODULE}.lora_A.weight": (2, 4), f"{MODULE}.lora_B.weight": (6, 2)}


def safetensors_bytes(shapes: Mapping[str, Sequence[int]], value: float = 0.5) -> bytes:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, shape in shapes.items():
        count = 1
        for side in shape:
            count *= side
        raw = struct.pack(f"<{count}f", *([value] * count))
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    return with_header(header, data)


def with_header(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_base(folder: Path, shapes: Mapping[str, Sequence[int]] = BASE) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(safetensors_bytes(shapes))
    (folder / "config.json").write_text("{}")
    return folder


def make_checkpoint(
    folder: Path, base: Path | str, shapes: Mapping[str, Sequence[int]] = ADAPTER, value: float = 0.5
) -> Path:
    """Write an adapter with its tokenizer and a training record that fits."""
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(safetensors_bytes(shapes, value))
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(base), "r": 2}))
    (folder / "tokenizer.json").write_text("{}")
    write_record(folder, base)
    return folder


def write_record(folder: Path, base: Path | str, **changes: Any) -> None:
    record = {
        "run_id": "20260101-000000-smoke-abcd",
        "subjects": {path.name: sha256(path) for path in folder.iterdir() if path.name != "provenance.json"},
        "base_model": {
            "name": str(base),
            "digests": {path.name: sha256(path) for path in Path(base).iterdir()} if Path(base).is_dir() else None,
        },
        "model": {"n_linear4bit": 28},
    }
    (folder / "provenance.json").write_text(json.dumps({**record, **changes}))

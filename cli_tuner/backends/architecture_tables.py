"""Writes what transformers builds of many architectures to `config/architectures/`: `python -m` this module.

`paths.json` holds the modules of each `model_type` with the sizes of its defaults, since names do not depend on sizes;
`shapes.json` the counts of the models in `architecture_rows.py`. Each is built on the meta device, without weights.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from cli_tuner.backends.architecture import builds, count, numbered
from cli_tuner.backends.architecture_rows import ROWS, Row
from cli_tuner.files import write_text

TABLES = Path(__file__).parent.parent / "config" / "architectures"
_TOLERANCE = 0.1  # owners round, and some leave out what is not text
_NEEDED = {  # types whose defaults name no width of a head
    "hunyuan_v1_dense": {"head_dim": 128}, "ministral": {"head_dim": 128}, "nemotron": {"head_dim": 128},
}  # fmt: skip


def shape_of(row: Row) -> dict[str, Any]:
    """Return what `architecture.count` says of a row.

    Raises:
        ValueError: It is not as large as its owner says.
    """
    from transformers import AutoConfig

    found = count(AutoConfig.for_model(row.kind, **row.config))
    billions = found["parameters"] / 1e9
    if abs(billions / row.parameters - 1) > _TOLERANCE:
        raise ValueError(f"{row.pattern}: {billions:.2f} billion weights are built of {row.parameters}")
    return found


def paths_of(kind: str) -> list[str]:
    """Return the paths of all modules with a matrix of weights, in whatever class a `model_type` is loaded by default.

    Raises:
        ValueError: Its defaults are no model.
    """
    import torch
    from transformers import AutoConfig

    config = AutoConfig.for_model(kind, **_NEEDED.get(kind, {}))
    found: set[str] = set()
    problems: list[str] = []
    with torch.device("meta"):
        for model in builds(config, problems):
            weights = ((path, getattr(module, "weight", None)) for path, module in model.named_modules())
            found |= {numbered(path) for path, weight in weights if getattr(weight, "dim", int)() >= 2}
    if not found:
        raise ValueError(problems[0])
    return sorted(found)


def kinds() -> list[str]:
    """Return every `model_type` that generates text."""
    from transformers.models.auto import modeling_auto as auto

    names = ("CAUSAL_LM", "IMAGE_TEXT_TO_TEXT", "MULTIMODAL_LM")
    tables = (getattr(auto, f"MODEL_FOR_{name}_MAPPING_NAMES", {}) for name in names)
    return sorted({kind for table in tables for kind in table})


def main() -> None:
    """Write both tables; what cannot be built is named on stderr."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    TABLES.mkdir(exist_ok=True)
    paths: dict[str, list[str]] = {}
    for kind in kinds():
        try:
            paths[kind] = paths_of(kind)
        except Exception as error:  # the defaults of some types are no model
            sys.stderr.write(f"{kind}: {type(error).__name__}: {str(error).strip().splitlines()[0]}\n")
    shapes = {row.pattern: shape_of(row) for row in ROWS}
    for name, table in (("paths", paths), ("shapes", shapes)):
        lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in table.items())
        write_text(TABLES / f"{name}.json", f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main()

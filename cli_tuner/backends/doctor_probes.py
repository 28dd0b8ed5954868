"""Loads one heavy package, uses it once, and says in one JSON line how it went; run as a child with a time-out.

`python -m cli_tuner.backends.doctor_probes torch`. A package that was built for another torch fails when it is
loaded or at its first operation, often by a crash of the whole process: hence a child each.
"""

from __future__ import annotations

import importlib
import json
import sys
import traceback
from collections.abc import Callable


def torch() -> dict[str, object]:
    """Multiply two matrices on the CPU and, where there is one, on the GPU."""
    import torch as package

    matrix = package.ones(8, 8)
    facts = {"version": package.__version__, "cuda": package.cuda.is_available(), "built_for": package.version.cuda}
    if facts["cuda"]:
        facts["capability"] = ".".join(str(part) for part in package.cuda.get_device_capability())
        matrix = matrix.cuda()
    if float((matrix @ matrix).sum()) != 512.0:
        raise RuntimeError("a matrix product came out wrong")
    return facts


def bitsandbytes() -> dict[str, object]:
    """Quantise a block to NF4 and back, as the base model's weights are."""
    import bitsandbytes as package
    import torch as pytorch

    device = "cuda" if pytorch.cuda.is_available() else "cpu"
    block = pytorch.linspace(-1, 1, 4096, device=device).reshape(64, 64)
    packed, state = package.functional.quantize_4bit(block, quant_type="nf4", compress_statistics=True)
    error = float((package.functional.dequantize_4bit(packed, state) - block).abs().max())
    if not error < 0.2:
        raise RuntimeError(f"NF4 loses too much: {error}")
    return {"version": package.__version__, "device": device}


def flash_attn() -> dict[str, object]:
    """Load the compiled part of flash attention."""
    package = importlib.import_module("flash_attn")
    importlib.import_module("flash_attn_2_cuda")
    return {"version": getattr(package, "__version__", "?")}


def axolotl() -> dict[str, object]:
    """Load Axolotl's schema and the parts that its training needs first."""
    from importlib.metadata import version

    importlib.import_module("axolotl.utils.schemas.config")
    return {"version": version("axolotl")}


def _loaded(name: str) -> Callable[[], dict[str, object]]:
    def probe() -> dict[str, object]:
        package = importlib.import_module(name)
        return {"version": getattr(package, "__version__", "?")}

    return probe


PROBES: dict[str, Callable[[], dict[str, object]]] = {
    "torch": torch,
    "bitsandbytes": bitsandbytes,
    "axolotl": axolotl,
    "flash_attn": flash_attn,
    "torchao": _loaded("torchao"),
    "xformers": _loaded("xformers.ops"),
    "triton": _loaded("triton"),
}


def _culprit(error: Exception) -> str:
    """Return the package whose code raised: a package may only fail because of another that it loads."""
    names = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    packages = [name.partition(".")[0] for name in names]
    known = [name for name in packages if name in PROBES]
    return known[-1] if known else ""


def main(name: str) -> int:
    """Run one probe; print `{"ok", …}` as the last line."""
    try:
        answer = {"ok": True, **PROBES[name]()}
    except Exception as error:
        # A probe may fail in any way; that it did is its answer.
        why = f"{type(error).__name__}: {error}".splitlines()[0]
        answer = {"ok": False, "why": why, "culprit": _culprit(error)}
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
    return 0 if answer["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

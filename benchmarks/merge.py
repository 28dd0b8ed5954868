"""Measure a merge: peak memory against the largest shard, seconds, and the parity proof.

    python benchmarks/merge.py memory [GIB] [SHARD_GIB]    a random base of this size in shards, merged in a child
    python benchmarks/merge.py proof CHECKPOINT            a real checkpoint, 200 prompts, as `cli-tuner merge` does it

The bound is two times the largest shard plus 1 GiB. The child imports torch before it merges, as the command does.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

HIDDEN, RANK = 4096, 16


def make(folder: Path, total_gib: float, shard_gib: float) -> None:
    """Write a bfloat16 base of square layers in shards, and an adapter on all of them."""
    import torch
    from safetensors.torch import save_file

    layer_bytes = HIDDEN * HIDDEN * 2
    n_layers = max(1, int(total_gib * 2**30 / layer_bytes))
    a_shard = max(1, int(shard_gib * 2**30 / layer_bytes))
    starts = range(0, n_layers, a_shard)
    index, adapter = {}, {}
    (folder / "base").mkdir(parents=True)
    for number, start in enumerate(starts, start=1):
        name = f"model-{number:05d}-of-{len(starts):05d}.safetensors"
        names = [f"model.layers.{layer}.q_proj.weight" for layer in range(start, min(start + a_shard, n_layers))]
        save_file({one: torch.randn(HIDDEN, HIDDEN).bfloat16() for one in names}, folder / "base" / name)
        index |= dict.fromkeys(names, name)
    for layer in range(n_layers):
        prefix = f"base_model.model.model.layers.{layer}.q_proj"
        adapter[f"{prefix}.lora_A.weight"] = torch.randn(RANK, HIDDEN)
        adapter[f"{prefix}.lora_B.weight"] = torch.randn(HIDDEN, RANK)
    (folder / "base/model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    save_file(adapter, folder / "adapter_model.safetensors")


def child(folder: Path) -> None:
    """Merge and print what it took; runs in a process of its own."""
    import torch  # noqa: F401  (its own memory belongs to the measurement)

    from cli_tuner.backends.hf_weights import HfWeights
    from cli_tuner.release.lora import plan

    weights = HfWeights()
    shapes, base = weights.shapes(folder), weights.shapes(folder / "base")
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": 32}
    head = {"lm_head.weight": [1, 1]}  # tells the plan that the embeddings are not tied
    changes = plan(config, shapes, {**base, **head}, {})
    (folder / "out").mkdir()
    before = peak_bytes()
    started = time.monotonic()
    facts = weights.write(folder / "base", folder / "adapter_model.safetensors", changes, folder / "out")
    print(
        json.dumps(
            {**facts, "seconds": time.monotonic() - started, "imports_bytes": before, "peak_bytes": peak_bytes()}
        )
    )


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def memory(total_gib: float = 2.0, shard_gib: float = 0.5) -> None:
    with tempfile.TemporaryDirectory(dir=ROOT) as name:
        folder = Path(name)
        subprocess.run([sys.executable, __file__, "make", name, str(total_gib), str(shard_gib)], check=True)
        done = subprocess.run([sys.executable, __file__, "child", name], capture_output=True, text=True, check=True)
        size_bytes = sum(file.stat().st_size for file in (folder / "base").glob("*.safetensors"))
    found = json.loads(done.stdout.splitlines()[-1])
    bound = 2 * found["largest_shard_bytes"] + 2**30
    print(
        f"base {size_bytes / 2**30:.2f} GiB in {found['n_shards']} shards, "
        f"largest {found['largest_shard_bytes'] / 2**30:.2f}"
    )
    print(f"peak {found['peak_bytes'] / 2**30:.2f} GiB, of that imports {found['imports_bytes'] / 2**30:.2f}")
    print(f"bound {bound / 2**30:.2f} GiB: {'kept' if found['peak_bytes'] <= bound else 'BROKEN'}")
    print(f"{found['seconds']:.1f} s")
    sys.exit(found["peak_bytes"] > bound)


def proof(checkpoint: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        argv = [sys.executable, "-m", "cli_tuner.cli", "merge", "--checkpoint-dir", checkpoint, "--out", f"{name}/out"]
        started = time.monotonic()
        done = subprocess.run([*argv, "--json"], stdout=subprocess.PIPE, text=True)
        document = json.loads(done.stdout)
    print(
        json.dumps({"passed": document["passed"], "checks": document["checks"], "proof": document["proof"]}, indent=2)
    )
    print(f"{time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["memory", *sizes]:
            memory(*map(float, sizes))
        case ["proof", checkpoint]:
            proof(checkpoint)
        case ["make", folder, total, shard]:
            make(Path(folder), float(total), float(shard))
        case ["child", folder]:
            child(Path(folder))
        case _:
            sys.exit(__doc__)

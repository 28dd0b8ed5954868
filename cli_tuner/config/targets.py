"""The machines that a config may be meant for, and what each can do, without having one.

The table is `gpus.yaml` beside this file, or the user's own. What a compute capability offers: bf16 and TF32
from 8.0 (Ampere), FP8 from 8.9 (Ada), tensor-core fp16 from 7.0. Source: CUDA C++ Programming Guide,
"Arithmetic Instructions" and "Compute Capabilities".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import yaml

from cli_tuner.errors import ConfigError

CPU = "cpu"
_NUMBERS = ("memory_gib", "tflops", "bandwidth_gb_s", "usd_per_hour")


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of machine.

    Attributes:
        id: What `--target` takes, e.g. `rtx-4090`.
        name: The product.
        memory_gib: Memory of one GPU in GiB, as `nvidia-smi` shows it; 0 on a CPU.
        compute_capability: E.g. `"8.9"`; empty on a CPU.
        tflops: Dense 16-bit tensor throughput in TFLOP/s.
        bandwidth_gb_s: Memory bandwidth in GB/s.
        usd_per_hour: Rent; 0 for an own card.
    """

    id: str
    name: str
    memory_gib: float
    compute_capability: str
    tflops: float
    bandwidth_gb_s: float
    usd_per_hour: float

    @property
    def has_gpu(self) -> bool:
        """Whether it has a CUDA GPU at all."""
        return bool(self.compute_capability)

    @property
    def room_bytes(self) -> float:
        """Memory that a training may fill: the driver, a display and the allocator's leftovers keep 8 %."""
        return self.memory_gib * 2**30 * 0.92

    @property
    def generation(self) -> float:
        """The compute capability as a number; 0 on a CPU."""
        return float(self.compute_capability or 0)

    @property
    def bf16(self) -> bool:
        """Whether it computes in bfloat16 (Ampere and later)."""
        return self.generation >= 8.0

    @property
    def fp8(self) -> bool:
        """Whether it computes in 8-bit floats (Ada and later)."""
        return self.generation >= 8.9

    def capabilities(self) -> dict[str, object]:
        """Return it in the words of Axolotl's `validate_config(capabilities=…)`."""
        sm = f"sm_{self.compute_capability.replace('.', '')}" if self.has_gpu else None
        return {"bf16": self.bf16, "fp8": self.fp8, "tf32": self.bf16, "n_gpu": 1, "compute_capability": sm}


def targets(table: Path | None = None) -> dict[str, Target]:
    """Return all targets by id, in the table's order.

    Raises:
        ConfigError: The user's table is missing or malformed.
    """
    shown = str(table or "gpus.yaml")
    try:
        text = (table or files("cli_tuner.config") / "gpus.yaml").read_text("utf-8")
        rows = yaml.safe_load(text)
        return {key: _target(key, row) for key, row in rows.items()}
    except FileNotFoundError:
        raise ConfigError(f"{shown}: no such table of GPUs") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, TypeError, ValueError, KeyError) as error:
        columns = ", ".join(("name", "compute_capability", *_NUMBERS))
        raise ConfigError(
            f"{shown}: not a table of GPUs: {error}", hint=f"one line a GPU, each with {columns}"
        ) from error


def _target(key: str, row: Mapping[str, str]) -> Target:
    numbers = {column: float(row[column]) for column in _NUMBERS}
    if min(numbers.values()) < 0:
        raise ValueError(f"{key} holds a negative number")
    capability = str(row["compute_capability"] or "")
    float(capability or 0)
    return Target(str(key), str(row["name"]), compute_capability=capability, **numbers)


def find_target(name: str, table: Path | None = None) -> Target:
    """Return one target by id, upper or lower case, `_` or `-`.

    Raises:
        ConfigError: There is no such target; the known ones are named.
    """
    known = targets(table)
    key = name.strip().lower().replace("_", "-").replace(" ", "-")
    if key not in known:
        raise ConfigError(f"--target {name}: not known", hint=f"one of: {', '.join(known)}; or add it with --gpus FILE")
    return known[key]


def of_gpu(gpu: dict[str, str] | None) -> Target:
    """Return the target that a real GPU (a row of `provenance.environment.gpus`) is; the CPU for None."""
    if gpu is None:
        return targets()[CPU]
    memory, capability = float(gpu["memory_mib"]) / 1024, gpu["compute_capability"]
    words = gpu["name"].lower().replace("-", " ").split()
    for known in targets().values():
        number = next((word for word in known.id.split("-") if any(letter.isdigit() for letter in word)), "")
        if number in words and known.compute_capability == capability and abs(known.memory_gib - memory) < 4:
            return replace(known, name=gpu["name"], memory_gib=memory)
    return Target("here", gpu["name"], memory, capability, tflops=100.0, bandwidth_gb_s=800.0, usd_per_hour=0.0)

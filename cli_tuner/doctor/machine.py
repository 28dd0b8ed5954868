"""The machine: GPU and the precision that it can do, memory and its limits, disk, and settings that interfere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from cli_tuner.config.targets import of_gpu
from cli_tuner.doctor.line import Line

_GB = 1e9
SMOKE_DISK_BYTES, FULL_DISK_BYTES = 1 * _GB, 25 * _GB
SMOKE_MEMORY_BYTES, FULL_MEMORY_BYTES = 3 * _GB, 12 * _GB
_CGROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_INTERFERING = ("distributed_type", "num_processes", "mixed_precision", "use_cpu", "dynamo_config", "deepspeed_config",
                "fsdp_config")  # fmt: skip


def gpu_lines(gpus: Sequence[Mapping[str, str]], torch_facts: Mapping[str, Any]) -> Iterator[Line]:
    """Say what the GPU can do, and whether torch sees it."""
    if not gpus:
        why = "none: configs/smoke.yaml and --tiny train on the CPU, the other recipes need a GPU"
        yield Line("gpu", "note", why, "cli-tuner plan --config configs/full.yaml shows what to rent")
        return
    for gpu in gpus:
        target = of_gpu(dict(gpu))
        best = "bf16" if target.bf16 else "fp16 with loss scaling (no bf16 before Ampere)"
        seen = f"{gpu['name']}, {target.memory_gib:.0f} GiB, compute capability {gpu['compute_capability']}"
        fix = "" if target.bf16 else "cli-tuner train --set cli_tuner.precision=auto"
        yield Line("gpu", "ok", f"{seen}, driver {gpu['driver']}: trains in {best}", fix)
    if torch_facts.get("ok") and not torch_facts.get("cuda"):
        why = f"nvidia-smi lists a GPU that torch {torch_facts.get('version')} does not see"
        yield Line("torch and gpu", "missing", why, "pip install --force-reinstall torch==2.13.0  (a CUDA build)")


def memory_line(meminfo: Path = Path("/proc/meminfo"), cgroups: Sequence[Path] = _CGROUPS) -> Line:
    """Judge the memory that this process may use: what is free, or less where a container limits it."""
    free, limit = _meminfo(meminfo), _cgroup_limit(cgroups)
    known = [one for one in (free, limit) if one is not None]
    if not known:
        return Line("memory", "note", "not readable on this system")
    usable = min(known)
    limited = f", a container limit of {limit / _GB:.1f} GB" if limit is not None and limit == usable else ""
    why = f"{usable / _GB:.1f} GB usable{limited}"
    if usable < SMOKE_MEMORY_BYTES:
        fix = "end other programs, or raise the container's limit (docker run --memory 8g)"
        return Line("memory", "missing", f"{why}: the smoke run needs about {SMOKE_MEMORY_BYTES / _GB:.0f} GB", fix)
    if usable < FULL_MEMORY_BYTES:
        return Line("memory", "note", f"{why}: enough for the smoke run; loading a 7B model wants more")
    return Line("memory", "ok", why)


def _meminfo(path: Path) -> float | None:
    try:
        for line in path.read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


def _cgroup_limit(paths: Sequence[Path]) -> float | None:
    for path in paths:
        try:
            limit = float(path.read_text("ascii").strip())
        except (OSError, ValueError):  # `max` means that there is none
            continue
        return limit if limit < 2**50 else None
    return None


def disk_line(folder: Path = Path()) -> Line:
    """Judge the free space where models and runs are written."""
    free = shutil.disk_usage(folder).free
    why = f"{free / _GB:.1f} GB free here"
    if free < SMOKE_DISK_BYTES:
        return Line(
            "disk", "missing", f"{why}: a run needs {SMOKE_DISK_BYTES / _GB:.0f} GB", "make clean, or free some"
        )
    if free < FULL_DISK_BYTES:
        return Line(
            "disk", "note", f"{why}: the full recipe with its 15 GB base model wants {FULL_DISK_BYTES / _GB:.0f} GB"
        )
    return Line("disk", "ok", why)


def accelerate_line() -> Line:
    """Find the file that `accelerate config` leaves in the home folder: it changes a bare `accelerate launch`."""
    home = Path(os.environ.get("HF_HOME") or Path("~/.cache/huggingface").expanduser())
    found = [
        path for path in (home / "accelerate" / f"default_config.{kind}" for kind in ("yaml", "json")) if path.is_file()
    ]
    if not found:
        return Line("accelerate config", "ok", "none in the home folder")
    try:
        settings = yaml.safe_load(found[0].read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        settings = None
    named = [
        key for key in _INTERFERING if isinstance(settings, dict) and settings.get(key) not in (None, {}, "no", "NO")
    ]
    what = ", ".join(named) or "values"
    why = f"{found[0]} sets {what}: a bare `accelerate launch` obeys it, `cli-tuner train` does not"
    return Line("accelerate config", "note", why, f"mv {found[0]} {found[0]}.off")

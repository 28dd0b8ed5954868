"""What must hold before anything is downloaded: a system with wheels, a venv module, room on the disk.

Each failure is one `PrerequisiteError` that names the fix. Nothing is written here.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from cli_tuner.errors import PrerequisiteError

GB = 10**9
# Measured with `du -s` on Linux x86-64 (docs/measurements.md), rounded up by about a tenth.
LEAN_BYTES, FULL_EXTRA_BYTES, CUDA_EXTRA_BYTES = 3 * GB, 1.5 * GB, 4 * GB
DOWNLOAD_BYTES = 1 * GB


def check_system(system: str = sys.platform) -> None:
    """Refuse a system for which bitsandbytes and triton have no wheels.

    Raises:
        PrerequisiteError: It is not Linux.
    """
    if system != "linux":
        raise PrerequisiteError(
            f"this is {platform.system() or system}; training needs Linux (there are no wheels of triton)",
            hint="use WSL 2, a container or a rented machine; `pip install cli-tuner` alone checks and plans anywhere",
        )


def check_venv_module(uv: str | None) -> None:
    """Refuse a Python that cannot make an environment with pip, where uv cannot help either.

    Raises:
        PrerequisiteError: `venv` or `ensurepip` is missing; Debian ships them apart.
    """
    missing = [name for name in ("venv", "ensurepip") if find_spec(name) is None]
    if missing and not uv:
        raise PrerequisiteError(
            f"{sys.executable} has no {missing[0]} module",
            hint="apt install python3-venv (Debian, Ubuntu), or install uv (https://docs.astral.sh/uv/)",
        )


def bytes_needed(*, full: bool, cuda: bool) -> float:
    """Return how much the environment takes on the disk, in bytes."""
    return LEAN_BYTES + (FULL_EXTRA_BYTES if full else 0) + (CUDA_EXTRA_BYTES if cuda else 0)


def check_disk(folder: Path, needed: float) -> None:
    """Refuse a disk that will be full before the end, in the environment's folder or in the temporary one.

    Raises:
        PrerequisiteError: Less is free than needed; both figures are named.
    """
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    temporary = Path(tempfile.gettempdir())
    if not os.access(existing, os.W_OK):
        raise PrerequisiteError(f"{existing} is not writable", hint="chown it to yourself, or clone elsewhere")
    wanted = {existing: needed}
    if temporary.stat().st_dev != existing.stat().st_dev:
        wanted[temporary] = DOWNLOAD_BYTES
    for where, size in wanted.items():
        free = shutil.disk_usage(where).free
        if free < size:
            setting = "make room, or clone onto a larger disk" if where == existing else "TMPDIR=DIR make setup"
            raise PrerequisiteError(
                f"{where} has {free / GB:.1f} GB free; the installation needs {size / GB:.1f} GB there", hint=setting
            )


def has_nvidia_gpu() -> bool:
    """Tell whether an NVIDIA driver is loaded here."""
    return shutil.which("nvidia-smi") is not None or any(
        Path(sign).exists() for sign in ("/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg")
    )

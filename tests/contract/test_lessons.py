"""Every lesson's commands are run in a new project, and print what the lesson shows.

A fence behind `<!-- writes NAME -->` is a file of the lesson; in a `console` fence a line that begins with `$ ` is run
by bash and the lines below it are its output, both streams together. What no two runs share (seconds, the folder,
versions) is written as `…` on both sides. `pytest --update-goldens` rewrites the output; read the difference.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

pytestmark = pytest.mark.contract
LESSONS = sorted(path for path in Path("docs/lessons").glob("*.md") if path.name != "index.md")
FENCE = re.compile(
    r"(?:<!-- writes (?P<name>\S+) -->\n)?^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE
)
VOLATILE = [
    (r"Axolotl \d+\.\d+\.\d+", "Axolotl …"),
    (r"^\d+\.\d s: .*$", "… s: …"),
    (r"\b\d+(?:\.\d+)? s\b", "… s"),
    (r" +$", ""),
]


def plain(text: str, workspace: Path) -> str:
    for pattern, shown in [(re.escape(str(workspace)), "…"), *VOLATILE]:
        text = re.sub(pattern, shown, text, flags=re.MULTILINE)
    return text.rstrip("\n")


def command(folder: Path) -> Path:
    """Make `cli-tuner` of this checkout, whether or not it is installed."""
    script = folder / "bin" / "cli-tuner"
    script.parent.mkdir(exist_ok=True)
    start = f"{sys.executable} -c 'from cli_tuner.cli.entry import run; run()'"
    script.write_text(f'#!/bin/sh\nPYTHONPATH={Path.cwd()} exec {start} "$@"\n', "utf-8")
    script.chmod(0o755)
    return script


def play(text: str, workspace: Path) -> str:
    """Return the lesson with the output that its commands have in this workspace."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB", "HF_"))}
    env |= {"COLUMNS": "100", "NO_COLOR": "1", "WANDB_MODE": "disabled", "HOME": str(workspace.parent)}
    env["PATH"] = f"{command(workspace.parent).parent}{os.pathsep}{env['PATH']}"
    ended = 0

    def fence(found: re.Match[str]) -> str:
        nonlocal ended
        if found["name"]:
            (workspace / found["name"]).write_text(found["body"], "utf-8")
        if found["kind"] != "console":
            return found[0]
        shown = []
        for typed in re.findall(r"^\$ (.*)$", found["body"], flags=re.MULTILINE):
            line = f"(exit {ended}); {typed}"
            done = subprocess.run(
                ["bash", "-c", line],
                cwd=workspace,
                env=env,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            ended = done.returncode
            shown += [f"$ {typed}", *([output] if (output := plain(done.stdout, workspace)) else [])]
        return "```console\n" + "\n".join(shown) + "\n```"

    return FENCE.sub(fence, text)


def in_turn() -> list[object]:
    """One lesson a day in `make test`, the others in `make check`."""
    today = date.today().toordinal() % len(LESSONS)
    return [
        pytest.param(path, id=path.stem, marks=[] if place == today else [pytest.mark.slow])
        for place, path in enumerate(LESSONS)
    ]


@pytest.mark.parametrize("path", in_turn())
def test_a_lesson_shows_what_its_commands_print(path: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    workspace = tmp_path / "project"
    subprocess.run([command(tmp_path), "init", str(workspace)], check=True, capture_output=True)
    text = path.read_text("utf-8")
    real = play(text, workspace)
    if request.config.getoption("--update-goldens"):
        path.write_text(real, "utf-8")
    assert real == text or request.config.getoption("--update-goldens")


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_has_all_its_parts(path: Path) -> None:
    text = path.read_text("utf-8")
    heads = re.findall(r"^## (.*)$", text, flags=re.MULTILINE)
    assert heads[0] == "Objectives" and heads[-3:] == ["Exercises", "Common failures", "Questions"]
    assert len(re.findall(r"^\d\. \*\*", text.partition("## Questions")[2], flags=re.MULTILINE)) == 5
    assert re.findall(r"^\$ cli-tuner ", text, flags=re.MULTILINE)


def test_a_changed_output_is_found(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    lesson = "```console\n$ echo one; exit 3\ntwo\n$ echo $?\n3\n```"
    assert play(lesson, tmp_path / "project") == "```console\n$ echo one; exit 3\none\n$ echo $?\n3\n```"

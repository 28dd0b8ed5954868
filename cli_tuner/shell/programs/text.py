# ruff: noqa: E501  (tables: a row stays on its line)
"""Programs that filter, sort and search text. Sources: coreutils, sed(1), ripgrep and ag's --help."""

from __future__ import annotations

from cli_tuner.shell.programs.program import Program, program

TEXT: tuple[Program, ...] = (
    program("sort", "k key t field-separator o output S buffer-size T temporary-directory parallel batch-size files0-from random-source sort", flags="reverse numeric-sort unique merge stable", runs="compress-program"),
    program("split", "l lines b bytes C line-bytes n number a suffix-length additional-suffix separator", runs="filter"),
    program("rg", "e regexp f file g glob t type T A B C m max-count M j pre-glob r replace sort", runs="pre hostname-bin"),
    program("ag", "A B C G m", runs="pager"), program("ack", "A B C m type", runs="pager"), program("bat", "l language H r theme style", runs="pager"),
    program("grep egrep fgrep zgrep", "e f m A B C D d regexp file include exclude exclude-dir max-count binary-files label after-context before-context context devices directories exclude-from group-separator", optional="color colour", flags="recursive ignore-case line-number"),
)  # fmt: skip

# ruff: noqa: E501  (tables: a row stays on its line)
"""Programs of developers whose options carry commands; git has a module of its own."""

from __future__ import annotations

from cli_tuner.shell.programs.program import Program, program

DEVELOPER: tuple[Program, ...] = (
    program("make gmake", "jobserver-style f file C directory j I o W assume-new assume-old include-dir makefile new-file old-file what-if", runs="eval E", marked=True), program("hg", "R cwd r rev", runs="config", marked=True), program("puppet", "", runs="e", marked=True),
    program("pdflatex latexmk", "", runs="pdflatex pdf-command", one_dash=True, flags="pdf"), program("rpm", "D define r root", runs="eval pipe", marked=True),
    program("expect", "f", runs="c", marked=True), program("perlbug", "", runs="e"),
    program("git", "C git-dir work-tree namespace exec-path super-prefix", runs="c upload-pack receive-pack config-env", marked=True),
)  # fmt: skip

# ruff: noqa: E501  (tables: a row stays on its line)
"""Editors, pagers, debuggers and database clients: their own commands may start a shell. Source: GTFOBins."""

from __future__ import annotations

from cli_tuner.shell.programs.program import Program, program

EDITORS: tuple[Program, ...] = (
    program("vim vi nvim rvim view ex", "u S T s t w", runs="c cmd", marked=True),
    program("emacs", "l load L f funcall u user", runs="eval", marked=True),
    program("gdb", "x p pid d cd s", runs="ex eval-command iex", marked=True, one_dash=True),
    program("lldb", "s p n f", runs="o one-line", marked=True),
    program("less more", "P p t T o O x y b h j k z #", typed=True),
    program("man", "C M m s S e L R r config-file encoding extension locale manpath preprocessor prompt recode sections systems", runs="P pager H html", optional="H html"),
    program("mysql mariadb", "u user h host P port D database S socket default-character-set", runs="e execute", marked=True, optional="p password"),
    program("psql", "U username h host p port d dbname f file v set F o output field-separator log-file record-separator table-attr", runs="c command", marked=True),
    program("sqlite3", "separator nullvalue newline init", runs="cmd batch", marked=True, one_dash=True),
    program("fzf", "q query d delimiter n nth height m", runs="bind preview", marked=True),
)  # fmt: skip

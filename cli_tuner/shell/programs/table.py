"""Find a program's row by its name."""

from __future__ import annotations

from cli_tuner.shell.programs.archives import ARCHIVES
from cli_tuner.shell.programs.developer import DEVELOPER
from cli_tuner.shell.programs.editors import EDITORS
from cli_tuner.shell.programs.files import FILES
from cli_tuner.shell.programs.machines import MACHINES
from cli_tuner.shell.programs.network import NETWORK
from cli_tuner.shell.programs.program import Program
from cli_tuner.shell.programs.projects import PROJECTS
from cli_tuner.shell.programs.runners import RUNNERS
from cli_tuner.shell.programs.text import TEXT

PROGRAMS: tuple[Program, ...] = (
    *ARCHIVES, *DEVELOPER, *EDITORS, *FILES, *MACHINES, *NETWORK, *PROJECTS, *RUNNERS, *TEXT,
)  # fmt: skip
_BY_NAME: dict[str, Program] = {name: row for row in PROGRAMS for name in row.names}


def find(name: str) -> Program | None:
    """Return the row of the program that is called `name`, if it has one."""
    return _BY_NAME.get(name)


def program(name: str) -> Program:
    """Return the row of a program that has one."""
    return _BY_NAME[name]

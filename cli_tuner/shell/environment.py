# ruff: noqa: SIM905  (names are one string)
"""Options and commands that programs take from variables: `TAR_OPTIONS`, `TAPE`, `PAGER`, `GIT_SSH_COMMAND`."""

from __future__ import annotations

import shlex

from cli_tuner.shell.flow import Word
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.programs.program import Program
from cli_tuner.shell.protocol import Shell

# Variables whose value is run as a command by the programs that ask them; by their manuals.
COMMAND_VARIABLES = frozenset(
    "PAGER MANPAGER GIT_PAGER SYSTEMD_PAGER AWS_PAGER BAT_PAGER DELTA_PAGER PSQL_PAGER GH_PAGER EDITOR VISUAL "
    "GIT_EDITOR GIT_SEQUENCE_EDITOR SUDO_EDITOR SYSTEMD_EDITOR KUBE_EDITOR HGEDITOR SVN_EDITOR FCEDIT "
    "PSQL_EDITOR LESSOPEN LESSCLOSE GIT_SSH_COMMAND GIT_SSH GIT_EXTERNAL_DIFF GIT_PROXY_COMMAND GIT_ASKPASS "
    "SSH_ASKPASS SUDO_ASKPASS BROWSER PROMPT_COMMAND RESTIC_PASSWORD_COMMAND BORG_PASSCOMMAND BORG_RSH "
    "RSYNC_RSH RSYNC_CONNECT_PROG CVS_RSH SVN_SSH BASH_ENV ENV PERL5OPT AUTOM4TE AUTOCONF AUTOMAKE "
    "RUSTC_WRAPPER FZF_DEFAULT_COMMAND".split()
)


def options(evaluator: Shell, invocation: Invocation, row: Program) -> None:
    """Put the options that a variable holds before those that were typed."""
    for name in row.options_from:
        value = _value(evaluator, invocation, name)
        if value and evaluator.may_go_on():
            evaluator.spend(len(value))
            invocation.words = [*_words(value, invocation), *invocation.words]
    if row.default_from is not None:
        name, option = row.default_from
        value = _value(evaluator, invocation, name)
        if value and not row.grammar.read(invocation.words).has(option):
            invocation.words = [*_words(f"-{option} {value}", invocation), *invocation.words]


def _value(evaluator: Shell, invocation: Invocation, name: str) -> str:
    if name in invocation.assigns:
        return invocation.assigns[name]
    variable = evaluator.state.variables.get(name)
    return variable.values[0] if variable is not None and variable.values else ""


def _words(text: str, invocation: Invocation) -> list[Word]:
    try:
        parts = shlex.split(text)
    except ValueError:
        parts = text.split()
    return [Word(part, invocation.start, invocation.end) for part in parts[:64]]

"""Where the command starts: a hook is answered before anything of the command line is imported.

A coding agent asks before every command that it runs, so `check --hook FORMAT` alone takes this way; with any other
option the whole command line reads it.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli_tuner.cli.check_hook import Hook


def run() -> None:
    """Answer a hook at once, or run the whole command line; exit with the code that `ExitCode` documents."""
    words = sys.argv[1:]
    if words[:2] == ["check", "--hook"] and len(words) == 3:
        gc.disable()  # one command: what the modules bring is all there is to collect
        from cli_tuner.cli.check_hook import Hook

        if words[2] in (each.value for each in Hook):
            sys.exit(_hook(Hook(words[2])))
    from cli_tuner.cli.main import run as whole

    whole()


def _hook(host: Hook) -> int:
    import json

    from cli_tuner.cli.check_hook import answer
    from cli_tuner.errors import CliTunerError, ExitCode
    from cli_tuner.safety.policy import load_policy

    try:
        told = answer(sys.stdin.buffer.read(), host, load_policy(None))
    except CliTunerError as error:
        sys.stderr.write(f"error: {error.message}\n" + (f"  hint: {error.hint}\n" if error.hint else ""))
        return int(error.exit_code)
    if told is not None:
        sys.stdout.write(json.dumps(told) + "\n")
    return int(ExitCode.OK)

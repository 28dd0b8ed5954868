"""The installer's command line and its one error boundary; the standard library only, since nothing is there yet."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cli_tuner.errors import CliTunerError, ExitCode
from cli_tuner.install.environment import adopt, make

_HELP = """Make the tested environment from the lock of this Python: torch by pip, the rest by uv, with hashes.

Running it again continues an interrupted installation, follows a changed lock, or does nothing at all."""
_EPILOG = """examples:
  python3 -m cli_tuner.install                 the tested environment in .venv (what `make setup` runs)
  python3 -m cli_tuner.install --full          with all that Axolotl declares (`make setup FULL=1`)
  python3 -m cli_tuner.install --here          into a Python that has Axolotl: only what we need, no version changed

exit codes: 0 ok, 3 a prerequisite is missing, 4 pip or uv failed (its log is named), 130 interrupted"""


def main(argv: Sequence[str]) -> int:
    """Install as `argv` says; return the exit code."""
    parser = argparse.ArgumentParser(
        "python3 -m cli_tuner.install", description=_HELP, epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--into", type=Path, default=Path(".venv"), metavar="DIR", help="the environment (.venv)")
    parser.add_argument("--full", action="store_true", help="install all that Axolotl declares")
    parser.add_argument("--here", action="store_true", help="install into this Python, changing no version")
    parser.add_argument("--this-python", action="store_true", help="refuse an environment of another Python version")
    asked = parser.parse_args(argv)
    try:
        if asked.here:
            adopt(say)
        else:
            make(asked.into.absolute(), say, full=asked.full, this_python=asked.this_python)
    except CliTunerError as error:
        say(f"error: {error.message}" + (f"\n  hint: {error.hint}" if error.hint else ""))
        return error.exit_code
    except KeyboardInterrupt:
        say("interrupted; the same command continues")
        return ExitCode.INTERRUPTED
    return ExitCode.OK


def say(text: str) -> None:
    """Write a line for a person."""
    sys.stderr.write(text + "\n")

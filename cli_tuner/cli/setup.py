"""`cli-tuner setup`: the tested training packages, put into the environment that cli-tuner runs in."""

from __future__ import annotations

from typing import Annotated

import typer

from cli_tuner.cli import console

HELP = """Put the tested training packages (torch, Axolotl, …) into the environment that cli-tuner runs in.

For who installed the package; in a checkout `make setup` makes .venv. torch comes by pip, so that a CPU build is taken
where one is offered, the rest by uv from the lock of this Python, with hashes. Running it again continues it.
An environment that has an Axolotl of its own is left alone: --here adds only what we need and changes no version.

Examples:

  cli-tuner setup

  cli-tuner setup --full
"""


def setup(
    full: Annotated[bool, typer.Option("--full", help="Install all that Axolotl declares.")] = False,
    here: Annotated[bool, typer.Option("--here", help="Add only what is missing; change no version.")] = False,
) -> None:
    """Install the training packages."""
    from cli_tuner.install.environment import adopt, fill_own

    if here:
        adopt(console.say)
    else:
        fill_own(console.say, full=full)
        console.say("next:\n  cli-tuner doctor")

"""`python -m cli_tuner.cli`: the same as the `cli-tuner` script."""

from cli_tuner.cli.entry import run

run()

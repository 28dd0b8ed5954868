"""The command line: the app, the order of its subcommands, and the one place that turns errors into exit codes.

At module level this imports the standard library, typer and our own light modules only, so that
`cli-tuner --help` answers at once; each subcommand imports its phase and backends inside its body.
"""

from __future__ import annotations

import sys

import typer

from cli_tuner.cli import check, console
from cli_tuner.errors import CliTunerError, ExitCode

app = typer.Typer(
    name="cli-tuner",
    help="Fine-tune a model to write one safe Bash command: prepare, train, validate, prove.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("check")(check.check)


def run() -> None:
    """Run the app and exit with the code that `ExitCode` documents."""
    sys.exit(main(sys.argv[1:]))


def main(argv: list[str]) -> int:
    """Run the app on `argv`; return the exit code. The one error boundary."""
    debug = "--debug" in argv
    argv = [word for word in argv if word != "--debug"]
    try:
        result = app(args=argv, standalone_mode=False)
        return int(result) if isinstance(result, int) else ExitCode.OK
    except CliTunerError as error:
        if debug:
            raise
        console.error(error.message, error.hint)
        return error.exit_code

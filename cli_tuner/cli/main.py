"""The command line: the app, the order of its subcommands, and the one place that turns errors into exit codes.

At module level this imports the standard library, typer and our own light modules only, so that
`cli-tuner --help` answers at once; each subcommand imports its phase and backends inside its body.
"""

from __future__ import annotations

import errno
import os
import sys

import click
import typer

from cli_tuner.cli import (
    ablate,
    check,
    config,
    console,
    data,
    doctor,
    evaluate,
    export,
    generate,
    init,
    merge,
    model,
    plan,
    prepare,
    publish,
    report,
    reproduce,
    runs,
    serve,
    setup,
    ship,
    sign,
    train,
    validate,
    verify,
    why,
)
from cli_tuner.errors import CliTunerError, ExitCode

EPILOG = (
    "Exit codes: 0 ok, 1 a gate or check failed, 2 usage or config, 3 a prerequisite is missing, "
    "4 a child process failed, 5 a generated command waits for a review, 70 a bug of ours, 130 interrupted. "
    "Add --debug for a traceback."
)

app = typer.Typer(
    name="cli-tuner",
    help="Fine-tune a model to write one safe Bash command: prepare, train, validate, prove.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("init", help=init.HELP)(init.init)
app.command("setup", help=setup.HELP)(setup.setup)
app.command("prepare", help=prepare.HELP)(prepare.prepare)
app.add_typer(data.app, name="data", help="Look at prepared rows: counts, one row, two sets compared.")
app.add_typer(model.app, name="model", help="Add base models that need no hub.")
app.command("doctor", help=doctor.HELP)(doctor.doctor)
app.add_typer(config.app, name="config", help="Check a config, show where values come from, compare two.")
app.command("plan", help=plan.HELP)(plan.plan)
app.command("train", help=train.HELP)(train.train)
app.command("ablate", help=ablate.HELP)(ablate.ablate)
app.command("validate", help=validate.HELP)(validate.validate)
app.command("evaluate", help=evaluate.HELP)(evaluate.evaluate)
app.command("report", help=report.HELP)(report.report)
app.add_typer(runs.app, name="runs", help="Show what was trained, how it went and where it lies.")
app.command("why", help=why.HELP)(why.why)
app.command("check", help=check.HELP)(check.check)
app.command("merge", help=merge.HELP)(merge.merge)
app.command("export", help=export.HELP)(export.export)
app.command("ship", help=ship.HELP)(ship.ship)
app.command("publish", help=publish.HELP)(publish.publish)
app.command("reproduce", help=reproduce.HELP)(reproduce.reproduce)
app.command("sign", help=sign.HELP)(sign.sign)
app.command("verify", help=verify.HELP)(verify.verify)
app.command("generate", help=generate.HELP)(generate.generate)
app.command("serve", help=serve.HELP)(serve.serve)


@app.callback(invoke_without_command=True)
def version(show: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    """Print the version."""
    if show:
        from cli_tuner import __version__

        console.emit(__version__)
        raise typer.Exit


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
    except Exception as error:
        if debug and not isinstance(error, click.exceptions.Exit):
            import traceback

            traceback.print_exc()
        return _explain(error)
    except KeyboardInterrupt:
        console.say("interrupted")
        return ExitCode.INTERRUPTED


def _explain(error: Exception) -> int:
    match error:
        case CliTunerError():
            console.error(error.message, error.hint)
            return error.exit_code
        case click.exceptions.Exit():
            return error.exit_code
        case click.exceptions.Abort():
            return ExitCode.INTERRUPTED
        case click.exceptions.NoArgsIsHelpError():
            console.emit(error.format_message())
            return ExitCode.USAGE
        case click.ClickException():
            where = f"{error.ctx.command_path} " if isinstance(error, click.UsageError) and error.ctx else "cli-tuner "
            console.error(error.format_message(), f"`{where}--help` shows what it takes")
            return ExitCode.USAGE
        case ModuleNotFoundError() if (error.name or "").partition(".")[0] != "cli_tuner":
            console.error(
                f"the package {error.name} is not installed", "`make setup`, or pip install 'cli-tuner[train]'"
            )
            return ExitCode.PREREQUISITE
        case OSError() if error.errno in _REFUSALS:
            hint = f"{_REFUSALS[error.errno]}choose another folder, then run the same command again"
            console.error(f"{error.filename or 'the file system'}: {error.strerror}", hint)
            return ExitCode.USAGE
        case _:
            return _report_bug(error)


# What a file system answers when it will not: not our bug.
_REFUSALS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM), "free some space or "),
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST), "a file stands where a folder goes: "),
    errno.ENAMETOOLONG: "",
}


def _report_bug(error: Exception) -> int:
    import tempfile
    import traceback

    what = f"a bug of ours: {type(error).__name__}: {error}"
    try:
        handle, name = tempfile.mkstemp(prefix="cli-tuner-crash-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as log:
            traceback.print_exception(error, file=log)
        console.error(what, f"please report it with {name}")
    except OSError:
        console.error(what, "please report it with what --debug shows; no log could be written")
    return ExitCode.BUG

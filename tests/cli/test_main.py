"""The one error boundary: every end has its exit code, one clear line, and no traceback unless asked for."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer

from cli_tuner import __version__, errors
from cli_tuner.cli import console
from cli_tuner.cli.main import app, main
from cli_tuner.errors import CliTunerError, ConfigError

RAISED: list[BaseException] = []


@pytest.fixture(autouse=True)
def boom(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Add a subcommand that raises what the test asks for; crash logs go to the test's folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = list(app.registered_commands)

    @app.command("boom")
    def raise_it() -> None:
        raise RAISED.pop()

    yield
    app.registered_commands[:] = before
    RAISED.clear()


def ends(error: BaseException, *argv: str) -> int:
    RAISED.append(error)
    return main(["boom", *argv])


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["train", "--nope"], 2, "error: No such option"),
        (["validate"], 2, "error: Missing option"),
        (["validate", "--checkpoint-dir", "x", "--sample-size", "0"], 2, "error: Invalid value"),
        (["validate", "--checkpoint-dir", "x", "--temperature", "nan"], 2, "error: "),
        (["nope"], 2, "error: No such command"),
        (["runs", "nope"], 2, "error: No such command"),
    ],
)
def test_wrong_usage_is_one_line_a_hint_and_2(
    argv: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(said)
    assert "  hint: " in err
    assert "--help" in err


@pytest.mark.parametrize("argv", [[], ["runs"]])
def test_no_subcommand_shows_the_help_and_ends_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    assert "Usage: " in capsys.readouterr().out


@pytest.mark.parametrize("argv", [["--help"], ["-h"], ["train", "--help"], ["--version"]])
def test_help_and_version_are_data_and_0(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert (out == f"{__version__}\n") if argv == ["--version"] else ("Usage: " in out)


def test_the_help_documents_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    for code in errors.ExitCode:
        assert f"{int(code)} " in said


@pytest.mark.parametrize("kind", [*CliTunerError.__subclasses__(), CliTunerError], ids=lambda kind: kind.__name__)
def test_an_error_of_ours_is_its_message_its_hint_and_its_code(
    kind: type[CliTunerError], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends(kind("configs/x.yaml: is wrong\nand so is this", hint="fix it")) == kind.exit_code
    assert capsys.readouterr().err == "error: configs/x.yaml: is wrong\n       and so is this\n  hint: fix it\n"


def test_an_error_without_a_hint_says_no_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(ConfigError("is wrong")) == 2
    assert capsys.readouterr().err == "error: is wrong\n"


def test_a_traceback_is_shown_only_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(ConfigError("is wrong"), "--debug") == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (click.Abort(), 130), (typer.Exit(7), 7), (typer.Exit(), 0)]
)
def test_an_exit_that_was_asked_for_is_quiet(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends(error) == code
    assert "error" not in capsys.readouterr().err


def test_a_bug_of_ours_is_70_and_its_traceback_is_in_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(ZeroDivisionError("by \udcff")) == 70
    err = capsys.readouterr().err
    assert err.startswith("error: a bug of ours: ZeroDivisionError: by ")
    assert "Traceback" not in err
    (log,) = tmp_path.glob("cli-tuner-crash-*.log")
    assert str(log) in err
    assert "Traceback" in log.read_text()
    assert "raise_it" in log.read_text()


def test_a_bug_on_a_full_disk_is_still_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(**_: object) -> tuple[int, str]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "mkstemp", full)
    assert ends(ZeroDivisionError("x")) == 70
    assert capsys.readouterr().err.startswith("error: a bug of ours: ZeroDivisionError: x\n  hint: ")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.ENOTDIR, errno.EEXIST])
def test_a_file_system_that_refuses_is_no_bug_of_ours(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(OSError(number, "refused", "models/x")) == 2
    assert capsys.readouterr().err.startswith("error: models/x: refused\n  hint: ")


def test_a_missing_package_is_a_prerequisite_and_a_missing_module_of_ours_a_bug(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ends(ModuleNotFoundError("No module named 'torch'", name="torch")) == 3
    assert capsys.readouterr().err.startswith("error: the package torch is not installed\n  hint: `make setup`")
    assert ends(ModuleNotFoundError("No module named 'cli_tuner.x'", name="cli_tuner.x")) == 70


def test_a_reader_that_leaves_changes_no_exit_code() -> None:
    script = (
        "import sys; from cli_tuner.cli import console; from cli_tuner.cli.main import main\n"
        "sys.stdin.read()\n"
        "for _ in range(3): console.emit('x' * 100_000); console.say('talk' * 100_000)\n"
        "console.table('t', ['a'], [['b']])\n"
        "sys.exit(main(['train', '--nope']))\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdin
    assert child.stdout
    assert child.stderr
    child.stdout.close()
    child.stderr.close()
    child.stdin.close()
    assert child.wait(timeout=60) == 2


# --- the console: untrusted text


EVIL = "rm \x1b[2K\x1b[1Als\x9b0m\u202ecod.exe\x07\udcff\u00a0x"


@pytest.mark.parametrize("show", ["error", "say", "table"])
def test_text_of_a_model_reaches_no_terminal_as_a_control_sequence(
    show: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if show == "table":
        console.table("t", ["command"], [[EVIL]])
    else:
        getattr(console, show)(EVIL)
    said = "".join(capsys.readouterr())
    assert "\\x1b[2K" in said
    assert [one for one in said if not one.isprintable() and one != "\n"] == []


def test_readable_text_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    console.table("Ergebnis", ["a"], [["größer → 10 [bold]x[/bold] 日本"]])
    assert "größer → 10 [bold]x[/bold] 日本" in capsys.readouterr().out


@pytest.mark.parametrize("value", [{"b": "\udcff", "a": "größer"}, {"a": EVIL}, [1, None], {"path": Path("x")}])
def test_json_on_stdout_is_one_document_whatever_is_in_it(value: object, capsys: pytest.CaptureFixture[str]) -> None:
    console.emit_json(value)
    out, err = capsys.readouterr()
    assert json.loads(out) == ({"path": "x"} if value == {"path": Path("x")} else value)
    assert (out.endswith("\n"), err) == (True, "")

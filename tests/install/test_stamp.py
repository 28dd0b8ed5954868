import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from cli_tuner.errors import PrerequisiteError
from cli_tuner.install import stamp


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / ".venv"
    venv.create(folder, with_pip=False, symlinks=True)
    version = "{}.{}".format(*sys.version_info[:2])
    stamp.Stamp(str(folder.resolve()), version, "0" * 64, False).write(folder)
    return folder


@pytest.fixture
def environment(made: Path, tmp_path: Path) -> Path:
    """Return a copy that says of itself that it was made where it stands."""
    folder = tmp_path / ".venv"
    shutil.copytree(made, folder, symlinks=True)
    have = stamp.read(folder)
    assert have
    stamp.Stamp(str(folder.resolve()), have.python, have.locks, False).write(folder)
    return folder


def test_an_environment_where_it_was_made_is_fine(environment: Path) -> None:
    have = stamp.read(environment)
    assert have
    stamp.check_same_place(have, environment)


def test_a_moved_environment_is_refused_with_both_places(environment: Path) -> None:
    moved = environment.with_name("elsewhere")
    environment.rename(moved)
    have = stamp.read(moved)
    assert have
    with pytest.raises(PrerequisiteError, match="and moved here") as told:
        stamp.check_same_place(have, moved)
    assert str(environment) in told.value.message and told.value.hint == "rm -r elsewhere && make setup"


@pytest.mark.parametrize(
    ("program", "told"), [("#!/bin/sh\necho 3.9\n", "is now Python 3.9"), (None, "no longer starts"), ("", "no longer")]
)
def test_an_environment_with_another_interpreter_is_refused(environment: Path, program: str | None, told: str) -> None:
    python = environment / "bin" / "python"
    python.unlink()
    if program is not None:
        python.write_text(program, encoding="utf-8")
        python.chmod(0o755)
    have = stamp.read(environment)
    assert have
    with pytest.raises(PrerequisiteError, match=told):
        stamp.check_same_place(have, environment)


@pytest.mark.parametrize("text", ["", "yes\n", "[]", '{"path": "/x"}', "\x00"])
def test_a_stamp_that_says_nothing_is_no_stamp(text: str, tmp_path: Path) -> None:
    (tmp_path / stamp.NAME).write_text(text, encoding="utf-8")
    assert stamp.read(tmp_path) is None


def test_what_is_installed_is_read_from_the_folder_names(tmp_path: Path) -> None:
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    for name in ("Foo_Bar.baz-1.2.3.dist-info", "torch-2.13.0+cpu.dist-info", "x", "y-1.egg-info"):
        (site / name).mkdir(parents=True)
    assert stamp.installed(tmp_path) == {"foo-bar-baz": "1.2.3", "torch": "2.13.0+cpu"}


def test_the_digest_sees_every_byte_and_the_border_between_files(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("ab"), two.write_text("c")
    before = stamp.digest([one, two])
    one.write_text("a"), two.write_text("bc")
    assert stamp.digest([one, two]) != before


def test_the_installer_answers_within_a_breath_where_all_is_well(tmp_path: Path) -> None:
    code = "import sys; import cli_tuner.install.command; print(sorted(set(sys.modules) & {'typer','pydantic','yaml'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", "the installer runs before anything is installed"

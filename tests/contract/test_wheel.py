"""Who installs the wheel and has no checkout gets a project that works, from `init` to a tiny training."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from cli_tuner.install.project import MAKEFILE, PARTS
from tests.e2e.test_tiny_recipes import IN_TURN, looked_at, own_rows

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and install it into a fresh environment that sees the other packages, not the checkout."""
    folder = tmp_path_factory.mktemp("stranger")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    python = folder / "env" / "bin" / "python"
    # Paths that a .pth file adds are not searched for .pth files themselves: the editable checkout stays unseen.
    (site,) = (folder / "env" / "lib").glob("python3.*/site-packages")
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    words = ["install", "--quiet", "--no-deps", "--no-index", "--ignore-installed", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--python", str(python), *words], check=True, capture_output=True)
    return folder


def cli(folder: Path, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environ = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environ["PATH"] += f"{os.pathsep}{sysconfig.get_path('scripts')}"  # the other packages' programs, shellcheck's too
    program = str(folder / "env" / "bin" / "cli-tuner")
    return subprocess.run([program, *words], cwd=cwd or folder, capture_output=True, text=True, env=environ)


def test_a_stranger_goes_from_init_to_a_trained_checkpoint(installed: Path) -> None:
    project = installed / "my model"
    made = cli(installed, "init", str(project))
    assert made.returncode == 0 and "cli-tuner setup && make smoke" in made.stderr, made.stderr
    assert {"Makefile", ".gitignore", *(part.split("/")[0] for part in PARTS)} == {
        path.name for path in project.iterdir()
    }

    where = cli(installed, "check", "ls -la")
    assert where.returncode == 0, where.stderr
    prepare = own_rows(IN_TURN)
    for words in (
        ["prepare"],
        *([prepare] if prepare else []),
        ["config", "check", "configs/full.yaml"],
        ["train", "--config", IN_TURN, "--tiny", "--json"],
    ):
        done = cli(installed, *words, cwd=project)
        assert done.returncode == 0, f"{words}: {done.stderr[-2000:]}"
    looked_at(IN_TURN, project, done.stdout)
    records = set(project.glob("models/**/provenance.json")) - set(project.glob("models/toy_base/*"))
    assert records and all(str(ROOT) not in path.read_text("utf-8") for path in records)

    again = cli(installed, "init", str(project))
    assert again.returncode == 2 and again.stderr.startswith(f"error: {project} is not empty\n  hint: ")


def test_the_new_makefile_names_only_subcommands_that_exist(installed: Path) -> None:
    words = {line.split()[1] for line in MAKEFILE.splitlines() if line.startswith("\tcli-tuner ")}
    help_text = cli(installed, "--help").stdout
    assert words and all(f"\n  {word} " in help_text for word in words)

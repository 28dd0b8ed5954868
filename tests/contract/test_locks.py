"""The locks say what pyproject.toml asks for, hashes and all, and this environment is what its lock says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli_tuner.install import lock, stamp
from cli_tuner.install.environment import LOCKS, locks_for

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytestmark = pytest.mark.contract
ROOT = Path(__file__).parents[2]
HERE = "{}.{}".format(*sys.version_info[:2])


def excluded() -> list[str]:
    lines = (LOCKS / "excludes.txt").read_text("utf-8").splitlines()
    return [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]


def asked() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [word for extra in lock.EXTRAS for word in project["optional-dependencies"][extra]]
    return [*project["dependencies"], *extras]


@pytest.mark.parametrize("python", lock.PYTHONS)
def test_a_lock_pins_what_pyproject_asks_for_and_all_of_it_by_hash(python: str) -> None:
    lean, full = locks_for(python, full=True)
    pins, rest = stamp.pinned(lean), stamp.pinned(full)
    names = {stamp.normalised(re.split(r"[ ;<>=!\[]", word)[0]) for word in asked()} - {"torch"}
    assert names <= set(pins), "pyproject.toml asks for what is not locked: run `make lock`"
    assert pins["axolotl"] == ("0.19.0" if python in ("3.10", "3.11") else "0.21.0")
    assert not set(pins) & set(rest) and not set(pins) & set(excluded()), "what is left out came back"
    assert not {name for name in (*pins, *rest) if re.match(r"torch$|triton$|nvidia-(?!ml-py)", name)}
    for path in (lean, full):
        entries = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        assert len(entries) == len(stamp.pinned(path)) and all("--hash=sha256:" in entry for entry in entries)


def test_every_exclusion_leaves_something_out() -> None:
    declared = {name for python in lock.PYTHONS for name in stamp.pinned(locks_for(python, full=True)[1])}
    assert set(excluded()) <= declared, "an exclusion that no Axolotl declares any more"


def test_the_torch_that_is_installed_first_is_the_one_that_pyproject_names() -> None:
    assert f"torch=={stamp.pinned(LOCKS / 'torch.txt')['torch']}" in asked()


def test_this_environment_is_its_lock() -> None:
    have, wanted = stamp.installed(Path(sys.prefix)), stamp.pinned(locks_for(HERE, full=False)[0])
    assert {name: have.get(name) for name in wanted} == wanted


def test_what_is_left_out_is_imported_by_no_backend_and_not_by_a_training() -> None:
    """Everything else that a path imports is seen by the tests of that path, which run in this environment."""
    modules = sorted(path.stem for path in (ROOT / "cli_tuner/backends").glob("*.py") if path.stem not in ("__init__",))
    code = (
        "import sys, importlib\n"
        f"for name in {modules}: importlib.import_module('cli_tuner.backends.' + name)\n"
        "import axolotl.cli.train, axolotl.core.builders.causal, axolotl.loaders\n"
        "from importlib.metadata import packages_distributions as owners\n"
        "found = owners()\n"
        "print(sorted({owner for name in {m.split('.')[0] for m in sys.modules} for owner in found.get(name, [])}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    imported = {stamp.normalised(name) for name in re.findall(r"'([^']+)'", done.stdout.splitlines()[-1])}
    assert {"axolotl", "transformers", "torch"} <= imported and not imported & set(excluded())

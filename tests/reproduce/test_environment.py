"""The environment of a record is made anew: its very versions, nothing else, from where the user takes wheels."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cli_tuner.errors import LaunchError, PrerequisiteError, ProvenanceError
from cli_tuner.provenance.environment import installed, machine
from cli_tuner.records.training import TrainingRecord
from cli_tuner.reproduce.environment import LOCK, make_environment


def wheel(folder: Path, version: str) -> None:
    """Build a wheel of one module that says its version."""
    info = f"planted-{version}.dist-info"
    files = {
        "planted.py": f'VERSION = "{version}"\n',
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: planted\nVersion: {version}\nRequires-Dist: nowhere\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {name: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()) for name, text in files.items()}
    listed = [f"{name},sha256={digests[name].decode().rstrip('=')},{len(text)}" for name, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*listed, f"{info}/RECORD,,", ""])
    with zipfile.ZipFile(folder / f"planted-{version}-py3-none-any.whl", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    for version in ("1.0", "2.0"):
        wheel(folder, version)
    for name, value in {"FIND_LINKS": str(folder), "NO_INDEX": "1"}.items():
        monkeypatch.setenv(f"UV_{name}", value)
        monkeypatch.setenv(f"PIP_{name}", value)
    return folder


def record(version: str, **changes: object) -> TrainingRecord:
    found = {"planted": version, "cli-tuner": "0.1.0"}
    return TrainingRecord.parse({"subjects": {}, "distributions": found, "machine": machine(), **changes})


def asked(python: Path) -> list[str]:
    code = "import planted, cli_tuner, importlib.metadata as m; print(planted.VERSION, cli_tuner.__file__)"
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("by", ["uv", "pip"])
def test_the_recorded_version_is_installed_and_nothing_newer(
    by: str, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by == "uv" and shutil.which("uv") is None:
        pytest.skip("uv is not installed")
    if by == "pip":
        monkeypatch.setenv("PATH", "/nonexistent")
    told: list[str] = []
    python = make_environment(record("1.0"), tmp_path, told.append)
    version, ours = asked(python)
    assert version == "1.0" and Path(ours).is_relative_to(tmp_path)
    assert (tmp_path / LOCK).read_text() == "planted==1.0\n"
    assert told and "1 distributions" in told[0]


def test_a_version_that_nobody_has_is_named(wheels: Path, tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="cannot be made") as caught:
        make_environment(record("3.0"), tmp_path, lambda _: None)
    assert "environment.log" in str(caught.value.hint)
    assert "planted==3.0" in (tmp_path / "environment.log").read_text()


def test_a_record_that_does_not_name_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProvenanceError, match="every distribution"):
        make_environment(record("1.0", distributions={}), tmp_path, lambda _: None)
    assert list(tmp_path.iterdir()) == []


def test_another_line_of_python_needs_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(PrerequisiteError, match=r"trained with Python 3\.9"):
        make_environment(record("1.0", machine={"python": "3.9.1"}), tmp_path, lambda _: None)


def test_what_is_installed_is_every_distribution_by_its_normalised_name() -> None:
    found = installed()
    assert {"pydantic", "cli-tuner", "typer"} <= found.keys()
    assert all(name == name.lower() and "_" not in name for name in found)
    assert sys.version_info >= (3, 10)

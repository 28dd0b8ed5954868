import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli_tuner.errors import PrerequisiteError
from cli_tuner.install import start


@pytest.mark.parametrize("system", ["darwin", "win32", "freebsd14"])
def test_a_system_without_wheels_is_refused(system: str) -> None:
    with pytest.raises(PrerequisiteError, match="needs Linux"):
        start.check_system(system)


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_python_without_venv_is_refused_unless_uv_is_there(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "find_spec", lambda name: None if name == missing else object())
    with pytest.raises(PrerequisiteError, match=f"has no {missing} module") as told:
        start.check_venv_module(None)
    assert "python3-venv" in told.value.hint
    start.check_venv_module("/usr/bin/uv")


def test_too_little_disk_names_what_is_needed_and_what_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda where: SimpleNamespace(free=1.24e9))
    with pytest.raises(PrerequisiteError, match=r"has 1\.2 GB free; the installation needs 4\.5 GB"):
        start.check_disk(tmp_path / "a" / "b", start.bytes_needed(full=True, cuda=False))
    start.check_disk(tmp_path, 1e9)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start.os, "access", lambda *_: False)
    with pytest.raises(PrerequisiteError, match="is not writable"):
        start.check_disk(tmp_path / ".venv", 1)

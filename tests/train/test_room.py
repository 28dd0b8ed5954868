"""What a training writes is tried before anything is loaded."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli_tuner.config.load import Config, load
from cli_tuner.errors import ConfigError, PrerequisiteError
from cli_tuner.train.room import bytes_needed, check_hub, check_room

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))


def full(*overrides: str) -> Config:
    return load(REPOSITORY / "configs/full.yaml", list(overrides))


def test_a_new_folder_is_made_and_left_empty() -> None:
    check_room(full(), Path("models/checkpoints/new"))
    assert list(Path("models/checkpoints").iterdir()) == []


def test_a_file_as_parent_is_refused() -> None:
    Path("models").touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        check_room(full(), Path("models/checkpoints/new"))


def test_a_file_system_that_takes_no_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(ConfigError, match="Read-only file system"):
        check_room(full(), Path("models/checkpoints/new"))


def test_too_little_disk_for_the_checkpoints_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = bytes_needed(full())
    assert needed is not None
    assert needed > 1e8
    for free, refused in ((needed - 1, True), (needed + 1, False)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        if refused:
            with pytest.raises(PrerequisiteError, match="GB free, and the checkpoints need"):
                check_room(full(), Path("models/checkpoints/new"))
        else:
            check_room(full(), Path("models/checkpoints/new"))


def test_a_shape_that_is_not_known_is_not_guessed() -> None:
    assert bytes_needed(full("base_model=someone/unheard-of-7")) is None


def test_a_push_to_a_hub_that_is_switched_off_or_without_a_token_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    check_hub(full())
    pushing = full("hub_model_id=me/mine")
    with pytest.raises(PrerequisiteError, match="no token"):
        check_hub(pushing)
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    check_hub(pushing)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(PrerequisiteError, match="HF_HUB_OFFLINE"):
        check_hub(pushing)

"""The bytes of a base model are found where they are, in a folder or in a revision of the hub's cache, and named."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_tuner.files import sha256_text
from cli_tuner.provenance.base import base_digests, snapshot
from cli_tuner.provenance.manifest import changed

REVISION = "a" * 40


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model in the hub's cache: files are links to blobs outside of the snapshot."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    repository = tmp_path / "hub/models--me--mine"
    folder = repository / "snapshots" / REVISION
    folder.mkdir(parents=True)
    (repository / "blobs").mkdir()
    (repository / "blobs/x").write_text("weights")
    (folder / "model.safetensors").symlink_to(repository / "blobs/x")
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text(REVISION)
    return folder


def test_a_cached_model_has_digests_and_zeroed_bytes_are_noticed(cached: Path) -> None:
    assert snapshot("me/mine") == snapshot("me/mine", REVISION) == cached
    recorded = base_digests("me/mine", REVISION)
    assert recorded == {"model.safetensors": sha256_text("weights")}
    assert changed(cached, recorded, links=True) == []
    (cached.parents[1] / "blobs/x").write_bytes(bytes(7))
    assert changed(cached, recorded, links=True) == ["model.safetensors"]


@pytest.mark.parametrize(("name", "revision"), [("me/other", None), ("me/mine", "b" * 40), ("me/mine", "../../x")])
def test_what_is_not_here_is_unknown_not_something_else(cached: Path, name: str, revision: str | None) -> None:
    assert snapshot(name, revision) is None
    assert base_digests(name, revision) is None


def test_a_folder_is_its_own_place(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert snapshot(str(tmp_path)) == tmp_path
    assert base_digests(str(tmp_path), None) == {"config.json": sha256_text("{}")}

"""A manifest finds every change: one flipped bit, a missing file; and names nothing outside its folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.errors import ProvenanceError
from cli_tuner.provenance.manifest import RECORD_NAME, changed, digests


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "below/deep").mkdir(parents=True)
    (tmp_path / "weights.bin").write_bytes(bytes(range(256)))
    (tmp_path / "below/deep/config.json").write_text("{}")
    (tmp_path / RECORD_NAME).write_text("{}")
    return tmp_path


def test_a_manifest_lists_every_file_but_itself_with_what_sha256sum_prints(folder: Path) -> None:
    assert digests(folder) == {
        "below/deep/config.json": hashlib.sha256(b"{}").hexdigest(),
        "weights.bin": hashlib.sha256(bytes(range(256))).hexdigest(),
    }


def test_files_that_are_left_out_are_left_out_by_name_from_the_folder(folder: Path) -> None:
    (folder / "below/weights.bin").touch()
    assert set(digests(folder, leave_out=("weights.bin",))) == {
        RECORD_NAME, "below/deep/config.json", "below/weights.bin",
    }  # fmt: skip


def test_what_nobody_touched_has_not_changed(folder: Path) -> None:
    assert changed(folder, digests(folder)) == []


@given(at=st.integers(0, 255), bit=st.integers(0, 7))
def test_one_flipped_bit_is_found(tmp_path_factory: pytest.TempPathFactory, at: int, bit: int) -> None:
    folder = tmp_path_factory.getbasetemp() / "flipped"
    folder.mkdir(exist_ok=True)
    content = bytearray(range(256))
    (folder / "w").write_bytes(content)
    (folder / "other").touch()
    expected = digests(folder)
    content[at] ^= 1 << bit
    (folder / "w").write_bytes(content)
    assert changed(folder, expected) == ["w"]


def test_a_missing_file_and_one_that_became_a_folder_are_found(folder: Path) -> None:
    expected = digests(folder)
    (folder / "weights.bin").unlink()
    (folder / "below/deep/config.json").unlink()
    (folder / "below/deep/config.json").mkdir()
    assert changed(folder, expected) == ["below/deep/config.json", "weights.bin"]


def test_a_file_that_came_later_is_no_change_of_what_was_recorded(folder: Path) -> None:
    expected = digests(folder)
    (folder / "new").touch()
    assert changed(folder, expected) == []


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "below/../../secret", "link"])
def test_a_record_that_names_a_file_outside_is_refused(folder: Path, name: str) -> None:
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(ProvenanceError, match="outside the folder"):
        changed(folder, {name: "0" * 64})

"""A path holds its earlier bytes or the whole new ones; what is written reads back; digests are sha256sum's."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner import files
from cli_tuner.errors import CliTunerError, DataError
from cli_tuner.files import (
    atomic_write,
    dump_json,
    read_json,
    read_jsonl,
    sha256_file,
    sha256_text,
    write_json,
    write_jsonl,
    write_text,
)

NO_SPACE = OSError(errno.ENOSPC, "No space left on device")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def fail(*_: Any, **__: Any) -> Any:
    raise NO_SPACE


@pytest.mark.parametrize("place", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.chmod", "pathlib.Path.mkdir"])
@pytest.mark.parametrize("before", [None, "the earlier bytes"])
def test_a_write_that_the_disk_refuses_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, before: str | None
) -> None:
    path = tmp_path / "file.json"
    if before is not None:
        path.write_text(before)
    monkeypatch.setattr(place, fail)
    with pytest.raises(CliTunerError, match="No space left on device") as caught:
        write_text(path, "new")
    monkeypatch.undo()
    assert str(path) in caught.value.message
    assert caught.value.hint
    assert [one.name for one in tmp_path.iterdir()] == ([] if before is None else ["file.json"])
    assert before is None or path.read_text() == before


@pytest.mark.parametrize("error", [NO_SPACE, ValueError("incomplete"), KeyboardInterrupt()])
def test_a_write_that_dies_halfway_leaves_what_was_there(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "file"
    path.write_text("the earlier bytes")
    with pytest.raises(BaseException) as caught, atomic_write(path) as handle:
        handle.write("half of the new ")
        handle.flush()
        raise error
    assert isinstance(caught.value, CliTunerError if error is NO_SPACE else type(error))
    assert path.read_text() == "the earlier bytes"
    assert list(tmp_path.iterdir()) == [path]


def test_rows_that_stop_with_an_error_leave_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_jsonl(path, [{"a": 1}])

    def rows() -> Iterator[dict[str, Any]]:
        yield {"a": 2}
        raise DataError("the source broke")

    with pytest.raises(DataError, match="the source broke"):
        write_jsonl(path, rows())
    assert list(read_jsonl(path)) == [{"a": 1}]


def test_nobody_sees_the_new_bytes_before_they_are_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    seen: list[tuple[str, str]] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(files.os, "fsync", lambda fd: (seen.append(("fsync", path.read_text())), fsync(fd)))
    monkeypatch.setattr(Path, "replace", lambda a, b: (seen.append(("replace", path.read_text())), replace(a, b)))
    write_text(path, "new")
    assert seen == [("fsync", "old"), ("replace", "old")]
    assert path.read_text() == "new"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_a_file_gets_the_mode_that_open_would_give(tmp_path: Path, umask: int, mode: int) -> None:
    earlier = os.umask(umask)
    try:
        write_text(tmp_path / "file", "x")
        assert os.umask(umask) == umask
    finally:
        os.umask(earlier)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_folders_are_made_and_newlines_are_kept_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a/b/c.txt"
    write_text(path, "one\ntwo\r\n")
    assert path.read_bytes() == b"one\ntwo\r\n"


def test_a_folder_in_the_place_of_the_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there/kept").touch()
    with pytest.raises(CliTunerError, match="there: cannot be written"):
        write_text(tmp_path / "there", "x")
    assert [path.name for path in tmp_path.rglob("*")] == ["there", "kept"]


@given(value=json_values)
def test_json_reads_back_as_it_was_even_with_half_a_surrogate_pair(
    tmp_path_factory: pytest.TempPathFactory, value: Any
) -> None:
    path = tmp_path_factory.getbasetemp() / "value.json"
    write_json(path, value)
    assert read_json(path) == value
    assert write_jsonl(path, [{"v": value}, {"w": 1}]) == 2
    assert list(read_jsonl(path)) == [{"v": value}, {"w": 1}]


@given(value=st.dictionaries(st.text(max_size=5), st.integers()))
def test_equal_content_is_equal_bytes(value: dict[str, int]) -> None:
    assert dump_json(value) == dump_json(dict(reversed(value.items())))
    assert dump_json(value).endswith("\n")


def test_json_that_others_cannot_read_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        write_json(tmp_path / "x.json", {"loss": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_readable_text_is_not_escaped(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "x", [{"instruction": "größer als 10 → löschen"}])
    assert "größer als 10 → löschen" in (tmp_path / "x").read_text("utf-8")


BROKEN = {
    "not JSON": b"{",
    "not UTF-8": b'{"a": "\xff"}',
    "nested too deeply": b"[" * 100_000,
    "a number of 5000 digits": b"1" * 5000,
    "a byte order mark": b"\xef\xbb\xbf{}",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("read", [read_json, lambda path: list(read_jsonl(path))], ids=["json", "jsonl"])
def test_a_file_that_cannot_be_read_is_a_data_error_that_names_it(
    tmp_path: Path, read: Callable[[Path], Any], content: bytes
) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"broken\.json"):
        read(path)


@pytest.mark.parametrize("read", [read_json, lambda path: list(read_jsonl(path))], ids=["json", "jsonl"])
def test_a_missing_file_and_a_folder_are_data_errors(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    with pytest.raises(DataError, match="no such file"):
        read(tmp_path / "nowhere")
    with pytest.raises(DataError, match="not readable"):
        read(tmp_path)


@pytest.mark.parametrize("line", ["{", "[1]", "7", "null", '"text"', "[" * 100_000])
def test_a_broken_line_is_named_by_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"a": 1}}\n\n{line}\n{{"a": 2}}\n')
    rows = read_jsonl(path)
    assert next(rows) == {"a": 1}
    with pytest.raises(DataError, match=r"rows\.jsonl:3: "):
        next(rows)


def test_a_line_separator_inside_text_ends_no_line(tmp_path: Path) -> None:
    rows = [{"a": "one\u2028two\x85three\x0b"}, {"b": "c"}]
    write_jsonl(tmp_path / "x", rows)
    assert list(read_jsonl(tmp_path / "x")) == rows


@given(content=st.binary(max_size=200), at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_one_flipped_bit_changes_the_digest(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, at: int, bit: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes"
    path.write_bytes(content)
    digest = sha256_file(path)
    assert digest == hashlib.sha256(content).hexdigest()
    with path.open("rb") as handle:
        assert files._sha256(handle) == digest
    if content:
        flipped = bytearray(content)
        flipped[at % len(content)] ^= 1 << bit
        path.write_bytes(flipped)
        assert sha256_file(path) != digest


@given(text=st.text(st.characters(exclude_categories=[])))
def test_any_text_has_a_digest(text: str) -> None:
    assert len(sha256_text(text)) == 64
    if text.isascii():
        assert sha256_text(text) == hashlib.sha256(text.encode()).hexdigest()


def test_paths_in_json_are_written_as_text(tmp_path: Path) -> None:
    assert json.loads(dump_json({"path": tmp_path})) == {"path": str(tmp_path)}

"""Rows are told back as they were written, up to where a run goes on; a record that was cut short shows nothing."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.runs.rows import RECORD_BYTES, RowLoss, append, cut, file_of, read, row_name

RECORDS = st.lists(
    st.builds(
        RowLoss,
        step=st.integers(0, 2**32 - 1),
        row=st.integers(0, 2**64 - 1),
        n_tokens=st.integers(0, 2**31 - 1),
        loss=st.floats(width=32, allow_nan=False),
        shared=st.booleans(),
    ),
    max_size=20,
)


@given(RECORDS)
def test_what_is_written_is_read(tmp_path_factory: object, records: list[RowLoss]) -> None:
    folder = Path(tmp_path_factory.mktemp("rows"))  # type: ignore[attr-defined]
    append(file_of(folder, 0), records)
    assert list(read(folder)) == records
    assert file_of(folder, 0).stat().st_size == len(records) * RECORD_BYTES


def some(*steps: int) -> list[RowLoss]:
    return [RowLoss(step, step * 10, 3, 1.5) for step in steps]


def test_all_processes_are_read_and_cut(tmp_path: Path) -> None:
    for rank in range(2):
        append(file_of(tmp_path, rank), some(1, 1, 2, 3, 3))
    assert [one.step for one in read(tmp_path, [3])] == [3, 3, 3, 3]
    cut(tmp_path, 2)
    assert [one.step for one in read(tmp_path)] == [1, 1, 2, 1, 1, 2]
    cut(tmp_path, -1)
    assert list(read(tmp_path)) == []


def test_a_record_that_was_cut_short_is_not_read_and_the_next_follows_whole_ones(tmp_path: Path) -> None:
    path = file_of(tmp_path, 0)
    append(path, some(1, 2))
    path.write_bytes(path.read_bytes()[:-3])
    assert [one.step for one in read(tmp_path)] == [1]
    append(path, some(3))
    assert [one.step for one in read(tmp_path)] == [1, 3]


def test_a_row_is_named_by_tokens_and_by_what_is_trained() -> None:
    assert row_name(b"ab", b"c") != row_name(b"ab", b"d")
    assert 0 <= row_name(b"", b"") < 2**64

"""Heads that a proxy could read differently are refused, and every right one passes, however it is cut into packets."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.backends.server_run import Heads

GOOD = b"POST /v1/x HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello"
CHUNKED = b"POST /v1/x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


def wrong(data: bytes, cuts: tuple[int, ...] = ()) -> bool:
    heads, places = Heads(), [0, *sorted(cuts), len(data)]
    return any(heads.are_wrong(data[start:end]) for start, end in pairwise(places))


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\nhost: a\n\n",
        b"GET / HTTP/1.1\r\nhost: a\nx: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nx: y\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nx: y\r\n\tfolded\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding : chunked\r\nContent-Length: 5\r\n\r\n",
    ],
)
@pytest.mark.parametrize("before", [b"", GOOD, GOOD + GOOD])
def test_what_could_hide_a_request_is_refused(head: bytes, before: bytes) -> None:
    assert wrong(before + head)


@given(st.sets(st.integers(0, 2 * len(GOOD))))
def test_right_requests_pass_wherever_they_are_cut(cuts: set[int]) -> None:
    assert not wrong(GOOD + GOOD, tuple(cuts))
    assert not wrong(CHUNKED, tuple(cut for cut in cuts if cut <= len(CHUNKED)))


def test_a_body_may_hold_what_a_head_may_not() -> None:
    assert not wrong(b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\n{\n \n\t\r\n}" + GOOD)

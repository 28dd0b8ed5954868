"""A source that cannot be read says what to do about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cli_tuner.errors import DataError
from cli_tuner.prepare.run import Outcome
from tests.prepare.conftest import pairs

Run = Callable[..., Outcome]
PAIRS = [(row["instruction"], row["command"]) for row in pairs(20)]


def lines(*rows: str) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()


@pytest.mark.parametrize(
    ("name", "content", "hint"),
    [
        ("rows.csv", lines("nl^bash", *(f"{i}^{c}" for i, c in PAIRS)), "delimiter: '^'"),
        ("rows.csv", lines("# exported today", "nl;bash", *(f"{i};{c}" for i, c in PAIRS)), "has to be the header"),
        ("rows.csv", lines(*(f'"{i}",{c}' for i, c in PAIRS)), "has to be the header"),
        ("rows.csv", "nl,bash\n列出,ls\n日期,date\n用户,who\n".encode("gbk"), "encoding: gbk"),
        ("rows.jsonl", lines(*(repr({"nl": i, "bash": c}) for i, c in PAIRS)), "one JSON object, in double quotes"),
        ("rows.jsonl", lines(*(json.dumps([i, c]) for i, c in PAIRS)), "an object with named columns"),
        ("rows.csv", lines("nl,bash", *(f'"say \\"{i}\\"","{c}"' for i, c in PAIRS)), "doubled quotes"),
    ],
    ids=["delimiter", "line before the header", "no header", "encoding", "Python's quotes", "lists", "escapes"],
)
def test_the_hint_names_the_edit(run: Run, tmp_path: Path, name: str, content: bytes, hint: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as raised:
        run(path)
    assert hint in raised.value.hint


def test_a_command_with_an_escaped_quote_is_no_escaped_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    rows = [f'{i},{c} \\"{n}\\"' for n, (i, c) in enumerate((i.replace(",", ""), c) for i, c in PAIRS)]
    path.write_bytes(lines("nl,bash", *rows))
    assert run(path).provenance["gates"]["kept"] == 20
